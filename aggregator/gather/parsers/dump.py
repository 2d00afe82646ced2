"""Parse a dump: one entry as text: a timestamp, a linked title, a rule (---), and HTML."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Document, FeedInfo, ParsedFeed, RawEntry
from aggregator.gather.parsers import _front_matter, _text
from aggregator.text import dates
from aggregator.text.charset import decode

_TIMESTAMP: Final = re.compile(r"<!--[^\S\n]*([^\n]{0,60}?)[^\S\n]*-->")
_RULE: Final = re.compile(r"^[^\S\n]*-{3,200}[^\S\n]*$", re.MULTILINE)
_MIDDLE: Final = re.compile(r"\]\s{0,9}\(\s{0,9}(?=<?(?:https?:|//|/|feed:))", re.IGNORECASE)
_MAX_HEAD_CHARACTERS = 20_000  # searched for the title and its link


def accepts(document: Document) -> bool:
    """Return whether the start looks like a dump: a timestamp, a linked title, or front matter."""
    head = document.content[:4_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"<!--", b"[")):
        return re.match(rb"(?:<!--[^>\n]{0,60}-->\s*)?\[[^\x00]{0,3000}?\]\s*\(", head) is not None
    return head.startswith(b"---") and _front_matter.split(head.decode("utf-8", "replace"))[0] != {}


def parse(document: Document) -> ParsedFeed:
    """Parse the one entry of a dump; raise ParseError if it is empty, NotAFeed if it is no dump."""
    text = decode(document.content, content_type=document.content_type)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front, rest = _front_matter.split(text.lstrip())
    entry = _entry(document, front, rest.lstrip())
    if not entry.title and not entry.link:
        if not entry.content:
            raise ParseError("the dump is empty")
        raise NotAFeed("the document is not a dump: it does not begin with a linked title")
    return ParsedFeed(info=FeedInfo(), entries=(entry,))


def _entry(document: Document, front: Mapping[str, tuple[str, ...]], rest: str) -> RawEntry:
    """Combine the head of the dump with the front matter, which fills gaps."""
    stamp, rest = _timestamp(rest)
    title, link, body = _head(rest, bare=not front)
    link = _text.address(link or _front_matter.first(front, "link"), document.url)
    written = _front_matter.first(front, "title")
    return RawEntry(
        where=document.name,
        link=link,
        base=link or document.url,
        title=_text.line(title or written),
        title_is_html=_text.looks_like_html(title or written),
        content=body.strip()[: _text.MAX_TEXT_CHARACTERS],
        authors=_text.authors([_text.person(name) for name in front.get("author", ())]),
        categories=_text.words(front.get("category", ())),
        image=_text.address(_front_matter.first(front, "image"), link),
        published=_front_matter.first(front, "date") or _front_matter.first(front, "updated"),
        updated=_front_matter.first(front, "updated"),
        gathered=stamp,
        language=_front_matter.first(front, "language"),
    )


def _timestamp(text: str) -> tuple[datetime | None, str]:
    """Return the timestamp, None if it is missing or invalid, and the text after it."""
    found = _TIMESTAMP.match(text)
    if not found:
        return None, text
    return dates.parse(found[1]), text[found.end() :].lstrip()


def _head(text: str, *, bare: bool) -> tuple[str, str, str]:
    """Return title, link and body; the head ends with a rule or with the line of the link.

    Without a linked title everything is body. In a `bare` dump, one without front matter, a text
    above a rule is the title.
    """
    rule = _RULE.search(text[:_MAX_HEAD_CHARACTERS])
    head = text[: rule.start()] if rule else ""
    linked = _linked(head.strip()) if rule else None
    if rule and linked:
        return *linked, text[rule.end() :]
    first, _, rest = text.partition("\n")
    linked = _linked(first.strip())
    if linked:
        return *linked, rest
    if rule and bare and head.strip() and len(head) <= _text.MAX_TITLE_CHARACTERS:
        return head.strip(), "", text[rule.end() :]
    return "", "", text


def _linked(head: str) -> tuple[str, str] | None:
    """Parse `[title](link)`; both parts may contain brackets and line breaks."""
    if not (head.startswith("[") and head.endswith(")")):
        return None
    middles = list(_MIDDLE.finditer(head))
    if middles:
        start, end = middles[-1].span()
        return head[1:start], head[end:-1].strip().strip("<>")
    at = head.rfind("](")
    return (head[1:at], head[at + 2 : -1].strip()) if at > 0 else None
