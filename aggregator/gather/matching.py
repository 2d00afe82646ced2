"""Matches the entries of a document with stored entries.

Names and content are evidence. Two independent names are enough for a match. One name is enough if
title, text or date agrees, or if the document gives no reason to doubt its names. A name that turns
out to belong to several entries is never used again (`AMBIGUOUS`). The result does not depend on the
order of a document, on learned boilerplate or on the current time.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from aggregator.core.model import Entry
from aggregator.gather.identity import (
    AMBIGUOUS,
    MIN_DATE,
    ORDER,
    Kind,
    Known,
    Name,
    looks_like_position,
    repeats_link,
)

_SAME_DATE = timedelta(minutes=1)  # largest gap between two equal dates
_SIMILAR_DATE = timedelta(hours=1)  # largest gap between two dates that do not conflict
_OTHER_DAY = timedelta(hours=14)  # a larger gap is no time zone error
# The score of each kind of evidence.
_NAME_POINTS, _TEXT_POINTS, _HEADLINE_POINTS, _DETAIL_POINTS = 6, 6, 3, 2
# A generated, globally unique guid.
_UNIQUE_GUID = re.compile(r"(?=.{16})(?!\D*\d{0,4}\D*$).*", re.DOTALL)
_MAX_COPIES = 20  # compared for each pair of names in a document


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The key of an entry: a new key if `is_new`; `is_duplicate` if the batch already has the key."""

    key: str
    is_new: bool = False
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The matches of a batch, in its order, with the names learned and those found ambiguous."""

    matches: tuple[Match, ...]
    learned: tuple[tuple[Name, str], ...] = ()
    ambiguous: tuple[Name, ...] = ()


@dataclass(slots=True)
class AliasTable:
    """The known aliases and entries while a batch is matched, and what was learned about them."""

    aliases: dict[str, str]
    known: Mapping[str, Known]
    matched: set[str] = field(default_factory=set)
    learned: list[tuple[Name, str]] = field(default_factory=list)
    ambiguous: list[Name] = field(default_factory=list)

    def learn(self, name: Name, key: str) -> None:
        """Add the name as an alias of the entry."""
        self.aliases[name.digest] = key
        self.learned.append((name, key))

    def mark_ambiguous(self, name: Name) -> None:
        """Mark the name as belonging to several entries."""
        if self.aliases.get(name.digest) != AMBIGUOUS:
            self.aliases[name.digest] = AMBIGUOUS
            self.ambiguous.append(name)


def match(
    entries: Sequence[Entry],
    named: Sequence[tuple[Name, ...]],
    aliases: Mapping[str, str],
    known: Mapping[str, Known],
    *,
    standalone: bool = False,
) -> Matching:
    """Match each entry with a stored one, or give it a new key.

    `named` are the names of the entries, `aliases` maps names to keys, and `known` maps keys to
    stored entries. With `standalone`, each entry is a document of its own, and of several copies
    the latest counts. Otherwise all entries are from one document.
    """
    table = AliasTable(aliases=dict(aliases), known=known)
    matches: dict[int, Match] = {}
    if standalone:
        for place in sorted(range(len(entries)), key=lambda n: _age(entries[n]), reverse=True):
            document = _Document((place,), entries, named, table, trusted=True)
            matches |= document.match()
    else:
        first = _find_duplicates(entries, named)
        single = tuple(place for place in range(len(entries)) if first[place] == place)
        matches = _Document(single, entries, named, table).match()
        for place, kept in enumerate(first):
            if place != kept:
                matches[place] = Match(key=matches[kept].key, is_duplicate=True)
    return Matching(
        matches=tuple(matches[place] for place in range(len(entries))),
        learned=tuple((name, key) for name, key in table.learned if table.aliases[name.digest]),
        ambiguous=tuple(table.ambiguous),
    )


def _age(entry: Entry) -> tuple[datetime, int, str]:
    """Return the sort key of copies of one dump: the stamp, then content, whatever their order."""
    return (entry.gathered or MIN_DATE, len(entry.text), entry.fingerprint)


# --- copies within a document --------------------------------------------------------------


def _find_duplicates(entries: Sequence[Entry], named: Sequence[tuple[Name, ...]]) -> list[int]:
    """Return, for each entry of a document, the index of the entry that it duplicates, or its own.

    Two entries are duplicates if two of guid, link and text are equal, or all that they have, and
    nothing else conflicts. The one with the latest date is kept.
    """
    first = list(range(len(entries)))
    shared = Counter(name.digest for own in named for name in own)
    seen: dict[tuple[str, ...], list[int]] = {}

    def _order(place: int) -> tuple[float, tuple[str, ...]]:
        return -_latest_date(entries[place]).timestamp(), tuple(n.digest for n in named[place])

    for place in sorted(first, key=_order):
        own = _independent_names(entries[place], named[place])
        pairs: list[tuple[str, ...]] = [*combinations(own, 2)] or [tuple(own)]
        rare = len(entries) > 2 and all(
            shared[name.digest] == 2 for name in named[place] if name.kind in ("guid", "link")
        )
        copies = (one for pair in pairs for one in seen.get(pair, ()))
        kept = next((one for one in copies if _is_copy(entries[one], entries[place], rare)), place)
        first[place] = kept
        if kept == place:
            for pair in pairs:
                if len(found := seen.setdefault(pair, [])) < _MAX_COPIES:
                    found.append(place)
    return first


def _independent_names(entry: Entry, named: Sequence[Name]) -> list[str]:
    """Return the digests of guid, link and text; a guid that repeats the link does not count twice."""
    kinds = ("link", "fingerprint") if repeats_link(entry) else ("guid", "link", "fingerprint")
    return [name.digest for name in named if name.kind in kinds]


def _latest_date(entry: Entry) -> datetime:
    return max(entry.modified or MIN_DATE, entry.published or MIN_DATE)


def _is_copy(one: Entry, other: Entry, rare: bool) -> bool:
    """Return whether two entries of a document that share enough names do not conflict.

    `rare`: only these two entries have the names, so that less evidence is enough.
    """
    gap = _gap(one.published, other.published)
    same_day = gap is None or gap <= _SIMILAR_DATE
    if one.fingerprint == other.fingerprint:
        return same_day or (one.guid == other.guid != "" and one.link == other.link != "")
    if one.title == other.title:
        return same_day or rare
    return rare and gap is not None and same_day


def _gap(one: datetime | None, other: datetime | None) -> timedelta | None:
    """Return the gap between two dates; None if one is missing."""
    return None if one is None or other is None else abs(one - other)


# --- one document --------------------------------------------------------------------------


@dataclass(slots=True)
class _Document:
    """The entries of one document, by index, and what they show together."""

    places: tuple[int, ...]
    entries: Sequence[Entry]
    named: Sequence[tuple[Name, ...]]
    table: AliasTable
    trusted: bool = False  # names are believed without further evidence
    usable: dict[int, list[Name]] = field(default_factory=dict)
    titles: Counter[str] = field(default_factory=Counter)
    dates: Counter[datetime] = field(default_factory=Counter)
    has_moved_names: bool = False  # a known guid is on another text than before
    has_stable_names: bool = False  # a known name is on the same text as before

    def match(self) -> dict[int, Match]:
        """Match the entries, and update the alias table with their names."""
        counts = Counter(name.digest for place in self.places for name in self.named[place])
        aliases = self.table.aliases
        for place in self.places:
            self.usable[place] = [
                name
                for name in self.named[place]
                if name.kind == "all"
                or (counts[name.digest] == 1 and aliases.get(name.digest) != AMBIGUOUS)
            ]
            self.titles[self.entries[place].title] += 1
            if (published := self.entries[place].published) is not None:
                self.dates[published] += 1
        chosen = self._choose()
        for place in self.places:
            for name in self.named[place]:
                if counts[name.digest] > 1 and name.kind != "all":
                    self.table.mark_ambiguous(name)
        return {
            place: _resolve(self.usable[place], chosen.get(place), self.table)
            for place in self.places
        }

    def _choose(self) -> dict[int, str]:
        """Assign each stored entry to the entry with the highest score."""
        candidates = {place: self._candidates(place) for place in self.places}
        for own in candidates.values():
            texts = {key for key, kinds in own.items() if "fingerprint" in kinds}
            for key, kinds in own.items():
                if "guid" in kinds or "link" in kinds:
                    self.has_stable_names |= key in texts
                    self.has_moved_names |= "guid" in kinds and bool(texts - {key})
        ranked: list[tuple[int, int, tuple[str, ...], int, str]] = []
        for place, own in candidates.items():
            digests = tuple(name.digest for name in self.named[place])
            ranked += [
                (-self._score(place, key, kinds), ORDER.index(kinds[0]), digests, place, key)
                for key, kinds in own.items()
                if self._is_credible(place, key, kinds)
            ]
        chosen: dict[int, str] = {}
        assigned: set[str] = set()
        for *_, place, key in sorted(ranked):
            if place not in chosen and key not in assigned:
                chosen[place] = key
                assigned.add(key)
        return chosen

    def _candidates(self, place: int) -> dict[str, list[Kind]]:
        """Return the stored entries that share names with one entry, and the kinds of these names."""
        candidates: dict[str, list[Kind]] = {}
        for name in self.usable[place]:
            if key := self.table.aliases.get(name.digest):
                candidates.setdefault(key, []).append(name.kind)
        return candidates

    def _score(self, place: int, key: str, kinds: Sequence[Kind]) -> int:
        """Score a candidate by names, text, title and date."""
        entry, known = self.entries[place], self.table.known.get(key)
        named = len({"guid", "link"} & set(kinds))
        points = _NAME_POINTS * (1 if named == 2 and repeats_link(entry) else named)
        points += _HEADLINE_POINTS * ("headline" in kinds)
        if known is None:
            return points + _TEXT_POINTS * ("fingerprint" in kinds)
        points += _TEXT_POINTS if _has_same_text(entry, known, kinds) else -1
        title, date = self._has_same_title(entry, known), self._has_same_date(entry, known)
        points += 0 if title is None else _DETAIL_POINTS if title else -_DETAIL_POINTS
        return points + (0 if date is None else _DETAIL_POINTS if date else -1)

    def _has_same_title(self, entry: Entry, known: Known) -> bool | None:
        """Compare titles; None if they are equal but other entries have the same title."""
        if entry.title != known.title:
            return False
        return True if self.titles[entry.title] == 1 else None

    def _has_same_date(self, entry: Entry, known: Known) -> bool | None:
        """Compare dates; None if one is missing, if they are close, or if several entries have the date."""
        gap = _gap(entry.published, known.claim)
        if gap is None or entry.published is None or self.dates[entry.published] > 1:
            return None
        return gap <= _SAME_DATE if gap <= _SAME_DATE or gap > _SIMILAR_DATE else None

    def _is_credible(self, place: int, key: str, kinds: Sequence[Kind]) -> bool:
        """Return whether the evidence for a candidate outweighs the conflicts."""
        entry, known = self.entries[place], self.table.known.get(key)
        if self.trusted or known is None or known.blank:
            return True
        named: set[str] = {"guid", "link"} & set(kinds)
        if len(named) == 2 and not repeats_link(entry):
            return True
        if _has_same_text(entry, known, kinds):
            return self._is_repeated_text(place, known, named)
        if not named:  # title and date are equal
            return not self._has_new_names(place)
        agreement = (
            bool(self._has_same_title(entry, known)),
            bool(self._has_same_date(entry, known)),
        )
        if "guid" in named and looks_like_position(entry.guid):
            return agreement[0]
        return any(agreement) or self._is_rewritten(entry, named)

    def _is_repeated_text(self, place: int, known: Known, named: set[str]) -> bool:
        """Return whether an equal text is the same entry, not a later one with the same words."""
        entry = self.entries[place]
        gap = _gap(entry.published, known.claim)
        if self._has_same_date(entry, known) is not False or gap is None:
            return True
        if not named:
            return gap <= _OTHER_DAY and not self._has_new_names(place)
        doubtful = (
            looks_like_position(entry.guid)
            if "guid" in named
            else len(self.places) == 1 and self._has_new_names(place)
        )
        return not doubtful or gap <= _OTHER_DAY

    def _is_rewritten(self, entry: Entry, named: set[str]) -> bool:
        """Return whether one name is enough although title, text and date all differ.

        It is not if names move between entries in this document, or if nothing shows that they do not.
        """
        if self.has_moved_names:
            return False
        own = "guid" in named and not repeats_link(entry)
        if own and (len(self.places) == 1 or _UNIQUE_GUID.fullmatch(entry.guid)):
            return True
        return self.has_stable_names and len(self.places) > 1

    def _has_new_names(self, place: int) -> bool:
        """Return whether an entry has a guid or link that is not a known alias."""
        return any(
            name.kind in ("guid", "link") and name.digest not in self.table.aliases
            for name in self.usable[place]
        )


def _has_same_text(entry: Entry, known: Known, kinds: Sequence[Kind]) -> bool:
    if "fingerprint" in kinds or "all" in kinds:
        return True
    return entry.fingerprint == known.fingerprint != ""


def _resolve(usable: Sequence[Name], key: str | None, table: AliasTable) -> Match:
    """Return the match of an entry, learn its names, and mark conflicting ones as ambiguous."""
    is_new = key is None
    if key is None:
        free = [name for name in usable if name.digest not in table.aliases]
        key = (free or usable)[0 if free else -1].digest
    agreeing = sum(table.aliases.get(name.digest) == key for name in usable)
    for name in usable:
        other = table.aliases.get(name.digest)
        if other is None and (name.kind != "all" or name.digest == key):
            table.learn(name, key)
        elif other not in (None, key) and name.kind != "all" and (is_new or agreeing > 1):
            table.mark_ambiguous(name)
    is_duplicate = key in table.matched
    table.matched.add(key)
    return Match(key=key, is_new=is_new and not is_duplicate, is_duplicate=is_duplicate)
