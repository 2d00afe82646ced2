"""Whole texts: 87 pages of 29 layouts, Chinese and English; five layouts are kept back."""

import pytest

from aggregator.core.model import Document
from aggregator.core.pages import Article
from aggregator.gather.articles.article import Wanted, read_article
from tests.quality.article_pages import KEPT_BACK, LAYOUTS, Page, pages, shares

_KEPT, _CLUTTER = 0.99, 0.02  # means over all pages
_WORST_KEPT = 0.9
_ODD = {
    "forum": 0.4
}  # layouts whose clutter looks like text: replies in the form of the first post


def read(page: Page) -> Article:
    document = Document(name=page.name, content=page.html, url=page.url, content_type="text/html")
    return read_article(document, Wanted(title=page.title))


@pytest.mark.parametrize("layouts", [LAYOUTS.keys() - KEPT_BACK, KEPT_BACK], ids=["seen", "kept back"])  # fmt: skip
def test_the_text_is_kept_and_the_clutter_left(layouts: frozenset[str]) -> None:
    found = {page: shares(page, read(page).text) for page in pages() if page.name in layouts}
    kept, clutter = zip(*found.values(), strict=True)
    assert sum(kept) / len(kept) >= _KEPT, found
    assert sum(clutter) / len(clutter) <= _CLUTTER, found
    for page, (share, rest) in found.items():
        assert share >= _WORST_KEPT, (page.name, page.lang)
        assert rest <= _ODD.get(page.name, 0.1), (page.name, page.lang)


def test_there_are_enough_pages() -> None:
    found = list(pages())
    assert len(found) >= 60
    assert len({page.name for page in found}) >= 20
    assert {page.lang for page in found} == {"zh", "en"}
    assert len({page.html for page in found}) == len(found)


def test_pages_are_the_same_every_time() -> None:
    assert [page.html for page in pages()] == [page.html for page in pages()]
