"""What differs between two states of an entry, and whether it says anything."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any, Literal

from aggregator.core.model import Entry
from aggregator.gather.identity import link_name
from aggregator.text import urls

RECURRING = 3  # entries of a document with the same words and a number: the number is a counter
_NUMBER = re.compile(
    r"\d++(?:[.,'’ ]\d++)*+(?:\s?(?:[KMB](?!\w)|[万萬千亿億만천]))?", re.IGNORECASE
)
_SENTENCES = re.compile(r"(?<=[.!?;…])\s+|(?<=[。！？；])|\s[|·•–—-]\s")
_SAYS = re.compile(r"\w")
_MARKS = " …·•|,;:()[]–—-"  # what is left at the ends of a block without its counter
_FLEETING = re.compile(
    r"(?:^|_)(?:session|sess|sid|(?:php|j)?sess(?:ion)?id|token|sig|sign|signature|auth|key|ts|time|timestamp|rand|rnd|cb"
    r"|nonce|cache|expires?|v|ver|version|_)$",
    re.IGNORECASE,
)
_OPAQUE = 16  # characters of a value that is made by a program


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How an entry differs from what is stored: not, without saying anything, or materially.

    `ticks`: nothing but numbers differ; the sentences that hold them, without the numbers.
    """

    kind: Literal["same", "silent", "material"]
    ticks: frozenset[str] = frozenset()


_SAME, _SILENT = Difference(kind="same"), Difference(kind="silent")
_MATERIAL = Difference(kind="material")


def shown(entry: Entry) -> tuple[object, ...]:
    """Return all of an entry that readers are shown."""
    return (
        *(entry.title, entry.link, entry.html, entry.summary, entry.authors, entry.categories),
        *(entry.enclosures, entry.image, entry.via, entry.rights, entry.language),
        entry.publisher.title,
    )


def difference(before: Entry, after: Entry) -> Difference:
    """Say how the state of an entry that was fetched differs from the stored one."""
    if shown(before) == shown(after):
        return _SAME
    if before.sent and before.sent == after.sent:
        return _SILENT  # the publisher wrote the same: it is we who read it otherwise
    if _is_other_page(before.link, after.link):
        return _MATERIAL
    title = _compare([before.title], [after.title])
    gone, come = _left_over(_blocks(before), _blocks(after))
    if not before.sent and not (gone and come):
        gone = come = []  # stored by an earlier version, which may have read less or more
    found = [title, _compare(gone, come)]
    if _MATERIAL in found:
        return _MATERIAL
    ticks = frozenset(tick for one in found for tick in one.ticks)
    return Difference(kind="material", ticks=ticks) if ticks else _SILENT


def recurring(ticks: Iterable[str], entries: Iterable[Entry]) -> frozenset[str]:
    """Return those sentences without numbers that several entries hold, with numbers."""
    wanted = {tick: max(tick.split("#"), key=len) for tick in ticks}
    counts = Counter(one for entry in entries for one in _sentences(entry, wanted))
    return frozenset(one for one, count in counts.items() if count >= RECURRING)


def _sentences(entry: Entry, wanted: Mapping[str, str]) -> frozenset[str]:
    """Return those of the wanted sentences that an entry holds; the longest part of each is a hint."""
    found: set[str] = set()
    for line in map(str.casefold, (entry.title, *_blocks(entry)) if wanted else ()):
        if any(part in line for part in wanted.values()):
            parts = _SENTENCES.split(without_counters(line))
            found.update(_unnumbered(part) for part in parts)
    return frozenset(found & wanted.keys())


def without_counters(text: str) -> str:
    """Return a text without what ticks in it: readers counted, times measured from now."""
    if not _NUMBER.search(text):
        return text
    count = 1
    while count:
        text, count = _counters().subn(" ", text)
        text = " ".join(text.split())
    return text


# --- blocks --------------------------------------------------------------------------------


def _blocks(entry: Entry) -> list[str]:
    # Not at the top: it loads all of cleaning, which few commands have use for.
    from aggregator.gather.cleaning.text_blocks import texts  # noqa: PLC0415

    return texts(entry.html)


