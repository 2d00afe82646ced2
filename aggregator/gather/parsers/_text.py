"""Length limits and small repairs of texts, shared by all formats."""

import html
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html.entities import html5
from urllib.parse import urljoin

from aggregator.core.model import Author
from aggregator.text.scheme import with_scheme

MAX_TITLE_CHARACTERS = 1_000
MARKUP_SEARCH_CHARACTERS = 2_000  # searched for markup
MAX_TEXT_CHARACTERS = 1_000_000
MAX_URL_CHARACTERS = 8_000
MAX_NAME_CHARACTERS = 300
MAX_ITEMS = 100  # categories, enclosures, authors of one entry

_ADDRESS = re.compile(r"[^\s@<>()\"',;:]{1,100}@[^\s@<>()\"',;:]{1,200}")
# An end tag, or a void element: plain text contains neither.
_MARKUP = re.compile(
    r"</[a-z][a-z0-9]{0,9}\s{0,9}>|<(?:br|img|hr|wbr)(?=[\s/>])[^<>]{0,2000}>", re.IGNORECASE
)
# Elements of HTML bodies; any other word in angle brackets is text.
_HTML = frozenset(
    "a abbr acronym address article aside audio b base bdi bdo big blockquote body br button caption"
    " center cite code col colgroup dd del details dfn dir div dl dt em embed fieldset figcaption"
    " figure font footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd"
    " label legend li link main map mark math menu meta nav noscript object ol option p param picture"
    " pre q rp rt ruby s samp script section select small source span strike strong style sub summary"
    " sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video"
    " wbr".split()
)
_VOID = frozenset(("br", "hr", "img", "wbr", "input", "source", "embed"))
_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]{0,40})((?:\s[^<>]{0,2000})?)/?>")
_LETTER = re.compile(r"&(?:#\d{2,7};|#[xX][0-9a-fA-F]{2,6};|([a-zA-Z]{2,31}\d{0,2};))")


def cut(text: str | None, most: int = MAX_NAME_CHARACTERS) -> str:
    """Return the stripped text, `most` characters at most; '' for None."""
    short = text.strip() if text else ""
    return short if len(short) <= most else short[:most].rstrip()


def line(text: str | None, most: int = MAX_TITLE_CHARACTERS) -> str:
    """Return the text on one line, white space collapsed, `most` characters at most."""
    return " ".join(text[: most * 4].split())[:most] if text else ""


def address(text: str | None, base: str = "") -> str:
    """Return a URL without stray whitespace, absolute if there is a base; '' if it is too long."""
    url = text.strip() if text else ""
    if not url or len(url) > MAX_URL_CHARACTERS:
        return ""
    if "\n" in url or "\t" in url or "\r" in url:
        url = "".join(part.strip() for part in url.splitlines()).replace("\t", "")
    if url.startswith(("https://", "http://")):
        return url
    if url[:3].lower() == "www":
        url = with_scheme(url, base)
    if not base:
        return url
    try:
        return urljoin(base, url)
    except ValueError:  # brackets that are not an IPv6 address
        return url


def looks_like_html(text: str) -> bool:
    """Return whether a text of undeclared type contains HTML tags or character references."""
    if "<" in text and _MARKUP.search(text[:MARKUP_SEARCH_CHARACTERS]):
        return True
    return "&" in text and any(
        not found[1] or found[1] in html5
        for found in _LETTER.finditer(text[:MARKUP_SEARCH_CHARACTERS])
    )


def contains_html(text: str) -> bool:
    """Return whether a text that should be plain is certainly HTML.

    A tag surrounded by spaces is only mentioned; one adjacent to text is markup. A word in angle
    brackets that is not an HTML element (<job_id>) makes the text plain, unless a pair of tags
    encloses all of it.
    """
    opened: set[str] = set()
    meant = unknown = False
    for found in _TAG.finditer(text, 0, MARKUP_SEARCH_CHARACTERS * 10):
        name = found[2].lower()
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        alone = before in (" ", "\t") and after in (" ", "\t")
        if name not in _HTML:
            unknown = unknown or not (":" in name or {"svg", "math"} & opened)
        elif name in _VOID:
            meant = meant or not alone
        elif found[1]:
            meant = meant or (name in opened and before not in ("", " ", "\t"))
        elif not alone:
            opened.add(name)
    return meant and (not unknown or _is_wrapped(text))


def _is_wrapped(text: str) -> bool:
    start, end = _TAG.match(text), text.rfind("</")
    last = _TAG.fullmatch(text, end) if end >= 0 else None
    return bool(start and last and {start[2].lower(), last[2].lower()} <= _HTML)


def as_html(text: str) -> str:
    """Return plain text as equivalent HTML."""
    return html.escape(text, quote=False).replace("\n", "<br>\n")


def flat(markup: str) -> str:
    """Return the text of a short piece of HTML on one line."""
    return line(html.unescape(re.sub(r"<[^<>]{0,1000}>", "", markup)))


def person(text: str | None) -> Author | None:
    """Parse an author as in RSS: `a@b (Name)`, `Name <a@b>`, only a name or only an e-mail."""
    written = line(text, MAX_NAME_CHARACTERS)
    return _person(written) if written else None


@lru_cache(maxsize=1_024)  # the same few people write all entries of a feed
def _person(written: str) -> Author:
    found = _ADDRESS.search(written) if "@" in written else None
    if not found:
        return Author(name=written)
    rest = written.replace(found[0], "", 1).replace("mailto:", "")
    name = rest.strip(" ()<>[]\"',;:-")
    return Author(name=name, email=found[0])


def authors(found: Sequence[Author | None]) -> tuple[Author, ...]:
    """Return each author once, in order; authors without a name only if none has one."""
    if len(found) == 1 and found[0] is not None and found[0].name:
        return (found[0],)
    seen: dict[str, Author] = {}
    for author in found:
        if author is not None:
            seen.setdefault((author.name or author.email or author.url).casefold(), author)
    named = [author for author in seen.values() if author.name]
    return tuple((named or [author for key, author in seen.items() if key])[:MAX_ITEMS])


def words(found: Iterable[str | None]) -> tuple[str, ...]:
    """Return each non-blank word once, in order, bounded in length and number."""
    seen: dict[str, None] = {}
    for word in found:
        if word and (short := line(word, MAX_NAME_CHARACTERS)):
            seen.setdefault(short)
            if len(seen) >= MAX_ITEMS:
                break
    return tuple(seen)
