"""Gathering: what one source brought, matched with what is stored and written down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from aggregator.core.model import Change, Entry, Source, SourceState, StoredEntry
from aggregator.gather import revision
from aggregator.gather.changes import Difference, difference, recurring
from aggregator.gather.identity import AMBIGUOUS, Known, Name, names, surplus_aliases
from aggregator.gather.matching import Matching, Sight, match
from aggregator.store import blocks, clock_repair, schema
from aggregator.store.codec import from_json, from_ticks, to_json, to_ticks
from aggregator.store.database import chunks, upsert
from aggregator.store.rows import content_of, load_entries, load_known, row_of

_alias = schema.alias.c
_entry = schema.entry.c
_OLDER = "an older copy of an entry that is stored"
_DOUBLE = "a copy of another entry of the same documents"
_EMPTY = "holds nothing to know it by"
_SAME = Difference(kind="same")


@dataclass(slots=True, kw_only=True)
class _Batch:
    """The rows of one gathering, collected so that each table is written once.

    `found` is how entries differ from what is stored, `forgotten` are those without a text there.
    """

    identity: str
    now: datetime
    known: Mapping[str, Known]
    found: Mapping[str, Difference]
    forgotten: frozenset[str] = frozenset()
    new: list[StoredEntry] = field(default_factory=list)
    modified: list[dict[str, Any]] = field(default_factory=list)
    refreshed: list[dict[str, Any]] = field(default_factory=list)
    adopted: list[dict[str, Any]] = field(default_factory=list)
    touched: list[dict[str, Any]] = field(default_factory=list)

    def sort(self, entry: Entry, named: Sequence[Name], sight: Sight) -> Change:
        """Put the entry where it is to be written, and say what became of it."""
        if [name.kind for name in named] == ["all"]:
            return Change(kind="unchanged", key=sight.key, skipped=_EMPTY)
        if sight.double:
            return Change(kind="unchanged", key=sight.key, skipped=_DOUBLE)
        before = self.known.get(sight.key)
        if before is None:
            self.new.append(self._first_sight(entry, sight.key))
            return Change(kind="new", key=sight.key, material=True)
        return self._judge(entry, before)

    def _first_sight(self, entry: Entry, key: str) -> StoredEntry:
        published = revision.published(entry, self.now)
        return StoredEntry(
            key=key,
            source_id=self.identity,
            entry=entry,
            first_seen=self.now,
            published=published,
            revised=published,
        )

    def _judge(self, entry: Entry, before: Known) -> Change:
        found = self.found.get(before.key, _SAME)
        verdict = revision.judge(before, entry, found, self.now)
        if verdict == "older":
            texts = revision.passed_over(before, entry, self.now)
            if entry.gathered is None and texts != before.variants:
                self._touch(before, texts)
            return Change(kind="unchanged", key=before.key, skipped=_OLDER)
        if verdict == "modified":
            texts = revision.variants(before, entry, found, self.now)
            row = {"grouped": False, "revised": to_ticks(self.now)}
            self.modified.append(self._changed(entry, before, texts) | row)
            return Change(kind="modified", key=before.key, material=True)
        texts = revision.touched(before, entry, self.now)
        if verdict == "refreshed":
            self._refresh(entry, before, texts)
            return Change(kind="unchanged" if before.blank else "modified", key=before.key)
        if entry.digest != before.digest and before.key not in self.forgotten:
            self.adopted.append(self._changed(entry, before, texts))
        elif revision.should_touch(before, self.now):
            self._touch(before, texts)
        return Change(kind="unchanged", key=before.key)

    def _refresh(self, entry: Entry, before: Known, texts: revision.Variants) -> None:
        """Take a text that says nothing new; grouping looks again if it reads otherwise."""
        row = self._changed(entry, before, texts)
        same = (entry.title, entry.fingerprint) == (before.title, before.fingerprint)
        if same and not before.blank:
            self.adopted.append(row)
        else:
            self.refreshed.append(row | {"grouped": False})

    def _touch(self, before: Known, texts: revision.Variants) -> None:
        self.touched.append({"of": before.key, "variants": to_json(texts)})

    def _changed(self, entry: Entry, before: Known, texts: revision.Variants) -> dict[str, Any]:
        return content_of(entry, self.now) | {
            "of": before.key,
            "blank": False,
            "variants": to_json(texts) if texts and not before.blank else "",
        }


# --- states --------------------------------------------------------------------------------


def load_states(connection: Connection) -> dict[str, SourceState]:
    """Return what is remembered of each source, by identity."""
    rows = connection.execute(select(schema.source))
    return {row.identity: from_json(SourceState, row.state) for row in rows}


def load_state(connection: Connection, identity: str) -> SourceState | None:
    """Return what is remembered of one source; None if nothing is."""
    query = select(schema.source.c.state).where(schema.source.c.identity == identity)
    text = connection.scalar(query)
    return None if text is None else from_json(SourceState, text)


def save_state(connection: Connection, identity: str, state: SourceState) -> None:
    """Remember a source's state."""
    row = {"identity": identity, "state": to_json(state)}
    upsert(connection, schema.source, [row], update=("state",))


# --- entries -------------------------------------------------------------------------------


