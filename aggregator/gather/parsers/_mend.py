"""Makes a document fit for an XML parser: no DTD, no entities but HTML's, no stray signs."""

import html
import re
import zlib
from html.entities import html5
from itertools import islice
from typing import Final

from aggregator.core.errors import ParseError
from aggregator.gather.parsers._names import NAMESPACES, UNDECLARED

ATTRIBUTES_MOST: Final = 1_000
_HEAD: Final = 4_000
_DECLARATION: Final = re.compile(rb"\s*<\?xml\b[^>]{0,500}?>\s*", re.IGNORECASE)
_DOCTYPE: Final = re.compile(rb"<!DOCTYPE\b", re.IGNORECASE)
_ROOT: Final = re.compile(rb"<([A-Za-z_][\w.:-]{0,80})")
_SKIP: Final = re.compile(rb"\s*(?:<!--.*?-->|<\?.*?\?>)", re.DOTALL)
# References to letters that XML does not have, or that only windows-1252 has.
_REFERENCE: Final = re.compile(
    rb"&#(?:0*(\d|[12]\d|3[01]|1[2-5]\d|5[5-7]\d{3}|6553[45]|\d{7,9})"
    rb"|[xX]0*([01]?[0-9a-fA-F]|7[fF]|[89][0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[eEfF]|[0-9a-fA-F]{6,8}));"
)
_AMPERSAND: Final = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};)|([A-Za-z][A-Za-z0-9]{1,30});)?",
    re.DOTALL,
)
_LESS: Final = re.compile(
    rb"<(?![A-Za-z_/!?])|</(?![A-Za-z_])|<!(?!--|\[CDATA\[|DOCTYPE)|<\?(?![A-Za-z])"
)
_TAG: Final = re.compile(rb"<[A-Za-z_][^<>]{4000,}>")
_PREFIX: Final = re.compile(rb"<([A-Za-z_][\w.-]{0,40}):[A-Za-z_]")
_PREFIXED: Final = re.compile(rb"\s([A-Za-z_][\w.-]{0,40}):[A-Za-z_][\w.-]{0,60}\s*=\s*[\"']")
_DECLARED: Final = re.compile(rb"\bxmlns:([A-Za-z_][\w.-]{0,40})\s*=")
_END: Final = re.compile(
    rb"</(?:[\w.-]{1,40}:)?(?:item|entry|channel|rss|feed|RDF)\s*>", re.IGNORECASE
)
_WHOLE_TITLE: Final = re.compile(rb"</(?:[\w.-]{1,40}:)?title\s*>", re.IGNORECASE)
_WHOLE_IDENTITY: Final = re.compile(
    rb"</(?:link|guid|id)\s*>|<link\s[^<>]{0,2000}href=[^<>]{1,2000}>", re.IGNORECASE
)
# Bytes of UTF-8 that somebody wrote as one letter each.
_BYTES: Final = re.compile(rb"(?:&#(?:12[89]|1[3-9]\d|2[0-4]\d|25[0-5]);){2,40}")
_ENDS_MOST: Final = 20  # ends of the root element that are looked at: all but one stand in CDATA
# Elements of one text, which end at the next element of a feed if nobody closes them.
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
_PARTS: Final = {b"name", b"email", b"uri", b"url"}  # of an author, who is more than a text
_SECTION: Final = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))", re.DOTALL)
_XML_NAMES: Final = {b"amp", b"lt", b"gt", b"quot", b"apos"}


def strip_head(content: bytes) -> bytes:
    """Return the document from its root element on, without declaration, DTD and stylesheet."""
    at = 0
    while True:
        declared = _DECLARATION.match(content, at)
        skipped = declared or _SKIP.match(content, at)
        if skipped:
            at = skipped.end()
            continue
        start = _first_sign(content, at)
        if not _DOCTYPE.match(content, start):
            return content[start:]
        at = _doctype_end(content, start)


def _first_sign(content: bytes, at: int) -> int:
    """Return where the markup begins; a few stray words may stand before it."""
    while at < len(content) and content[at] in b" \t\r\n":
        at += 1
    found = content.find(b"<", at, at + _HEAD)
    return at if found < 0 else found


def _doctype_end(content: bytes, start: int) -> int:
    """Return where a document type ends: behind its `>`, or behind `]>` if it has a subset."""
    close = content.find(b">", start)
    subset = content.find(b"[", start, close + 1 if close >= 0 else len(content))
    if subset < 0:
        return close + 1 if close >= 0 else len(content)
    found = re.compile(rb"\]\s*>").search(content, subset)
    return found.end() if found else len(content)


def root_name(content: bytes) -> str:
    """Return the local name of the first element in lower case, '' if there is none."""
    found = _ROOT.search(content, 0, _HEAD)
    return found[1].decode("latin-1").rpartition(":")[2].lower() if found else ""


def letters(content: bytes) -> bytes:
    """Replace references to what is no letter; those of windows-1252 become what was meant."""
    if b"&#" not in content:
        return content
    return _REFERENCE.sub(_letter, _BYTES.sub(_joined, content))