def _left_over(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Return the blocks that are gone and those that have come, wherever they stood."""
    if "".join("".join(before).split()) == "".join("".join(after).split()):
        return [], []
    return _minus(before, after), _minus(after, before)


def _minus(blocks: list[str], others: list[str]) -> list[str]:
    counts = Counter(others)
    left = []
    for block in blocks:
        if counts[block]:
            counts[block] -= 1
        else:
            left.append(block)
    return left


def _compare(before: list[str], after: list[str]) -> Difference:
    """Compare blocks without their counters, then without their numbers."""
    old, new = (list(_telling(blocks)) for blocks in (before, after))
    if sorted(old) == sorted(new):
        return _SAME
    if sorted(map(_unnumbered, old)) != sorted(map(_unnumbered, new)):
        return _MATERIAL
    pairs = zip(sorted(old, key=_unnumbered), sorted(new, key=_unnumbered), strict=True)
    ticks = frozenset(tick for one, other in pairs for tick in _ticks(one, other))
    return Difference(kind="material", ticks=ticks)


def _telling(blocks: list[str]) -> Iterator[str]:
    for block in blocks:
        text = without_counters(block).strip(_MARKS)
        if _SAYS.search(text):
            yield text.casefold()


def _unnumbered(text: str) -> str:
    return _NUMBER.sub("#", text)


def _ticks(one: str, other: str) -> Iterator[str]:
    """Yield the sentences of two blocks that differ in their numbers."""
    for old, new in zip_longest(_SENTENCES.split(one), _SENTENCES.split(other), fillvalue=""):
        if old != new:
            yield _unnumbered(old)


# --- addresses -----------------------------------------------------------------------------


def _is_other_page(one: str, other: str) -> bool:
    """Say whether two links lead to two pages; an address may carry a session."""
    if one == other:
        return False
    (page, _, query), (other_page, _, other_query) = (
        link_name(address).partition("?") for address in (one, other)
    )
    return page != other_page or _lasting(query) != _lasting(other_query)


def _lasting(query: str) -> list[str]:
    """Return the parts of a query that name a page, and neither a session nor a moment."""
    pairs = [(pair, *pair.partition("=")[::2]) for pair in query.split("&") if pair]
    return sorted(
        pair for pair, name, value in pairs if not _FLEETING.search(name) and len(value) < _OPAQUE
    )


# --- rules ---------------------------------------------------------------------------------


@cache
def _counters() -> re.Pattern[str]:
    """Compile the rules of counters.yaml; they are read when something has changed."""
    rules: dict[str, Any] = urls.read_rules("counters")
    words, alone = (_compact(rules[name]) for name in ("words", "alone"))
    number, between = f"(?:{_NUMBER.pattern})", f"(?:{rules['between']})?"
    return re.compile(
        rf"(?<![\w.]){number}\s?{between}\s?(?:{words}){_ENDS}"
        rf"|(?<![^\W\d_])(?:{words})\s?[:：(（\[]?\s?{number}\s?{between}[)）\]]?{_ENDS}"
        rf"|{_BEGINS}{number}\s?{between}\s?(?:{alone}){_ENDS}"
        rf"|{_BEGINS}(?:{alone})\s?[:：(（\[]?\s?{number}[)）\]]?{_ENDS}"
        rf"|(?<!\w)(?:{'|'.join(rules['spans'])})(?!\w)"
        rf"|^(?:{rules['made']})[\s:：](?=.*(?:\d:\d\d|\d{{4}})).{{0,40}}$"
        rf"|(?<!\w)(?:{rules['made']})[\s:：]{{0,3}}{_TIME}",
        re.IGNORECASE,
    )


_BEGINS = r"(?:^|(?<=[|·•,;/(\[。！？、，–—-])|(?<=[.!?])\s)\s*"
_ENDS = r"(?=\s*(?:$|[|·•,;/)\]、，–—-]|\d))"
_TIME = r"\d[\d:./年月日时時分秒T-]*(?:\s\d+:[\d:]+)?(?:\s?[ap]\.?m\.?)?"


def _compact(lines: Iterable[str]) -> str:
    words = (word.strip() for line in lines for word in re.split(r"(?<!\\)\s\|\s", line))
    return "|".join(words)
