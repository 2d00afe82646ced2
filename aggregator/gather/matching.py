"""Which stored entry each entry of a document is.

Names are witnesses, and what an entry says is another: two names that are two vouch for it; one
name does if title, text or date agrees, or if nothing but the name can be told from the document.
A name that turns out to stand for several entries is never used again (`AMBIGUOUS`).
Nothing here depends on the order of a document, on what was learned, or on the time of day.
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
    OLDEST,
    ORDER,
    Kind,
    Known,
    Name,
    may_count_places,
    repeats_link,
)

_SAME = timedelta(minutes=1)  # between two dates that are one
_TOLERANCE = timedelta(hours=1)  # between two dates that do not contradict each other
_ANOTHER_DAY = timedelta(hours=14)  # no mistake about the time zone
_NAME, _TEXT, _HEADLINE, _DETAIL = 6, 6, 3, 2  # points of a witness
_UNIQUE = re.compile(r"(?=.{16})(?!\D*\d{0,4}\D*$).*", re.DOTALL)  # a guid made to be the only one
_MOST_COPIES = 20  # of one pair of names in a document that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which entry a sight is of: `key` is new if `fresh`; `double` if seen before in the batch."""

    key: str
    fresh: bool = False
    double: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The sights of one batch in its order, the names learned from them and those spent."""

    sights: tuple[Sight, ...]
    learned: tuple[tuple[Name, str], ...] = ()
    spent: tuple[Name, ...] = ()


@dataclass(slots=True)
class AliasTable:
    """What is known while a batch is matched, and what was found out."""

    aliases: dict[str, str]
    known: Mapping[str, Known]
    taken: set[str] = field(default_factory=set)
    learned: list[tuple[Name, str]] = field(default_factory=list)
    spent: list[Name] = field(default_factory=list)

    def learn(self, name: Name, key: str) -> None:
        """Remember that the name stands for the entry."""
        self.aliases[name.digest] = key
        self.learned.append((name, key))

    def mark_ambiguous(self, name: Name) -> None:
        """Remember that the name stands for several entries."""
        if self.aliases.get(name.digest) != AMBIGUOUS:
            self.aliases[name.digest] = AMBIGUOUS
            self.spent.append(name)


def match(
    entries: Sequence[Entry],
    named: Sequence[tuple[Name, ...]],
    aliases: Mapping[str, str],
    known: Mapping[str, Known],
    *,
    apart: bool = False,
) -> Matching:
    """Say of each entry which one it is.

    `named` are their names; `aliases` the keys that those names stand for so far; `known` the
    entries of these keys. With `apart` each entry is a document of its own and the latest copy
    of one is its sight, else all are of one document.
    """
    table = AliasTable(aliases=dict(aliases), known=known)
    sights: dict[int, Sight] = {}
    if apart:
        for place in sorted(range(len(entries)), key=lambda n: _age(entries[n]), reverse=True):
            document = _Document((place,), entries, named, table, trusted=True)
            sights |= document.match()
    else:
        first = _doubles(entries, named)
        single = tuple(place for place in range(len(entries)) if first[place] == place)
        sights = _Document(single, entries, named, table).match()
        for place, kept in enumerate(first):
            if place != kept:
                sights[place] = Sight(key=sights[kept].key, double=True)
    return Matching(
        sights=tuple(sights[place] for place in range(len(entries))),
        learned=tuple((name, key) for name, key in table.learned if table.aliases[name.digest]),
        spent=tuple(table.spent),
    )


def _age(entry: Entry) -> tuple[datetime, int, str]:
    """Sort copies of one dump: by stamp, then in a way that does not depend on their order."""
    return (entry.gathered or OLDEST, len(entry.text), entry.fingerprint)


# --- copies within a document --------------------------------------------------------------


def _doubles(entries: Sequence[Entry], named: Sequence[tuple[Name, ...]]) -> list[int]:
    """Say of each entry of a document which other one it is listed twice with, else itself.

    Two are one if two of guid, link and text are the same, or all that they have, and nothing
    else contradicts. The one that claims the latest date is kept.
    """
    first = list(range(len(entries)))
    shared = Counter(name.digest for own in named for name in own)
    seen: dict[tuple[str, ...], list[int]] = {}

    def _order(place: int) -> tuple[float, tuple[str, ...]]:
        return -_claimed(entries[place]).timestamp(), tuple(n.digest for n in named[place])

    for place in sorted(first, key=_order):
        own = _witnesses(entries[place], named[place])
        pairs: list[tuple[str, ...]] = [*combinations(own, 2)] or [tuple(own)]
        rare = len(entries) > 2 and all(
            shared[name.digest] == 2 for name in named[place] if name.kind in ("guid", "link")
        )
        copies = (one for pair in pairs for one in seen.get(pair, ()))
        kept = next((one for one in copies if _is_copy(entries[one], entries[place], rare)), place)
        first[place] = kept
        if kept == place:
            for pair in pairs:
                if len(found := seen.setdefault(pair, [])) < _MOST_COPIES:
                    found.append(place)
    return first


def _witnesses(entry: Entry, named: Sequence[Name]) -> list[str]:
    """Return the digests of the names that are two where they are two."""
    kinds = ("link", "fingerprint") if repeats_link(entry) else ("guid", "link", "fingerprint")
    return [name.digest for name in named if name.kind in kinds]


def _claimed(entry: Entry) -> datetime:
    return max(entry.modified or OLDEST, entry.published or OLDEST)


def _is_copy(one: Entry, other: Entry, rare: bool) -> bool:
    """Say whether two entries of a document that share enough names do not contradict each other.

    `rare`: the names are those of these two alone, so that less will do.
    """
    gap = _gap(one.published, other.published)
    same_day = gap is None or gap <= _TOLERANCE
    if one.fingerprint == other.fingerprint:
        return same_day or (one.guid == other.guid != "" and one.link == other.link != "")
    if one.title == other.title:
        return same_day or rare
    return rare and gap is not None and same_day


def _gap(one: datetime | None, other: datetime | None) -> timedelta | None:
    """Return how far two dates lie apart; None if there are not two."""
    return None if one is None or other is None else abs(one - other)


# --- one document --------------------------------------------------------------------------


@dataclass(slots=True)
class _Document:
    """The entries of one document, by place, and what can be told from all of them together."""

    places: tuple[int, ...]
    entries: Sequence[Entry]
    named: Sequence[tuple[Name, ...]]
    table: AliasTable
    trusted: bool = False  # names are taken at their word
    usable: dict[int, list[Name]] = field(default_factory=dict)
    titles: Counter[str] = field(default_factory=Counter)
    dates: Counter[datetime] = field(default_factory=Counter)
    moved: bool = False  # a guid lies on another text than before
    settled: bool = False  # a name lies on the text on which it lay

    def match(self) -> dict[int, Sight]:
        """Say which entry each of them is, and note what their names stand for."""
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
            place: _settle(self.usable[place], chosen.get(place), self.table)
            for place in self.places
        }

    def _choose(self) -> dict[int, str]:
        """Give each stored entry to the one with the best claim on it."""
        votes = {place: self._votes(place) for place in self.places}
        for own in votes.values():
            texts = {key for key, kinds in own.items() if "fingerprint" in kinds}
            for key, kinds in own.items():
                if "guid" in kinds or "link" in kinds:
                    self.settled |= key in texts
                    self.moved |= "guid" in kinds and bool(texts - {key})
        claims: list[tuple[int, int, tuple[str, ...], int, str]] = []
        for place, own in votes.items():
            digests = tuple(name.digest for name in self.named[place])
            claims += [
                (-self._points(place, key, kinds), ORDER.index(kinds[0]), digests, place, key)
                for key, kinds in own.items()
                if self._is_credible(place, key, kinds)
            ]
        chosen: dict[int, str] = {}
        given: set[str] = set()
        for *_, place, key in sorted(claims):
            if place not in chosen and key not in given:
                chosen[place] = key
                given.add(key)
        return chosen

    def _votes(self, place: int) -> dict[str, list[Kind]]:
        """Return the stored entries that the names of one entry stand for, and by which names."""
        votes: dict[str, list[Kind]] = {}
        for name in self.usable[place]:
            if key := self.table.aliases.get(name.digest):
                votes.setdefault(key, []).append(name.kind)
        return votes

    def _points(self, place: int, key: str, kinds: Sequence[Kind]) -> int:
        """Weigh a claim: names, text, then title and date, for and against."""
        entry, known = self.entries[place], self.table.known.get(key)
        named = len({"guid", "link"} & set(kinds))
        points = _NAME * (1 if named == 2 and repeats_link(entry) else named)
        points += _HEADLINE * ("headline" in kinds)
        if known is None:
            return points + _TEXT * ("fingerprint" in kinds)
        points += _TEXT if _has_same_text(entry, known, kinds) else -1
        title, date = self._has_same_title(entry, known), self._has_same_date(entry, known)
        points += 0 if title is None else _DETAIL if title else -_DETAIL
        return points + (0 if date is None else _DETAIL if date else -1)

    def _has_same_title(self, entry: Entry, known: Known) -> bool | None:
        """Compare titles; None if they are the same and others have it as well."""
        if entry.title != known.title:
            return False
        return True if self.titles[entry.title] == 1 else None

    def _has_same_date(self, entry: Entry, known: Known) -> bool | None:
        """Compare dates; None if there are not two, if they are close, or on several entries."""
        gap = _gap(entry.published, known.claim)
        if gap is None or entry.published is None or self.dates[entry.published] > 1:
            return None
        return gap <= _SAME if gap <= _SAME or gap > _TOLERANCE else None

    def _is_credible(self, place: int, key: str, kinds: Sequence[Kind]) -> bool:
        """Say whether what vouches for a claim outweighs what contradicts it."""
        entry, known = self.entries[place], self.table.known.get(key)
        if self.trusted or known is None or known.blank:
            return True
        named: set[str] = {"guid", "link"} & set(kinds)
        if len(named) == 2 and not repeats_link(entry):
            return True
        if _has_same_text(entry, known, kinds):
            return self._is_same_again(place, known, named)
        if not named:  # title and date are the same
            return not self._brings_names(place)
        agrees = bool(self._has_same_title(entry, known)), bool(self._has_same_date(entry, known))
        if "guid" in named and may_count_places(entry.guid):
            return agrees[0]
        return any(agrees) or self._is_rewritten(entry, named)

    def _is_same_again(self, place: int, known: Known, named: set[str]) -> bool:
        """Say whether the same words are the same entry, and not those of another day."""
        entry = self.entries[place]
        gap = _gap(entry.published, known.claim)
        if self._has_same_date(entry, known) is not False or gap is None:
            return True
        if not named:
            return gap <= _ANOTHER_DAY and not self._brings_names(place)
        doubtful = (
            may_count_places(entry.guid)
            if "guid" in named
            else len(self.places) == 1 and self._brings_names(place)
        )
        return not doubtful or gap <= _ANOTHER_DAY

    def _is_rewritten(self, entry: Entry, named: set[str]) -> bool:
        """Say whether one name is enough where title, text and date are all others.

        It is not if names move in this document, or if nothing shows that they stay.
        """
        if self.moved:
            return False
        own = "guid" in named and not repeats_link(entry)
        if own and (len(self.places) == 1 or _UNIQUE.fullmatch(entry.guid)):
            return True
        return self.settled and len(self.places) > 1

    def _brings_names(self, place: int) -> bool:
        """Say whether an entry has a guid or link that was never seen."""
        return any(
            name.kind in ("guid", "link") and name.digest not in self.table.aliases
            for name in self.usable[place]
        )


def _has_same_text(entry: Entry, known: Known, kinds: Sequence[Kind]) -> bool:
    if "fingerprint" in kinds or "all" in kinds:
        return True
    return entry.fingerprint == known.fingerprint != ""


def _settle(usable: Sequence[Name], key: str | None, table: AliasTable) -> Sight:
    """Fix the key of a sight, learn its names and spend those that point elsewhere."""
    fresh = key is None
    if key is None:
        free = [name for name in usable if name.digest not in table.aliases]
        key = (free or usable)[0 if free else -1].digest
    agreeing = sum(table.aliases.get(name.digest) == key for name in usable)
    for name in usable:
        other = table.aliases.get(name.digest)
        if other is None and (name.kind != "all" or name.digest == key):
            table.learn(name, key)
        elif other not in (None, key) and name.kind != "all" and (fresh or agreeing > 1):
            table.mark_ambiguous(name)
    double = key in table.taken
    table.taken.add(key)
    return Sight(key=key, fresh=fresh and not double, double=double)
