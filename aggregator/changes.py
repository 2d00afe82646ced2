"""What the sight of an entry means: which entry it is, and whether that is new, changed, older or the same.

A sight is matched by its names (guid, link, text). What two names say outweighs what one says;
of single names the guid goes before the link, and the link before the text. A name that turns
out to stand for several entries is never used again (`SPENT`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Literal

from aggregator import ids, urls
from aggregator.model import Entry

Kind = Literal["guid", "link", "fingerprint", "all"]
Verdict = Literal["new", "modified", "refreshed", "same", "older", "double"]

SPENT = ""  # in place of a key: the name stands for more than one entry
ORDER: tuple[Kind, ...] = ("guid", "link", "fingerprint", "all")
SHORT_TEXT = 120  # letters; a text below it names an entry only together with its date
VARIANTS_KEPT = 8
FLIP = timedelta(hours=24)  # an earlier text comes back for good when the later one is gone so long
ALIASES_KEPT = 8  # of one kind and entry, the newest
CLOCK_SLACK = timedelta(minutes=5)
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)  # dates before it are no dates


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
        values["fingerprint"] = _text_name(entry)
    values["all"] = f"{entry.guid}\0{entry.canonical}\0{entry.fingerprint}"
    return tuple(Name(kind, ids.entry_key(identity, kind, values[kind])) for kind in values)


def link_name(address: str) -> str:
    """Return what all forms of a page's address share; the address itself if there is no form."""
    return urls.same_key(address) or address


def _text_name(entry: Entry) -> str:
    name = f"{entry.publisher.id}\0{entry.fingerprint}"
    if len(entry.text) < SHORT_TEXT and entry.published is not None:
        return f"{name}\0{entry.published.isoformat()}"
    return name


# --- matching ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Book:
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

    def spend(self, name: Name) -> None:
        """Remember that the name stands for several entries."""
        if self.aliases.get(name.digest) != SPENT:
            self.aliases[name.digest] = SPENT
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
    book = _Book(aliases=dict(aliases), known=known)
    sights: dict[int, Sight] = {}
    if apart:
        for place in sorted(range(len(entries)), key=lambda n: _age(entries[n]), reverse=True):
            sights |= _match_document((place,), entries, named, book)
    else:
        first = _doubles(entries, named)
        single = [place for place in range(len(entries)) if first[place] == place]
        sights = _match_document(single, entries, named, book)
        for place, kept in enumerate(first):
            if place != kept:
                sights[place] = Sight(key=sights[kept].key, double=True)
    return Matching(
        sights=tuple(sights[place] for place in range(len(entries))),
        learned=tuple((name, key) for name, key in book.learned if book.aliases[name.digest]),
        spent=tuple(book.spent),
    )


def _age(entry: Entry) -> tuple[datetime, int, str]:
    """Sort copies of one dump: by stamp, then in a way that does not hang on their order."""
    return (entry.gathered or _OLDEST, len(entry.text), entry.fingerprint)


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
    return max(entry.modified or _OLDEST, entry.published or _OLDEST)


def _match_document(
    places: Sequence[int], entries: Sequence[Entry], named: Sequence[tuple[Name, ...]], book: _Book
) -> dict[int, Sight]:
    counts = Counter(name.digest for place in places for name in named[place])
    usable = {
        place: [
            name
            for name in named[place]
            if name.kind == "all"
            or (counts[name.digest] == 1 and book.aliases.get(name.digest) != SPENT)
        ]
        for place in places
    }
    chosen = _choose(places, entries, usable, book)
    for place in places:
        for name in named[place]:
            if counts[name.digest] > 1 and name.kind != "all":
                book.spend(name)
    return {place: _settle(usable[place], chosen.get(place), book) for place in places}


