"""The blocks of a cleaned body: their text, their hashes, and the digests made of them."""

import re
from collections.abc import Iterable
from hashlib import blake2b
from html import unescape

from aggregator.cleaning.noise import is_copyright

_BLOCK_TAG = re.compile(
    r"<(?:/?(?:p|div|h[1-6]|li|ul|ol|dl|dt|dd|table|tr|t[dh]|tbody|thead|tfoot|blockquote|pre"
    r"|section|article|aside|header|footer|main|nav|figure|figcaption|center|details|summary"
    r"|caption)(?:\s[^>]*)?|br|hr)>"
)
_TAG = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_LETTERS = re.compile(r"(?:[^\w]|[\d_])*+(?:[^\W\d_](?:[^\w]|[\d_])*+){20}")
_SHORTEST = 4  # characters of a block worth a hash


def texts(html: str) -> list[str]:
    """Return the text of each block of sanitized HTML, on one line each, none empty."""
    flat = _TAG.sub("", _BLOCK_TAG.sub("\n", html.replace("\n", " ")))
    if "&" in flat:
        flat = unescape(flat)
    return [line for line in _LINES.split(_SPACES.sub(" ", flat).strip()) if line]


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
    return digest(title, link, *(text for text in blocks if _LETTERS.match(text)))


def compared(blocks: Iterable[str], boilerplate: frozenset[int]) -> list[str]:
    """Return the blocks that grouping compares: no copyright notices, nothing learned."""
    kept = [text for text in blocks if not is_copyright(text)]
    if boilerplate:
        kept = [text for text in kept if block_hash(text) not in boilerplate]
    return kept
