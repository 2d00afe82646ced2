"""Repair a document for an XML parser: remove the DTD, resolve entities, escape stray characters."""

import html
import re
import zlib
from html.entities import html5
from itertools import islice
from typing import Final

from aggregator.core.errors import ParseError
from aggregator.gather.parsers._names import NAMESPACES, UNDECLARED

MAX_ATTRIBUTES: Final = 1_000
_HEAD_BYTES: Final = 4_000
_DECLARATION: Final = re.compile(rb"\s*<\?xml\b[^>]{0,500}?>\s*", re.IGNORECASE)
_DOCTYPE: Final = re.compile(rb"<!DOCTYPE\b", re.IGNORECASE)
_ROOT: Final = re.compile(rb"<([A-Za-z_][\w.:-]{0,80})")
_SKIP: Final = re.compile(rb"\s*(?:<!--.*?-->|<\?.*?\?>)", re.DOTALL)
# References to characters that XML forbids, or that were meant as windows-1252.
_REFERENCE: Final = re.compile(
    rb"&#(?:0*(\d|[12]\d|3[01]|1[2-5]\d|5[5-7]\d{3}|6553[45]|\d{7,9})"
    rb"|[xX]0*([01]?[0-9a-fA-F]|7[fF]|[89][0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[eEfF]|[0-9a-fA-F]{6,8}));"
)
_AMPERSAND: Final = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};)|([A-Za-z][A-Za-z0-9]{1,30});)?",
    re.DOTALL,
)
_STRAY_LESS_THAN: Final = re.compile(
    rb"<(?![A-Za-z_/!?])|</(?![A-Za-z_])|<!(?!--|\[CDATA\[|DOCTYPE)|<\?(?![A-Za-z])"
)
_TAG: Final = re.compile(rb"<[A-Za-z_][^<>]{4000,}>")
_PREFIX: Final = re.compile(rb"<([A-Za-z_][\w.-]{0,40}):[A-Za-z_]")
_PREFIXED: Final = re.compile(rb"\s([A-Za-z_][\w.-]{0,40}):[A-Za-z_][\w.-]{0,60}\s*=\s*[\"']")
_DECLARED: Final = re.compile(rb"\bxmlns:([A-Za-z_][\w.-]{0,40})\s*=")
_END: Final = re.compile(
    rb"</(?:[\w.-]{1,40}:)?(?:item|entry|channel|rss|feed|RDF)\s*>", re.IGNORECASE
)
_TITLE_END: Final = re.compile(rb"</(?:[\w.-]{1,40}:)?title\s*>", re.IGNORECASE)
_IDENTITY_END: Final = re.compile(
    rb"</(?:link|guid|id)\s*>|<link\s[^<>]{0,2000}href=[^<>]{1,2000}>", re.IGNORECASE
)
# UTF-8 bytes, each written as a character reference.
_BYTES: Final = re.compile(rb"(?:&#(?:12[89]|1[3-9]\d|2[0-4]\d|25[0-5]);){2,40}")
_MAX_ROOT_ENDS: Final = 20  # end tags tried; all but the real one are inside CDATA
# Elements with text only: an unclosed one ends at the next element of the feed.
_LEAVES: Final = (
    rb"link|title|pubdate|guid|category|comments|language|copyright|generator|ttl|docs|lastbuilddate"
    rb"|managingeditor|webmaster|author|description|updated|published|issued|modified|created|id|name"
    rb"|email|uri|(?:dc|dcterms):\w{1,30}|itunes:(?:author|subtitle|summary|duration|explicit|keywords|title)"
    rb"|slash:comments|wfw:commentrss|media:(?:title|description|credit|keywords)|atom:link"
)
_UNCLOSED: Final = re.compile(
    rb"<(" + _LEAVES + rb")((?:\s[^<>]{0,4000})?)(?<!/)>([^<]*+)"
    rb"(?=<(/?(?:" + _LEAVES + rb"|item|entry|channel|feed|rss|image|contributor|source|enclosure"
    rb"|summary|content|content:encoded|media:\w{1,30}|itunes:\w{1,30}|url|width|height|textinput|cloud"
    rb"|skiphours|skipdays|rating|sy:\w{1,30}|feedburner:\w{1,30}))[\s/>])",
    re.IGNORECASE,
)
_PARTS: Final = {b"name", b"email", b"uri", b"url"}  # children of an author
_SECTION: Final = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))", re.DOTALL)
_XML_NAMES: Final = {b"amp", b"lt", b"gt", b"quot", b"apos"}


def strip_head(content: bytes) -> bytes:
    """Return the document from its root element on, without XML declaration, DTD and stylesheet."""
    at = 0
    while True:
        declared = _DECLARATION.match(content, at)
        skipped = declared or _SKIP.match(content, at)
        if skipped:
            at = skipped.end()
            continue
        start = _markup_start(content, at)
        if not _DOCTYPE.match(content, start):
            return content[start:]
        at = _doctype_end(content, start)


def _markup_start(content: bytes, at: int) -> int:
    """Return where the markup begins; stray text before it is skipped."""
    while at < len(content) and content[at] in b" \t\r\n":
        at += 1
    found = content.find(b"<", at, at + _HEAD_BYTES)
    return at if found < 0 else found


def _doctype_end(content: bytes, start: int) -> int:
    """Return the end of a document type: after its `>`, or after `]>` if it has a subset."""
    close = content.find(b">", start)
    subset = content.find(b"[", start, close + 1 if close >= 0 else len(content))
    if subset < 0:
        return close + 1 if close >= 0 else len(content)
    found = re.compile(rb"\]\s*>").search(content, subset)
    return found.end() if found else len(content)


