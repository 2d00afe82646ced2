"""What a page says of its article: lead image, authors, date, canonical link, language, access."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from aggregator.core.model import Author
from aggregator.gather.articles.page_source import PageSource, types
from aggregator.gather.cleaning.preamble import split_names
from aggregator.text import dates
from aggregator.text.domains import registrable
from aggregator.text.fold import plain
from aggregator.text.urls import absolute, host, is_web, split

_META_NAMES = ("property", "name", "itemprop")
_AUTHORS = ("author", "article:author", "byl", "parsely-author", "sailthru.author", "dc.creator")
_DATES = (
    *("article:published_time", "og:published_time", "datepublished", "pubdate", "publishdate"),
    *("parsely-pub-date", "sailthru.date", "dc.date.issued", "dc.date", "date", "weibo:article:create_at"),
)  # fmt: skip
_IMAGES = ("og:image:secure_url", "og:image", "twitter:image", "twitter:image:src")
_SIGNATURE = re.compile(r"^(?:by|from|von|par|por|记者|作者|文)[\s:：/]+", re.IGNORECASE)
_MAX_AUTHORS, _MAX_NAME_CHARS = 10, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the head of a page, its structured data and its marked elements say."""

    title: str = ""
    is_article: bool = False  # the page says that it is one
    image: str = ""
    authors: tuple[Author, ...] = ()
    published: datetime | None = None
    canonical: str = ""
    language: str = ""
    is_free: bool = True  # False: the publisher says that the text costs money
    body: str = ""  # the text, if the structured data hold it


def facts(tree: LexborHTMLParser, source: PageSource, url: str) -> Facts:
    """Return what a page says; `url` is its address, which relative ones are resolved against."""
    meta, data = _meta(tree), source.article
    language = _language(tree)
    return Facts(
        title=_title(tree, meta, data),
        is_article=bool(data) or meta.get("og:type", "") == "article",
        image=_image(meta, data, url),
        authors=_authors(tree, meta, data),
        published=_published(tree, meta, data, language),
        canonical=_canonical(tree, meta, url),
        language=language,
        is_free=not any(_costs(one) for one in source.data),
        body=_text(data.get("articleBody")),
    )


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    """Return the first content of each meta element by its name in lower case."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        has = node.attributes
        for key in _META_NAMES:
            if (name := has.get(key)) and (content := (has.get("content") or "").strip()):
                found.setdefault(name.lower(), content[:4000])
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _title(tree: LexborHTMLParser, meta: Mapping[str, str], data: Mapping[str, Any]) -> str:
    head = tree.css_first("title")
    found = (_text(data.get("headline")), meta.get("og:title"), head and head.text())
    return next((plain(one)[:500] for one in found if one and one.strip()), "")


def _language(tree: LexborHTMLParser) -> str:
    root = tree.root
    return plain((root and root.attributes.get("lang")) or "")[:35].replace("_", "-")


def _image(meta: Mapping[str, str], data: Mapping[str, Any], url: str) -> str:
    named = [meta[name] for name in _IMAGES if name in meta]
    for one in (*named, *_urls(data.get("image"))):
        address = absolute(url, one)
        if is_web(address):
            return address
    return ""


def _urls(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        found = one.get("url") if isinstance(one, dict) else one
        if isinstance(found, str):
            yield found


def _authors(
    tree: LexborHTMLParser, meta: Mapping[str, str], data: Mapping[str, Any]
) -> tuple[Author, ...]:
    marked = tree.css("[itemprop=author] [itemprop=name],[rel=author]")
    for found in (
        list(_people(data.get("author"))),
        [meta[name] for name in _AUTHORS if name in meta],
        [node.text() for node in marked[:_MAX_AUTHORS]],
    ):
        names = [name for one in found for name in _names(one)]
        if names:
            return tuple(Author(name=name) for name in dict.fromkeys(names))[:_MAX_AUTHORS]
    return ()


def _people(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and "Organization" not in types(one):
            yield _text(one.get("name"))
        elif isinstance(one, str):
            yield one


def _names(text: str) -> list[str]:
    written = _SIGNATURE.sub("", plain(text))
    if not written or len(written) > 300 or is_web(written) or "@" in written:
        return []
    return [name for name in split_names(written) if 0 < len(name) <= _MAX_NAME_CHARS]


def _published(
    tree: LexborHTMLParser, meta: Mapping[str, str], data: Mapping[str, Any], language: str
) -> datetime | None:
    marked = tree.css("[itemprop=datePublished],time[pubdate]")
    stated = [node.attributes.get("datetime") or node.attributes.get("content") for node in marked]
    named = (meta.get(name) for name in _DATES)
    for one in (_text(data.get("datePublished")), *named, *stated[:5]):
        if one and (moment := dates.parse(one[:100], language=language)):
            return moment
    return None


def _canonical(tree: LexborHTMLParser, meta: Mapping[str, str], url: str) -> str:
    """Return the canonical link of a page if it is a page of the same site."""
    link = tree.css_first("link[rel=canonical][href]")
    for one in ((link and link.attributes.get("href")) or "", meta.get("og:url", "")):
        address = absolute(url, one.strip()) if one.strip() else ""
        same = registrable(host(address)) == registrable(host(url))
        if is_web(address) and same and split(address).path.strip("/"):
            return address
    return ""


def _costs(data: Mapping[str, Any]) -> bool:
    return str(data.get("isAccessibleForFree", "")).lower() in {"false", "http://schema.org/false"}