def _choose(
    places: Sequence[int],
    entries: Sequence[Entry],
    usable: Mapping[int, Sequence[Name]],
    book: _Book,
) -> dict[int, str]:
    """Give each stored entry to the sight with the best claim on it: most names, then the best."""
    claims: list[tuple[int, int, int, str]] = []
    for place in places:
        votes: dict[str, list[Kind]] = {}
        for name in usable[place]:
            if key := book.aliases.get(name.digest):
                votes.setdefault(key, []).append(name.kind)
        claims += [
            (-len(kinds), ORDER.index(kinds[0]), place, key)
            for key, kinds in votes.items()
            if kinds != ["link"]
            or len(places) > 1
            or _is_plausible(entries[place], book.known.get(key))
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


def _settle(usable: Sequence[Name], key: str | None, book: _Book) -> Sight:
    """Fix the key of a sight, learn its names and spend those that point elsewhere."""
    fresh = key is None
    if key is None:
        free = [name for name in usable if name.digest not in book.aliases]
        key = (free or usable)[0 if free else -1].digest
    agreeing = sum(book.aliases.get(name.digest) == key for name in usable)
    for name in usable:
        other = book.aliases.get(name.digest)
        if other is None and (name.kind != "all" or name.digest == key):
            book.learn(name, key)
        elif other not in (None, key) and name.kind != "all" and (fresh or agreeing > 1):
            book.spend(name)
    double = key in book.taken
    book.taken.add(key)
    return Sight(key=key, fresh=fresh and not double, double=double)


def worn(key: str, aliases: Iterable[tuple[Name, datetime]]) -> tuple[Name, ...]:
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


# --- change --------------------------------------------------------------------------------


def judge(known: Known, entry: Entry, now: datetime) -> Verdict:
    """Say what a sight does to the stored entry: modified, refreshed, same or older.

    A copy that claims to be older than what is stored never overrides it, and a text that
    alternates with another one is no change.
    """
    if known.blank:
        return "refreshed"
    if entry.material == known.material or _reads_the_same(known, entry):
        return "same"
    if _is_before(entry.gathered, known.gathered) or _is_before(stamp(entry, now), known.stamp):
        return "older"
    if _is_before(known.stamp, stamp(entry, now)) or _is_before(known.gathered, entry.gathered):
        return "modified"
    texts = dict(known.variants)
    if entry.material in texts and now - texts.get(known.material, now) < FLIP:
        return "older"
    return "modified"


def _reads_the_same(known: Known, entry: Entry) -> bool:
    """Say whether title, text and page are those that are stored; an address may carry a session."""
    return (
        entry.title == known.title
        and entry.fingerprint == known.fingerprint != ""
        and _page(entry.link) == _page(known.link)
    )


def _page(address: str) -> str:
    return link_name(address).partition("?")[0]


def _is_before(one: datetime | None, two: datetime | None) -> bool:
    return one is not None and two is not None and one < two


def stamp(entry: Entry, now: datetime) -> datetime | None:
    """Return how new an entry claims to be; None if it does not say, or says what cannot be."""
    claims = (entry.modified, entry.published)
    return max((one for one in claims if one and _OLDEST <= one <= now), default=None)


def variants(known: Known, material: str, now: datetime) -> tuple[tuple[str, datetime], ...]:
    """Return the texts of an entry after this one was seen, the one that is shown last."""
    before = known.variants or ((known.material, now),)
    older = tuple(one for one in before if one[0] != material)
    return (*older, (material, now))[-VARIANTS_KEPT:]


def should_touch(known: Known, now: datetime) -> bool:
    """Say whether the time at which the present one of several texts was seen is worth writing."""
    return len(known.variants) > 1 and now - known.variants[-1][1] > FLIP / 12


# --- times ---------------------------------------------------------------------------------


def published(entry: Entry, first_seen: datetime) -> datetime:
    """Return the effective date: the claimed one, else a dump's stamp, never after first seen."""
    claim = next(
        (one for one in (entry.published, entry.gathered) if one and one >= _OLDEST), first_seen
    )
    return min(claim, first_seen)


def newest(dates: Sequence[datetime], most: int | None) -> frozenset[int]:
    """Return the places of the newest dates, all if `most` is None; of equals the first."""
    places = sorted(range(len(dates)), key=lambda place: (-dates[place].timestamp(), place))
    return frozenset(places[:most])


def trusted(now: datetime, latest: datetime | None, claims: Sequence[datetime]) -> datetime:
    """Return the time to write down, where the clock may be behind.

    `latest` is the latest time ever written, `claims` the dates claimed by entries seen last.
    If the clock went back and most of the claims lie after it, then the clock is wrong and
    `latest` is nearer to the truth; else the earlier time was wrong.
    """
    if latest is None or now >= latest - CLOCK_SLACK:
        return now
    later = sum(claim > now + CLOCK_SLACK for claim in claims)
    return latest if later * 2 > len(claims) else now
