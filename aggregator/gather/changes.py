"""Compares two versions of an entry and decides whether the difference is material."""

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

RECURRING_ENTRIES = 3  # with the same sentence but for a number, which is then a counter
_NUMBER = re.compile(
    r"\d++(?:[.,'’ ]\d++)*+(?:\s?(?:[KMB](?!\w)|[万萬千亿億만천]))?", re.IGNORECASE
)
_SENTENCES = re.compile(r"(?<=[.!?;…])\s+|(?<=[。！？；])|\s[|·•–—-]\s")
_HAS_WORD = re.compile(r"\w")
_SEPARATORS = " …·•|,;:()[]–—-"  # left at the ends of a block after removing a counter
_TRANSIENT_PARAMETER = re.compile(
    r"(?:^|_)(?:session|sess|sid|(?:php|j)?sess(?:ion)?id|token|sig|sign|signature|auth|key|ts|time|timestamp|rand|rnd|cb"
    r"|nonce|cache|expires?|v|ver|version|_)$",
    re.IGNORECASE,
)
_GENERATED_VALUE_CHARACTERS = 16  # a value this long is a generated token


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How an entry differs from the stored one: not at all, silently, or materially.

    `number_sentences`: if only numbers differ, the sentences that contain them, with `#` for each number.
    """

    kind: Literal["same", "silent", "material"]
    number_sentences: frozenset[str] = frozenset()


_SAME, _SILENT = Difference(kind="same"), Difference(kind="silent")
_MATERIAL = Difference(kind="material")


def shown(entry: Entry) -> tuple[object, ...]:
    """Return all parts of an entry that readers see."""
    return (
        *(entry.title, entry.link, entry.html, entry.summary, entry.authors, entry.categories),
        *(entry.enclosures, entry.image, entry.via, entry.rights, entry.language),
        entry.publisher.title,
    )


def difference(before: Entry, after: Entry) -> Difference:
    """Compare a fetched entry with the stored one."""
    if shown(before) == shown(after):
        return _SAME
    if before.sent and before.sent == after.sent:
        return _SILENT  # the source is unchanged; only our cleaning differs
    if _is_other_page(before.link, after.link):
        return _MATERIAL
    title = _compare([before.title], [after.title])
    removed, added = _changed_blocks(_blocks(before), _blocks(after))
    if not before.sent and not (removed and added):
        removed = added = []  # stored by an earlier version, which may have cleaned differently
    found = [title, _compare(removed, added)]
    if _MATERIAL in found:
        return _MATERIAL
    sentences = frozenset(sentence for one in found for sentence in one.number_sentences)
    return Difference(kind="material", number_sentences=sentences) if sentences else _SILENT


def recurring(sentences: Iterable[str], entries: Iterable[Entry]) -> frozenset[str]:
    """Return the sentences (with `#` for numbers) that occur in several entries."""
    wanted = {sentence: max(sentence.split("#"), key=len) for sentence in sentences}
    counts = Counter(one for entry in entries for one in _sentences(entry, wanted))
    return frozenset(one for one, count in counts.items() if count >= RECURRING_ENTRIES)


def _sentences(entry: Entry, wanted: Mapping[str, str]) -> frozenset[str]:
    """Return the wanted sentences that an entry contains; `wanted` maps each to its longest part."""
    found: set[str] = set()
    for line in map(str.casefold, (entry.title, *_blocks(entry)) if wanted else ()):
        if any(part in line for part in wanted.values()):
            parts = _SENTENCES.split(without_counters(line))
            found.update(_unnumbered(part) for part in parts)
    return frozenset(found & wanted.keys())


def without_counters(text: str) -> str:
    """Remove counters and relative times from a text, such as `12 comments` and `3 hours ago`."""
    if not _NUMBER.search(text):
        return text
    count = 1
    while count:
        text, count = _counters().subn(" ", text)
        text = " ".join(text.split())
    return text


# --- blocks --------------------------------------------------------------------------------


def _blocks(entry: Entry) -> list[str]:
    # Imported here: it loads all of cleaning, which few commands need.
    from aggregator.gather.cleaning.text_blocks import texts  # noqa: PLC0415

    return texts(entry.html)


def _changed_blocks(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Return the removed and the added blocks, whatever their position."""
    if "".join("".join(before).split()) == "".join("".join(after).split()):
        return [], []
    return _multiset_difference(before, after), _multiset_difference(after, before)


def _multiset_difference(blocks: list[str], others: list[str]) -> list[str]:
    counts = Counter(others)
    left = []
    for block in blocks:
        if counts[block]:
            counts[block] -= 1
        else:
            left.append(block)
    return left


def _compare(before: list[str], after: list[str]) -> Difference:
    """Compare blocks without counters, then without numbers."""
    old, new = (list(_comparable_texts(blocks)) for blocks in (before, after))
    if sorted(old) == sorted(new):
        return _SAME
    if sorted(map(_unnumbered, old)) != sorted(map(_unnumbered, new)):
        return _MATERIAL
    pairs = zip(sorted(old, key=_unnumbered), sorted(new, key=_unnumbered), strict=True)
    sentences = frozenset(
        sentence for one, other in pairs for sentence in _changed_sentences(one, other)
    )
    return Difference(kind="material", number_sentences=sentences)


def _comparable_texts(blocks: list[str]) -> Iterator[str]:
    for block in blocks:
        text = without_counters(block).strip(_SEPARATORS)
        if _HAS_WORD.search(text):
            yield text.casefold()


def _unnumbered(text: str) -> str:
    return _NUMBER.sub("#", text)


def _changed_sentences(one: str, other: str) -> Iterator[str]:
    """Yield the sentences in which two blocks differ, with `#` for each number."""
    for old, new in zip_longest(_SENTENCES.split(one), _SENTENCES.split(other), fillvalue=""):
        if old != new:
            yield _unnumbered(old)


# --- URLs ----------------------------------------------------------------------------------


def _is_other_page(one: str, other: str) -> bool:
    """Return whether two links are different pages, ignoring session parameters."""
    if one == other:
        return False
    (page, _, query), (other_page, _, other_query) = (
        link_name(address).partition("?") for address in (one, other)
    )
    return page != other_page or _stable_parameters(query) != _stable_parameters(other_query)


def _stable_parameters(query: str) -> list[str]:
    """Return the query parameters that identify a page, without sessions and timestamps."""
    pairs = [(pair, *pair.partition("=")[::2]) for pair in query.split("&") if pair]
    return sorted(
        pair
        for pair, name, value in pairs
        if not _TRANSIENT_PARAMETER.search(name) and len(value) < _GENERATED_VALUE_CHARACTERS
    )


# --- rules ---------------------------------------------------------------------------------


@cache
def _counters() -> re.Pattern[str]:
    """Compile the rules of counters.yaml when they are first needed."""
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
