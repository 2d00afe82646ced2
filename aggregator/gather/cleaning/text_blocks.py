"""The text blocks of a cleaned body: their texts, hashes and digests."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from html import unescape
from struct import unpack

from aggregator.gather.cleaning.noise import BLOCK_TAGS, is_copyright

_TAG = re.compile(r"<(/?[a-z0-9]+)[^>]*>")
_BREAK_TAGS = frozenset(
    name
    for tag in (BLOCK_TAGS | {"br", "caption", "details", "summary"})
    - {"address", "fieldset", "form"}
    for name in (tag, "/" + tag)
)
_LINK_ELEMENT = re.compile(r"<a(?:\s[^>]*)?>(?P<content>.*?)</a>", re.DOTALL)
_CAPTION_ELEMENT = re.compile(r"<(figcaption|small)(?:\s[^>]*)?>(?P<content>.*?)</\1>", re.DOTALL)
_MIN_HASHED_CHARS = 4  # shorter blocks are not hashed
_SEPARATOR = "\0"  # between blocks; sanitized HTML has none


def texts(html: str) -> list[str]:
    """Return the text of each block of sanitized HTML, on one line each, without empty ones."""
    parts = _TAG.split(html)
    parts[1::2] = [_SEPARATOR if tag in _BREAK_TAGS else "" for tag in parts[1::2]]
    joined = "".join(parts)
    if "&" in joined:
        joined = unescape(joined)
    lines = " ".join(joined.split()).split(_SEPARATOR)
    return [text for line in lines if (text := line.strip(" "))]


def block_hash(text: str) -> int:
    """Return the 63-bit hash of the text of a block, ignoring case."""
    return _hash_lines([text.casefold().encode("utf-8", "replace")])[0]


def hashes(blocks: Sequence[str]) -> list[int]:
    """Return the hash of each block."""
    if not blocks:
        return []
    return _hash_lines("\n".join(blocks).casefold().encode("utf-8", "replace").split(b"\n"))


def _hash_lines(folded: Sequence[bytes]) -> list[int]:
    digests = b"".join([blake2b(line, digest_size=8).digest() for line in folded])
    return [number >> 1 for number in unpack(f">{len(folded)}Q", digests)]


def learnable_hashes(blocks: Sequence[str], block_hashes: Sequence[int]) -> tuple[int, ...]:
    """Return the hashes of the blocks that may be learned as boilerplate, without duplicates."""
    pairs = zip(blocks, block_hashes, strict=True)
    return tuple(dict.fromkeys([hash_ for text, hash_ in pairs if len(text) >= _MIN_HASHED_CHARS]))


def digest(*parts: str) -> str:
    """Return a digest of the parts, as 32 hexadecimal digits."""
    state = blake2b(digest_size=16)
    for part in parts:
        state.update(part.encode("utf-8", "replace"))
        state.update(b"\x00")
    return state.hexdigest()


def fingerprint(title: str, lines: Sequence[str]) -> str:
    """Return a digest of the title and the lines of the text, ignoring case."""
    return digest(title.casefold(), "\n".join(lines).casefold())


def comparable_texts(
    blocks: Sequence[str], block_hashes: Sequence[int], boilerplate: frozenset[int], html: str = ""
) -> list[str]:
    """Return the blocks that grouping compares, without copyright notices and boilerplate.

    With `html`, blocks that are only a link are left out too unless nothing else is left, and
    captions and small print move to the end, so that the text starts with the lead.
    """
    pairs = zip(blocks, block_hashes, strict=True)
    kept = [text for text, hash_ in pairs if hash_ not in boilerplate and not is_copyright(text)]
    links, captions = _element_texts(_LINK_ELEMENT, html), _element_texts(_CAPTION_ELEMENT, html)
    lines = [text for text in kept if text not in links] or kept
    if captions.isdisjoint(lines):
        return lines
    return sorted(lines, key=captions.__contains__)


def _element_texts(pattern: re.Pattern[str], html: str) -> frozenset[str]:
    """Return the texts of the elements that a pattern matches."""
    contents = [match["content"] for match in pattern.finditer(html)]
    return frozenset(texts("<hr>".join(contents)) if contents else ())
