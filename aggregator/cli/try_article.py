"""Takes the article from a page, and presents what was taken and why."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aggregator.cli import file_arguments
from aggregator.cli.output import iso
from aggregator.core.errors import NotAnArticle
from aggregator.core.model import Document, Fetched, Source, Validators
from aggregator.core.pages import Article
from aggregator.core.ports import PageFetcher
from aggregator.core.settings import CleanOptions, FetchSettings, FullText
from aggregator.gather.articles.article import Wanted, read_article
from aggregator.gather.articles.article_gatherer import page_source
from aggregator.gather.articles.page_source import MAX_PAGE_BYTES
from aggregator.gather.articles.robots import PRODUCT, Robots
from aggregator.gather.cleaning import text_blocks
from aggregator.text.urls import is_web

Row = dict[str, Any]


def page_of(value: str, base: str, settings: FetchSettings, options: FullText) -> Document:
    """Return the page of a URL, fetched under the rules of sources, or of a file."""
    if is_web(value):
        return asyncio.run(_fetch(value, settings, options))
    with file_arguments.opened(Path(value)) as file:
        return Document(name=value, content=file.read(MAX_PAGE_BYTES + 1), url=base)


async def _fetch(url: str, settings: FetchSettings, options: FullText) -> Document:
    from aggregator.bootstrap import now  # noqa: PLC0415
    from aggregator.gather.fetchers import open_fetchers  # noqa: PLC0415

    fetchers = open_fetchers(settings)
    try:
        pages = fetchers["feed"]
        assert isinstance(pages, PageFetcher)  # noqa: S101  for the type checker
        robots = Robots(pages, settings.user_agent or PRODUCT, now)
        source = page_source(Source(id="page", url=url), url, options)
        fetched = await pages.fetch_page(source, Validators(), robots.permit)
        assert isinstance(fetched, Fetched)  # noqa: S101  the request was not conditional
        return fetched.documents[0]
    finally:
        await fetchers.close()


def read(document: Document, title: str, options: FullText, clean: CleanOptions) -> Row:
    """Return what is taken from a page: {outcome, …}, with `reason` if there is no whole text."""
    wanted = Wanted(title=title, options=options, clean=clean)
    try:
        return _taken(read_article(document, wanted))
    except NotAnArticle as error:
        return {"outcome": "none", "url": document.url, "reason": str(error)}


def _taken(article: Article) -> Row:
    return {
        "outcome": "ok",
        "url": article.url,
        "taken": article.taken,
        "title": article.title,
        "canonical": article.canonical,
        "authors": [one.name for one in article.authors],
        "published": iso(article.published, "auto") if article.published else None,
        "image": article.image,
        "language": article.language,
        "letters": article.letters,
        "removed": list(article.removed),
        "text": text_blocks.texts(article.html),
        "html": article.html,
    }


def in_words(reply: Row) -> Iterator[str]:
    """Yield the result as lines of text."""
    if reply["outcome"] != "ok":
        yield f"no whole text: {reply['reason']}"
        return
    yield f"taken by {reply['taken']}: {reply['letters']} characters"
    named = {
        "title": reply["title"],
        "link": reply["canonical"],
        "authors": ", ".join(reply["authors"]),
        "date": reply["published"],
        "image": reply["image"],
        "language": reply["language"],
        "removed": ", ".join(reply["removed"]),
    }
    for name, value in named.items():
        yield f"  {name:9}{value or '-'}"
    for block in reply["text"]:
        yield ""
        yield block
