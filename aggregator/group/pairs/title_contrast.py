"""Contrasts between two titles that show two events: another number of a series, another subject."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from aggregator.text.fold import DENSE

_UNITS = "轮|次|批|批次|期|场|届|号|集|弹|天|波|季|阶段|回合|例|周"
_WORDS = (
    "day|wave|round|week|episode|part|vol|volume|no|issue|stage|leg|game|session|season|test|phase"
)
_ORDINAL = re.compile(
    rf"第(?P<number>\d+|[一二两三四五六七八九十百]+)(?P<unit>{_UNITS})"
    rf"|\b(?P<word>{_WORDS})\b\.?\s*#?(?P<count>\d+)\b(?![.,:]\d)"
)
_TOKEN = re.compile(rf"0|[{DENSE}]|[^\W_\d{DENSE}]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DENSE = re.compile(f"[{DENSE}]")
# In other scripts such titles are mostly one report under two labels: "Olympics: …", "In pictures: …".
_SUBJECT_CHARACTERS = 2  # of a beginning, as one character is part of a word
_DIGITS = {sign: number for number, sign in enumerate("一二三四五六七八九", 1)} | {"两": 2}


@lru_cache(maxsize=1 << 14)
def ordinals(title: str) -> dict[str, frozenset[int]]:
    """Return the numbers of a folded title by what they count: {"轮": {52}}, {"day": {12}}."""
    found: dict[str, set[int]] = {}
    for match in _ORDINAL.finditer(title):
        unit = match["unit"] or match["word"]
        found.setdefault(unit, set()).add(_number(match["number"] or match["count"]))
    return {unit: frozenset(numbers) for unit, numbers in found.items()}


def numbered_differently(title: str, other: str) -> bool:
    """Return whether both folded titles count one thing and have no number in common."""
    mine, theirs = ordinals(title), ordinals(other)
    return any(mine[unit].isdisjoint(theirs[unit]) for unit in mine.keys() & theirs.keys())


def other_subject(title: str, other: str) -> bool:
    """Return whether two folded titles differ in their beginnings and numbers alone.

    The beginnings are Chinese and have no word in common, and the rest is at least half of each
    title: 青礁市发布暴雨预警, 白塔县发布暴雨预警.
    """
    mine, theirs = _tokens(title), _tokens(other)
    same = 0
    while same < min(len(mine), len(theirs)) and mine[-1 - same] == theirs[-1 - same]:
        same += 1
    first, second = mine[: len(mine) - same], theirs[: len(theirs) - same]
    if 2 * same < max(len(mine), len(theirs)) or not _words(first).isdisjoint(_words(second)):
        return False
    return min(map(_characters, (first, second))) >= _SUBJECT_CHARACTERS and first[0] != second[0]


@lru_cache(maxsize=1 << 14)
def _tokens(title: str) -> tuple[str, ...]:
    """Return the words of a folded title, with one token for each number."""
    return tuple(_TOKEN.findall(_NUMBER.sub("0", title)))


def _words(tokens: Sequence[str]) -> set[str]:
    """Return the words, and the pairs of adjacent characters of scripts without spaces."""
    pairs = {one + other for one, other in pairwise(tokens) if len(one) == len(other) == 1}
    return pairs | {token for token in tokens if len(token) > 1}


def _characters(tokens: Sequence[str]) -> int:
    """Return the number of characters of scripts without spaces."""
    return sum(_DENSE.match(token) is not None for token in tokens)


def _number(text: str) -> int:
    """Return the value of digits or of a Chinese number below 1,000."""
    if text.isdigit():
        return int(text)
    total, digit = 0, 0
    for sign in text:
        if sign in "十百":
            total += max(digit, 1) * (10 if sign == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit
