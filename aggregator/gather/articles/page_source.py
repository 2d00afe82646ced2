"""The source text of a page, bounded and split: structured data apart, scripts and styles gone."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aggregator.gather.cleaning.sanitize import limit_html, remove_invisible_chars, replace_amp_tags

MAX_PAGE_BYTES = 8_000_000
_RAW = re.compile(r"<(script|style|svg|template)\b([^<>]{0,2000})>?", re.IGNORECASE)
_COMMENT = ("<!--", "-->")
_MAX_DATA_CHARS, _MAX_DATA_BLOCKS = 400_000, 20
_MAX_DATA_NODES = 2_000  # objects of structured data that are looked at
_ARTICLE_TYPE = re.compile(r"Article$|^(?:Blog|Live ?Blog|Social ?Media)?Posting$|^Report$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSource:
    """A page before it is parsed; `data` are the objects of its JSON-LD, outer ones first."""

    html: str
    data: tuple[Mapping[str, Any], ...] = ()

    @property
    def article(self) -> Mapping[str, Any]:
        """The object that describes the article; empty if there is none."""
        found = [one for one in self.data if any(map(_ARTICLE_TYPE.search, types(one)))]
        return max(found, key=lambda one: len(str(one.get("articleBody") or "")), default={})


def split(text: str) -> PageSource:
    """Return the markup without scripts and styles, bounded in size and depth, and the JSON-LD."""
    kept, blocks = _without_raw(_without_comments(text))
    html = limit_html(replace_amp_tags(remove_invisible_chars(kept)))
    objects: list[Mapping[str, Any]] = []
    for block in blocks[:_MAX_DATA_BLOCKS]:
        objects.extend(_objects(block))
    return PageSource(html=html, data=tuple(objects[:_MAX_DATA_NODES]))


def types(data: Mapping[str, Any]) -> list[str]:
    """Return the types of an object of JSON-LD."""
    found = data.get("@type")
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, str)]


def _without_comments(text: str) -> str:
    if _COMMENT[0] not in text:
        return text
    first, *rest = text.split(_COMMENT[0])
    parts = [first]
    for part in rest:
        _, end, after = part.partition(_COMMENT[1])
        parts.append(after if end else "")
    return "".join(parts)


def _without_raw(text: str) -> tuple[str, list[str]]:
    """Return the text without raw elements, and the contents of those that hold JSON-LD."""
    kept: list[str] = []
    blocks: list[str] = []
    at = 0
    while found := _RAW.search(text, at):
        kept.append(text[at : found.start()])
        close = re.compile(f"</{found[1]}\\b[^>]*>?", re.IGNORECASE)
        end = close.search(text, found.end())
        content = text[found.end() : end.start() if end else len(text)]
        if "ld+json" in found[2].lower() and len(content) <= _MAX_DATA_CHARS:
            blocks.append(content)
        if end is None:
            return "".join(kept), blocks
        at = end.end()
    kept.append(text[at:])
    return "".join(kept), blocks


def _objects(block: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of one block of JSON-LD, outer ones first."""
    try:
        value = json.loads(block.strip().strip(";"), strict=False)
    except (ValueError, RecursionError):
        return
    level, seen = [value], 0
    while level and seen < _MAX_DATA_NODES:
        below: list[Any] = []
        for one in level[:_MAX_DATA_NODES]:
            if isinstance(one, dict):
                seen += 1
                yield one
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        level = [one for one in below if isinstance(one, dict | list)]
