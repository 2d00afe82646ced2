"""Chinese characters: their simplified forms, and which occur in one script only."""

from functools import cache

import numpy as np
import opencc
from numpy.typing import NDArray

_TRADITIONAL, _SIMPLIFIED = 1, 2
# Variants that the converter does not change, since both forms are correct in one of the scripts.
_VARIANTS = ("著裡祕峯羣牀喫僞衆", "着里秘峰群床吃伪众")


def simplify(text: str) -> str:
    """Replace each character by its simplified form, and variants by the usual one."""
    folded: bytes = _folding()[_codes(text)].tobytes()
    return folded.decode("utf-32-le", "surrogatepass")


def count_variants(text: str) -> tuple[int, int]:
    """Return how many characters are only traditional, and how many only simplified."""
    kinds = _simplified()[1][_codes(text)].tobytes()
    return kinds.count(_TRADITIONAL), kinds.count(_SIMPLIFIED)


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


@cache
def _folding() -> NDArray[np.uint32]:
    """Return the folding table: simplified characters, variants unified."""
    table = _simplified()[0].copy()
    for variant, usual in zip(*_VARIANTS, strict=True):
        table[ord(variant)] = ord(usual)
    return table


@cache
def _simplified() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the simplification table, and which characters are only traditional (1) or simplified (2)."""
    codes = [*range(0x3400, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x2FA20)]
    # One character per line, so that no phrase rules apply: a character always folds the same way.
    lines = "\n".join(map(chr, codes))
    simple = opencc.OpenCC("t2s").convert(lines).split("\n")
    table = np.arange(0x110000, dtype="<u4")
    for code, character in zip(codes, simple, strict=True):
        if len(character) == 1:
            table[code] = ord(character)
    kinds = np.zeros(0x110000, "u1")
    changed = np.flatnonzero(table != np.arange(0x110000))
    kinds[table[changed]] = _SIMPLIFIED
    kinds[changed] = _TRADITIONAL
    return table, kinds