def _joined(match: re.Match[bytes]) -> bytes:
    """Return the letters of bytes written one by one, if that is what they are."""
    numbers = bytes(int(number) for number in re.findall(rb"\d+", match[0]))
    try:
        return numbers.decode("utf-8").encode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def _letter(match: re.Match[bytes]) -> bytes:
    code = int(match[1]) if match[1] else int(match[2], 16)
    if 32 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code in (9, 10, 13):
        return match[0]
    if 0x80 <= code < 0xA0:
        return bytes((code,)).decode("cp1252", "ignore").encode("utf-8")
    return match[0] if 0x10000 <= code < 0x110000 else b""


def mend(content: bytes) -> bytes:
    """Repair what most often keeps a feed from being XML; what it leaves, feedparser takes.

    HTML's names become letters, other names and stray signs become text, prefixes that nobody
    declared are declared, an element of too many attributes loses them, and one of a single
    text ends where the next one begins.
    """
    content = _TAG.sub(_bounded_tag, content)
    content = _AMPERSAND.sub(_ampersand, content)
    content = _closed(_outside_sections(content))
    return _declare(_first_root(content))


def _first_root(content: bytes) -> bytes:
    """Cut off what stands behind the end of the root element: scripts, a second feed."""
    root = _ROOT.search(content)
    if not root:
        return content
    ends = re.finditer(rb"</" + re.escape(root[1]) + rb"\s*>", content)
    for end in islice(ends, _ENDS_MOST):
        at = end.end()
        if content.count(b"<![CDATA[", 0, at) == content.count(b"]]>", 0, at):
            return content[:at]
    return content


def _ampersand(match: re.Match[bytes]) -> bytes:
    whole, number, name = match[0], match[1], match[2]
    if not whole.startswith(b"&") or number or name in _XML_NAMES:
        return whole
    letter = html5.get(f"{name.decode('ascii')};") if name else None
    if letter is None:
        return b"&amp;" + whole[1:]
    return html.escape(letter).encode("utf-8")


def _outside_sections(content: bytes) -> bytes:
    """Escape what begins no tag, outside CDATA and comments."""
    pieces = _SECTION.split(content)
    pieces[::2] = [_LESS.sub(lambda match: b"&lt;" + match[0][1:], piece) for piece in pieces[::2]]
    return b"".join(pieces)


def _closed(content: bytes) -> bytes:
    """Close the elements of one text that are open when the next element of the feed begins."""
    pieces = _SECTION.split(content.replace(b"\x00", b""))
    sections = pieces[1::2]
    pieces[1::2] = [b"\x00%d\x00" % place for place in range(len(sections))]
    content = _UNCLOSED.sub(_close, b"".join(pieces))
    return re.sub(rb"\x00(\d+)\x00", lambda match: sections[int(match[1])], content)


def _close(match: re.Match[bytes]) -> bytes:
    name, following = match[1].lower(), match[4].lower()
    whole = following == b"/" + name or (name == b"author" and following in _PARTS)
    return match[0] if whole else match[0] + b"</" + match[1] + b">"


def _bounded_tag(match: re.Match[bytes]) -> bytes:
    tag = match[0]
    if tag.count(b"=") <= ATTRIBUTES_MOST:
        return tag
    name = _ROOT.match(tag)
    end = b"/>" if tag.endswith(b"/>") else b">"
    return (b"<" + name[1] + end) if name else b""


def _declare(content: bytes) -> bytes:
    """Declare the prefixes that are used and not declared, at the root."""
    used = set(_PREFIX.findall(content)) | set(_PREFIXED.findall(content))
    missing = sorted(used - set(_DECLARED.findall(content)) - {b"xml", b"xmlns"})
    if b"rss" in missing:  # said of RSS's own elements by those who mean it too well
        content = re.sub(rb"(</?)rss:", rb"\1", content)
    root = _ROOT.search(content)
    if not missing or not root:
        return content
    known = {prefix.encode(): uri.encode() for uri, prefix in NAMESPACES.items()}
    said = b"".join(
        b' xmlns:%s="%s"' % (prefix, known.get(prefix.lower(), UNDECLARED.encode() + prefix))
        for prefix in missing[:ATTRIBUTES_MOST]
    )
    return content[: root.end()] + said + content[root.end() :]


def whole_entries(content: bytes) -> tuple[bytes, bool]:
    """Cut off an entry in whose middle the document ends; say whether there was such a one.

    It stays if its title and what tells it from others are whole.
    """
    opened = max(content.rfind(b"<item>"), content.rfind(b"<item "), content.rfind(b"<entry"))
    rest = content[opened:] if opened >= 0 else b""
    if not rest or _END.search(rest):
        return content, False
    known = _WHOLE_TITLE.search(rest) and _WHOLE_IDENTITY.search(rest)
    return (content if known else content[:opened]), True


def inflate(content: bytes, most: int) -> bytes:
    """Unpack a document that was stored compressed; raise ParseError if it is larger than that."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, most)
    except zlib.error as error:
        raise ParseError("the document is compressed, and broken") from error
    if unpacker.unconsumed_tail:
        raise ParseError("the document is compressed, and too large")
    return unpacked
