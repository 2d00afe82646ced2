"""Which stored entry a gathered one is.

A sight is matched by its names (guid, link, text). What two names say outweighs what one says;
of single names the guid goes before the link, and the link before the text. A name that turns
out to stand for several entries is never used again (`AMBIGUOUS`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from typing import Literal

from aggregator.core import ids
from aggregator.core.model import Entry
from aggregator.text import urls

Kind = Literal["guid", "link", "fingerprint", "all"]

AMBIGUOUS = ""  # in place of a key: the name stands for more than one entry
ORDER: tuple[Kind, ...] = ("guid", "link", "fingerprint", "all")
SHORT_TEXT = 120  # letters; a text below it names an entry only together with its date
ALIASES_KEPT = 8  # of one kind and entry, the newest
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)  # dates before it are no dates


@dataclass(frozen=True, slots=True)
class Name:
    """One thing that an entry is known by; `digest` is the key that it would give."""

    kind: Kind
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is remembered of a stored entry, as far as it decides on a sight.

    `variants` are the digests of its texts and when each was last seen, the present one last.
    `blank`: there is no true text of it, so that the next one is taken without a word.
    """

    key: str
    title: str
    link: str = ""
    fingerprint: str = ""
    material: str
    claim: datetime | None = None
    stamp: datetime | None = None
    gathered: datetime | None = None
    variants: tuple[tuple[str, datetime], ...] = ()
    blank: bool = False


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


# --- names ---------------------------------------------------------------------------------


def names(identity: str, entry: Entry, *, apart: bool = False) -> tuple[Name, ...]:
    """Return what an entry of a source is known by, the best name first.

    With `apart` it is a document of its own, whose link is its only name if it has one:
    two publishers may bring one text. Texts count within one publisher.
    """
    values: dict[Kind, str] = {}
    if entry.guid:
        values["guid"] = entry.guid
    if page := link_name(entry.canonical or entry.link):
        values["link"] = page
    if entry.fingerprint and not (apart and values):
        values["fingerprint"] = _text_name(identity, entry)
    values["all"] = f"{entry.guid}\0{entry.canonical}\0{entry.fingerprint}"
    return tuple(Name(kind, ids.entry_key(identity, kind, values[kind])) for kind in values)


def link_name(address: str) -> str:
    """Return what all forms of a page's address share; the address itself if there is no form."""
    return urls.same_key(address) or address


def _text_name(identity: str, entry: Entry) -> str:
    # A publisher that the document does not state may be found out later, or change with it.
    writer = entry.publisher.id if entry.publisher.stated else identity
    name = f"{writer}\0{entry.fingerprint}"
    if len(entry.text) < SHORT_TEXT and entry.published is not None:
        return f"{name}\0{entry.published.isoformat()}"
    return name


# --- matching ------------------------------------------------------------------------------


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
            sights |= _match_document((place,), entries, named, table)
    else:
        first = _doubles(entries, named)
        single = [place for place in range(len(entries)) if first[place] == place]
        sights = _match_document(single, entries, named, table)
        for place, kept in enumerate(first):
            if place != kept:
                sights[place] = Sight(key=sights[kept].key, double=True)
    return Matching(
        sights=tuple(sights[place] for place in range(len(entries))),
        learned=tuple((name, key) for name, key in table.learned if table.aliases[name.digest]),
        spent=tuple(table.spent),
    )


def _age(entry: Entry) -> tuple[datetime, int, str]:
    """Sort copies of one dump: by stamp, then in a way that does not hang on their order."""
    return (entry.gathered or OLDEST, len(entry.text), entry.fingerprint)


def _doubles(entries: Sequence[Entry], named: Sequence[tuple[Name, ...]]) -> list[int]:
    """Say of each entry of a document which other one it is listed twice with, else itself.

    Two are one if they share two of guid, link and text, or all that they have. The one that
    claims the latest date is kept, of equals the first.
    """
    first = list(range(len(entries)))
    seen: dict[tuple[str, ...], int] = {}
    for place in sorted(first, key=lambda n: (-_claimed(entries[n]).timestamp(), n)):
        own = [name.digest for name in named[place] if name.kind != "all"]
        pairs: list[tuple[str, ...]] = [*combinations(own, 2)] or [tuple(own)]
        first[place] = next((seen[pair] for pair in pairs if pair in seen), place)
        for pair in pairs:
            seen.setdefault(pair, first[place])
    return first


def _claimed(entry: Entry) -> datetime:
    return max(entry.modified or OLDEST, entry.published or OLDEST)


def _match_document(
    places: Sequence[int],
    entries: Sequence[Entry],
    named: Sequence[tuple[Name, ...]],
    table: AliasTable,
) -> dict[int, Sight]:
    counts = Counter(name.digest for place in places for name in named[place])
    usable = {
        place: [
            name
            for name in named[place]
            if name.kind == "all"
            or (counts[name.digest] == 1 and table.aliases.get(name.digest) != AMBIGUOUS)
        ]
        for place in places
    }
    chosen = _choose(places, entries, usable, table)
    for place in places:
        for name in named[place]:
            if counts[name.digest] > 1 and name.kind != "all":
                table.mark_ambiguous(name)
    return {place: _settle(usable[place], chosen.get(place), table) for place in places}


def _choose(
    places: Sequence[int],
    entries: Sequence[Entry],
    usable: Mapping[int, Sequence[Name]],
    table: AliasTable,
) -> dict[int, str]:
    """Give each stored entry to the sight with the best claim on it: most names, then the best."""
    claims: list[tuple[int, int, int, str]] = []
    for place in places:
        votes: dict[str, list[Kind]] = {}
        for name in usable[place]:
            if key := table.aliases.get(name.digest):
                votes.setdefault(key, []).append(name.kind)
        claims += [
            (-len(kinds), ORDER.index(kinds[0]), place, key)
            for key, kinds in votes.items()
            if kinds != ["link"]
            or len(places) > 1
            or _is_plausible(entries[place], table.known.get(key))
        ]
    chosen: dict[int, str] = {}
    given: set[str] = set()
    for _, _, place, key in sorted(claims):
        if place not in chosen and key not in given:
            chosen[place] = key
            given.add(key)
    return chosen


def _is_plausible(entry: Entry, known: Known | None) -> bool:
    """Say whether a shared link alone may make one entry of two, in a document of one entry.

    Not if guid, title, text and date are all others: then news follow each other on one page.
    In a longer document that page would have shown itself as the link of several.
    """
    if known is None or not entry.guid or known.title == entry.title:
        return True
    return entry.published is None or known.claim is None or entry.published == known.claim


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


def surplus_aliases(key: str, aliases: Iterable[tuple[Name, datetime]]) -> tuple[Name, ...]:
    """Return the names of an entry that are too many, the oldest of each kind.

    The name that gave the key stays: it would give that key again.
    """
    kinds: dict[Kind, list[tuple[datetime, str, Name]]] = {}
    for name, seen in aliases:
        if name.digest != key:
            kinds.setdefault(name.kind, []).append((seen, name.digest, name))
    return tuple(
        name
        for found in kinds.values()
        for _, _, name in sorted(found, key=lambda one: one[:2], reverse=True)[ALIASES_KEPT:]
    )
