"""Numbers of a series in titles: two titles about round 52 and round 53 report two events."""

import re
from functools import lru_cache

_UNITS = "轮|次|批|批次|期|场|届|号|集|弹|天|波|季|阶段|回合|例|周"
_WORDS = (
    "day|wave|round|week|episode|part|vol|volume|no|issue|stage|leg|game|session|season|test|phase"
)
_ORDINAL = re.compile(
    rf"第(?P<number>\d+|[一二两三四五六七八九十百]+)(?P<unit>{_UNITS})"
    rf"|\b(?P<word>{_WORDS})\b\.?\s*#?(?P<count>\d+)\b(?![.,:]\d)"
)
_DIGITS = {sign: number for number, sign in enumerate("一二三四五六七八九", 1)} | {"两": 2}


@lru_cache(maxsize=1 << 14)
def ordinals(title: str) -> dict[str, frozenset[int]]:
    """Return the numbers of a folded title by what they count: {"轮": {52}}, {"day": {12}}."""
    found: dict[str, set[int]] = {}
    for match in _ORDINAL.finditer(title):
        unit = match["unit"] or match["word"]
        found.setdefault(unit, set()).add(_number(match["number"] or match["count"]))
    return {unit: frozenset(numbers) for unit, numbers in found.items()}


def differ(title: str, other: str) -> bool:
    """Return whether both folded titles count one thing and have no number in common."""
    mine, theirs = ordinals(title), ordinals(other)
    return any(mine[unit].isdisjoint(theirs[unit]) for unit in mine.keys() & theirs.keys())


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
