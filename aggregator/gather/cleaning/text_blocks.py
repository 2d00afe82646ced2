"""The blocks of a cleaned body: their text, their hashes, and the digests made of them."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from html import unescape
from struct import unpack

from aggregator.gather.cleaning.noise import BLOCKS, is_copyright

_TAG = re.compile(r"<(/?[a-z0-9]+)[^>]*>")
_BREAKS = frozenset(
    name
    for tag in (BLOCKS | {"br", "caption", "details", "summary"}) - {"address", "fieldset", "form"}
    for name in (tag, "/" + tag)
)
_LINK = re.compile(r"<a(?:\s[^>]*)?>(?P<held>.*?)</a>", re.DOTALL)
_CAPTION = re.compile(r"<(figcaption|small)(?:\s[^>]*)?>(?P<held>.*?)</\1>", re.DOTALL)
_SHORTEST = 4  # characters of a block worth a hash
_MARK = "\0"  # between blocks; sanitized HTML has none


def texts(html: str) -> list[str]:
    """Return the text of each block of sanitized HTML, on one line each, none empty."""
    parts = _TAG.split(html)
    parts[1::2] = [_MARK if tag in _BREAKS else "" for tag in parts[1::2]]
    joined = "".join(parts)
    if "&" in joined:
        joined = unescape(joined)
    lines = " ".join(joined.split()).split(_MARK)
    return [text for line in lines if (text := line.strip(" "))]


def block_hash(text: str) -> int:
    """Return the 63-bit hash of a block's text, the same for any case."""
    return _hashes([text.casefold().encode("utf-8", "replace")])[0]


def hashes(blocks: Sequence[str]) -> list[int]:
    """Return the hash of each block."""
    if not blocks:
        return []
    return _hashes("\n".join(blocks).casefold().encode("utf-8", "replace").split(b"\n"))


def _hashes(folded: Sequence[bytes]) -> list[int]:
    made = b"".join([blake2b(line, digest_size=8).digest() for line in folded])
    return [number >> 1 for number in unpack(f">{len(folded)}Q", made)]


def counted(blocks: Sequence[str], hashed: Sequence[int]) -> tuple[int, ...]:
    """Return the hashes of the blocks that may be learned, each once, in order."""
    pairs = zip(blocks, hashed, strict=True)
    return tuple(dict.fromkeys([made for text, made in pairs if len(text) >= _SHORTEST]))


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that stand for the parts."""
    state = blake2b(digest_size=16)
    for part in parts:
        state.update(part.encode("utf-8", "replace"))
        state.update(b"\x00")
    return state.hexdigest()


def fingerprint(title: str, told: Sequence[str]) -> str:
    """Return a digest of the title and of the lines of the text."""
    return digest(title.casefold(), "\n".join(told).casefold())


def compared(
    blocks: Sequence[str], hashed: Sequence[int], boilerplate: frozenset[int], html: str = ""
) -> list[str]:
    """Return the blocks that grouping compares: no copyright notices, nothing learned.

    Of the HTML that they are of, links that are all of a block go too, unless there is no more,
    and captions and small print come last: the article begins with its lead.
    """
    pairs = zip(blocks, hashed, strict=True)
    kept = [text for text, made in pairs if made not in boilerplate and not is_copyright(text)]
    links, captions = _within(_LINK, html), _within(_CAPTION, html)
    told = [text for text in kept if text not in links] or kept
    if captions.isdisjoint(told):
        return told
    return sorted(told, key=captions.__contains__)


def _within(pattern: re.Pattern[str], html: str) -> frozenset[str]:
    """Return the texts that the elements which a pattern finds hold."""
    held = [match["held"] for match in pattern.finditer(html)]
    return frozenset(texts("<hr>".join(held)) if held else ())
