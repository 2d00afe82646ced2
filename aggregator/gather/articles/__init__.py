"""Whole texts: fetches the page of an entry, takes its article and lays it over the entry.

`read_article` is pure and runs in the pool: the bytes of a page become an `Article`, or `NoArticle`
says why the teaser stays. `ArticleGatherer` does the rest: which pages, robots.txt, retries.
"""