def save_gathered(
    connection: Connection,
    source: Source,
    entries: Sequence[Entry],
    state: SourceState,
    *,
    now: datetime,
    initial: int | None,
) -> tuple[Change, ...]:
    """Store one source's documents with aliases, block counts and state; see ports.Store."""
    identity = source.identity
    seen = clock_repair.trusted(connection, now)
    apart = source.kind == "dump"
    named = [names(identity, entry, apart=apart) for entry in entries]
    aliases = load_aliases(connection, (name.digest for own in named for name in own))
    known = load_known(connection, set(aliases.values()) - {AMBIGUOUS})
    matching = match(entries, named, aliases, known, apart=apart)

    found, forgotten = _differences(connection, entries, matching, known)
    batch = _Batch(identity=identity, known=known, found=found, forgotten=forgotten, now=seen)
    sights = zip(entries, named, matching.sights, strict=True)
    result = tuple(batch.sort(entry, own, sight) for entry, own, sight in sights)
    if initial is not None and _is_new(connection, identity):
        _hide_flood(batch, initial)
    _write_entries(connection, batch)
    _write_aliases(connection, matching, known, seen)
    blocks.count(connection, batch.new)
    save_state(connection, identity, state)
    return result


def _differences(
    connection: Connection,
    entries: Sequence[Entry],
    matching: Matching,
    known: Mapping[str, Known],
) -> tuple[dict[str, Difference], frozenset[str]]:
    """Return how entries differ from what is stored, by key, and the keys of forgotten ones."""
    changed = {
        sight.key: entry
        for entry, sight in zip(entries, matching.sights, strict=True)
        if not sight.double and sight.key in known and entry.digest != known[sight.key].digest
    }
    stored = load_entries(connection, changed)
    found = {
        key: difference(stored[key].entry, entry)
        if key in stored
        else revision.outline_difference(known[key], entry)
        for key, entry in changed.items()
    }
    counters = recurring((tick for one in found.values() for tick in one.ticks), entries)
    for key, entry in changed.items():
        if revision.is_counting(known[key], entry, found[key], counters):
            found[key] = Difference(kind="silent")
    return found, frozenset(changed.keys() - stored.keys())


def _is_new(connection: Connection, identity: str) -> bool:
    """Say whether the source never brought anything."""
    state = load_state(connection, identity)
    if state is None or state.last_success is None:
        return True
    query = select(_entry.key).where(_entry.source == identity).limit(1)
    return connection.scalar(query) is None


def _hide_flood(batch: _Batch, most: int) -> None:
    """Let only the newest of a new source's entries be shown."""
    kept = revision.newest([stored.published for stored in batch.new], most)
    batch.new = [replace(stored, shown=n in kept) for n, stored in enumerate(batch.new)]


def _write_entries(connection: Connection, batch: _Batch) -> None:
    if batch.new:
        rows = [row_of(stored, batch.now) for stored in batch.new]
        connection.execute(schema.entry.insert(), rows)
    for changed in (batch.modified, batch.refreshed, batch.adopted, batch.touched):
        _update_entries(connection, changed)


def _update_entries(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        names = [name for name in rows[0] if name != "of"]
        statement = update(schema.entry).where(_entry.key == bindparam("of"))
        connection.execute(statement.values({name: bindparam(name) for name in names}), rows)


# --- aliases -------------------------------------------------------------------------------


def load_aliases(connection: Connection, digests: Iterable[str]) -> dict[str, str]:
    """Return the keys that names stand for; unknown names are left out."""
    found: dict[str, str] = {}
    for some in chunks(digests):
        query = select(_alias.name, _alias.key).where(_alias.name.in_(some))
        found.update((row.name, row.key) for row in connection.execute(query))
    return found


def _write_aliases(
    connection: Connection, matching: Matching, known: Mapping[str, Known], now: datetime
) -> None:
    write_aliases(connection, matching.learned, now)
    spent = [(name, AMBIGUOUS) for name in matching.spent]
    upsert(connection, schema.alias, _alias_rows(spent, now), update=("key",))
    _drop_worn(connection, {key for _, key in matching.learned if key in known})


def write_aliases(
    connection: Connection, learned: Iterable[tuple[Name, str]], now: datetime
) -> None:
    """Remember names of entries; a name that is taken stays with its entry."""
    upsert(connection, schema.alias, _alias_rows(learned, now))


def _alias_rows(learned: Iterable[tuple[Name, str]], now: datetime) -> list[dict[str, Any]]:
    seen = to_ticks(now)
    return [
        {"name": name.digest, "key": key, "kind": name.kind, "seen": seen}
        for name, key in sorted(learned, key=lambda one: one[0].digest)
    ]


def _drop_worn(connection: Connection, keys: Iterable[str]) -> None:
    """Forget the oldest names of entries that change them all the time."""
    for some in chunks(sorted(keys)):
        held: dict[str, list[tuple[Name, datetime]]] = {}
        for row in connection.execute(select(schema.alias).where(_alias.key.in_(some))):
            name = Name(row.kind, row.name)
            held.setdefault(row.key, []).append((name, from_ticks(row.seen)))
        worn = [name.digest for key, own in held.items() for name in surplus_aliases(key, own)]
        for few in chunks(worn):
            connection.execute(delete(schema.alias).where(_alias.name.in_(few)))