def root_name(content: bytes) -> str:
    """Return the local name of the first element in lower case, '' if there is none."""
    found = _ROOT.search(content, 0, _HEAD_BYTES)
    return found[1].decode("latin-1").rpartition(":")[2].lower() if found else ""


def fix_references(content: bytes) -> bytes:
    """Remove references to invalid characters; decode those meant as windows-1252 or UTF-8."""
    if b"&#" not in content:
        return content
    return _REFERENCE.sub(_fix_reference, _BYTES.sub(_join_utf8_bytes, content))


def _join_utf8_bytes(match: re.Match[bytes]) -> bytes:
    """Return the characters of UTF-8 bytes written as references, if they are valid UTF-8."""
    numbers = bytes(int(number) for number in re.findall(rb"\d+", match[0]))
    try:
        return numbers.decode("utf-8").encode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def _fix_reference(match: re.Match[bytes]) -> bytes:
    code = int(match[1]) if match[1] else int(match[2], 16)
    if 32 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code in (9, 10, 13):
        return match[0]
    if 0x80 <= code < 0xA0:
        return bytes((code,)).decode("cp1252", "ignore").encode("utf-8")
    return match[0] if 0x10000 <= code < 0x110000 else b""


def repair(content: bytes) -> bytes:
    """Repair the most common reasons why a feed is not well-formed; feedparser handles the others.

    Resolves HTML entities, escapes unknown entities and stray characters, declares undeclared
    prefixes, removes the attributes of an element that has too many, and closes an unclosed
    element with text only where the next element begins.
    """
    content = _TAG.sub(_limit_attributes, content)
    content = _AMPERSAND.sub(_ampersand, content)
    content = _close_unclosed(_escape_stray_less_than(content))
    return _declare(_cut_after_root(content))


def _cut_after_root(content: bytes) -> bytes:
    """Remove everything after the end of the root element: scripts, a second feed."""
    root = _ROOT.search(content)
    if not root:
        return content
    ends = re.finditer(rb"</" + re.escape(root[1]) + rb"\s*>", content)
    for end in islice(ends, _MAX_ROOT_ENDS):
        at = end.end()
        if content.count(b"<![CDATA[", 0, at) == content.count(b"]]>", 0, at):
            return content[:at]
    return content


def _ampersand(match: re.Match[bytes]) -> bytes:
    matched, number, name = match[0], match[1], match[2]
    if not matched.startswith(b"&") or number or name in _XML_NAMES:
        return matched
    character = html5.get(f"{name.decode('ascii')};") if name else None
    if character is None:
        return b"&amp;" + matched[1:]
    return html.escape(character).encode("utf-8")


def _escape_stray_less_than(content: bytes) -> bytes:
    """Escape each `<` that does not begin a tag, outside CDATA and comments."""
    pieces = _SECTION.split(content)
    pieces[::2] = [
        _STRAY_LESS_THAN.sub(lambda match: b"&lt;" + match[0][1:], piece) for piece in pieces[::2]
    ]
    return b"".join(pieces)


def _close_unclosed(content: bytes) -> bytes:
    """Close text-only elements that are still open when the next element of the feed begins."""
    pieces = _SECTION.split(content.replace(b"\x00", b""))
    sections = pieces[1::2]
    pieces[1::2] = [b"\x00%d\x00" % place for place in range(len(sections))]
    content = _UNCLOSED.sub(_close, b"".join(pieces))
    return re.sub(rb"\x00(\d+)\x00", lambda match: sections[int(match[1])], content)


def _close(match: re.Match[bytes]) -> bytes:
    name, following = match[1].lower(), match[4].lower()
    closed = following == b"/" + name or (name == b"author" and following in _PARTS)
    return match[0] if closed else match[0] + b"</" + match[1] + b">"


def _limit_attributes(match: re.Match[bytes]) -> bytes:
    tag = match[0]
    if tag.count(b"=") <= MAX_ATTRIBUTES:
        return tag
    name = _ROOT.match(tag)
    end = b"/>" if tag.endswith(b"/>") else b">"
    return (b"<" + name[1] + end) if name else b""


def _declare(content: bytes) -> bytes:
    """Declare undeclared prefixes at the root."""
    used = set(_PREFIX.findall(content)) | set(_PREFIXED.findall(content))
    missing = sorted(used - set(_DECLARED.findall(content)) - {b"xml", b"xmlns"})
    if b"rss" in missing:  # some feeds write RSS's own elements as rss:item
        content = re.sub(rb"(</?)rss:", rb"\1", content)
    root = _ROOT.search(content)
    if not missing or not root:
        return content
    known = {prefix.encode(): uri.encode() for uri, prefix in NAMESPACES.items()}
    declarations = b"".join(
        b' xmlns:%s="%s"' % (prefix, known.get(prefix.lower(), UNDECLARED.encode() + prefix))
        for prefix in missing[:MAX_ATTRIBUTES]
    )
    return content[: root.end()] + declarations + content[root.end() :]


def drop_truncated_entry(content: bytes) -> tuple[bytes, bool]:
    """Remove a last entry that is truncated; also return whether the document was truncated.

    The entry stays if its title and its link or id are complete.
    """
    opened = max(content.rfind(b"<item>"), content.rfind(b"<item "), content.rfind(b"<entry"))
    rest = content[opened:] if opened >= 0 else b""
    if not rest or _END.search(rest):
        return content, False
    usable = _TITLE_END.search(rest) and _IDENTITY_END.search(rest)
    return (content if usable else content[:opened]), True


def inflate(content: bytes, most: int) -> bytes:
    """Decompress a gzipped document; raise ParseError if it is damaged or larger than `most`."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, most)
    except zlib.error as error:
        raise ParseError("the compressed document is damaged") from error
    if unpacker.unconsumed_tail:
        raise ParseError(f"the compressed document is larger than {most} bytes")
    return unpacked
