"""The blocks of a cleaned body: their text, their hashes, and the digests made of them."""

import re
from collections.abc import Iterable
from hashlib import blake2b
from html import unescape

from aggregator.cleaning.noise import BLOCKS, is_copyright

_TAG = re.compile(r"<(/?[a-z0-9]+)[^>]*>")
_BREAKS = frozenset(
    name
    for tag in (BLOCKS | {"br", "caption", "details", "summary"}) - {"address", "fieldset", "form"}
    for name in (tag, "/" + tag)
)
_LETTERS = re.compile(r"(?:[^\w]|[\d_])*+(?:[^\W\d_](?:[^\w]|[\d_])*+){20}")
_SHORTEST = 4  # characters of a block worth a hash


def texts(html: str) -> list[str]:
    """Return the text of each block of sanitized HTML, on one line each, none empty."""
    parts = _TAG.split(html)
    lines: list[str] = []
    line = parts[0]
    for tag, text in zip(parts[1::2], parts[2::2], strict=True):
        if tag in _BREAKS:
            lines.append(line)
            line = text
        elif text:
            line += text
    lines.append(line)
    if "&" in html:
        lines = [unescape(text) for text in lines]
    return [text for line in lines if (text := " ".join(line.split()))]


def block_hash(text: str) -> int:
    """Return the 63-bit hash of a block's text, the same for any case."""
    digest = blake2b(text.casefold().encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def hashes(blocks: Iterable[str]) -> tuple[int, ...]:
    """Return the hashes of blocks, each once, in order."""
    return tuple(dict.fromkeys(block_hash(text) for text in blocks if len(text) >= _SHORTEST))


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that stand for the parts."""
    state = blake2b(digest_size=16)
    for part in parts:
        state.update(part.encode("utf-8", "replace"))
        state.update(b"\x00")
    return state.hexdigest()


def material(title: str, link: str, blocks: Iterable[str]) -> str:
    """Return a digest of what counts as a change: title, link, and blocks of 20 letters or more."""
    return digest(title, link, "\n".join(text for text in blocks if _LETTERS.match(text)))


def compared(blocks: Iterable[str], boilerplate: frozenset[int]) -> list[str]:
    """Return the blocks that grouping compares: no copyright notices, nothing learned."""
    kept = [text for text in blocks if not is_copyright(text)]
    if boilerplate:
        kept = [text for text in kept if block_hash(text) not in boilerplate]
    return kept
