"""Durations and sizes as written in the configuration: 1h30m, 15MB."""

import re
from datetime import timedelta

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_FOLDED = {unit.lower(): size for unit, size in _BYTES.items()} | {
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
}

DURATION = r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d|w))+"
SIZE = r"[0-9]{1,12}(?:\.[0-9]{1,3})? ?(?:B|kB|MB|GB|KiB|MiB|GiB)"
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d|w)")
_AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([A-Za-z]{0,3})")
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]+)?")


def duration(text: str) -> timedelta:
    """Parse 45s, 30m, 1h30m, 2d or 1w; the ValueError says how to fix the text."""
    squeezed = "".join(text.split()).lower()
    if _NUMBER.fullmatch(squeezed):
        raise ValueError(
            f"needs a unit: write {squeezed}s, {squeezed}m, {squeezed}h or {squeezed}d"
        )
    if not re.fullmatch(DURATION, squeezed) or len(squeezed) > 40:
        raise ValueError("is not a duration: write for example 45s, 30m, 1h30m or 2d")
    parts = [(float(amount), unit) for amount, unit in _PART.findall(squeezed)]
    units = [unit for _, unit in parts]
    if len(set(units)) < len(units):
        raise ValueError("names a unit twice: write for example 1h30m")
    seconds = sum(amount * _SECONDS[unit] for amount, unit in parts)
    if seconds > 100 * 366 * 86_400:
        raise ValueError("is longer than a century")
    return timedelta(seconds=seconds)


def size(text: str) -> int:
    """Parse 15MB, 200 kB or 4 MiB into bytes; the ValueError says how to fix the text."""
    amount = _AMOUNT.fullmatch(" ".join(text.split()))
    if amount and not amount[2]:
        raise ValueError(f"needs a unit: write {amount[1]}MB, {amount[1]}kB or {amount[1]}B")
    if not amount or amount[2].lower() not in _FOLDED:
        raise ValueError("is not a size: write for example 15MB, 200kB or 4MiB")
    return int(float(amount[1]) * _FOLDED[amount[2].lower()])


def show_duration(length: timedelta) -> str:
    """Format a duration in the shortest form that `duration` parses."""
    left = round(length.total_seconds() * 1000)
    parts = []
    for unit in ("w", "d", "h", "m", "s", "ms"):
        each = round(_SECONDS[unit] * 1000)
        if unit == "w" and left % each:
            continue  # weeks only if exact: 10d, not 1w3d
        count, left = divmod(left, each)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def in_words(length: timedelta) -> str:
    """Format a rounded duration for people: 40 s, 12 min, 3 h, 5 days."""
    seconds = length.total_seconds()
    for unit, each, from_ in (("days", 86_400, 2), ("h", 3600, 2), ("min", 60, 1)):
        if seconds >= each * from_:
            return f"{round(seconds / each)} {unit}"
    return f"{max(round(seconds), 0)} s"


def show_size(count: int) -> str:
    """Format a number of bytes in the largest unit that divides it."""
    for unit in ("GB", "GiB", "MB", "MiB", "kB", "KiB"):
        if count and count % _BYTES[unit] == 0:
            return f"{count // _BYTES[unit]}{unit}"
    return f"{count}B"
