"""Stores what one source delivered: matches it with stored entries and writes the changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Update, bindparam, delete, select, update

from aggregator.core.gathered import Gathered
from aggregator.core.model import Change, Entry, FeedInfo, Source, SourceState, StoredEntry
from aggregator.gather import revision
from aggregator.gather.changes import Difference, difference, recurring
from aggregator.gather.identity import AMBIGUOUS, Known, Name, names, surplus_aliases
from aggregator.gather.matching import Match, Matching, match
from aggregator.store import (
    articles,
    clock_repair,
    known_documents,
    learned_blocks,
    schema,
    search_index,
)
from aggregator.store.codec import from_json, from_ticks, to_json, to_ticks
from aggregator.store.database import chunks, upsert
from aggregator.store.prepared import rows_in, write_rows
from aggregator.store.rows import content_of, load_entries, load_known, row_of

_alias = schema.alias.c
_entry = schema.entry.c
_INSERT = schema.entry.insert()
_STATES = select(schema.source.c.identity, schema.source.c.state)
_ALIASES = select(_alias.name, _alias.key)
_OLDER = "an older copy of a stored entry"
_DUPLICATE = "a duplicate of another entry of the same fetch"
_EMPTY = "has neither guid, link nor text to identify it"
_SAME = Difference(kind="same")


@dataclass(slots=True, kw_only=True)
class _Batch:
    """The rows of one fetch, collected so that each table is written once.

    `found` are the differences from stored entries by key; `forgotten` are the keys of stored entries
    without a text.
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

    @property
    def is_shown(self) -> bool:
        """Say whether it changes what readers see."""
        return bool(self.new or self.modified or self.refreshed or self.adopted)

    def add(self, entry: Entry, named: Sequence[Name], matched: Match, extracted: bytes) -> Change:
        """Add the row of an entry and return its change; `extracted` are its features, or b""."""
        if [name.kind for name in named] == ["all"]:
            return Change(kind="unchanged", key=matched.key, skipped=_EMPTY)
        if matched.is_duplicate:
            return Change(kind="unchanged", key=matched.key, skipped=_DUPLICATE)
        before = self.known.get(matched.key)
        if before is None:
            self.new.append(self._new_entry(entry, matched.key, extracted))
            return Change(kind="new", key=matched.key, material=True)
        return self._revise(entry, before)

    def _new_entry(self, entry: Entry, key: str, extracted: bytes) -> StoredEntry:
        published = revision.published(entry, self.now)
        return StoredEntry(
            key=key,
            source_id=self.identity,
            entry=entry,
            first_seen=self.now,
            published=published,
            revised=published,
            extracted=extracted,
        )

    def _revise(self, entry: Entry, before: Known) -> Change:
        found = self.found.get(before.key, _SAME)
        verdict = revision.classify(before, entry, found, self.now)
        if verdict == "older":
            texts = revision.variants_if_older(before, entry, self.now)
            if entry.gathered is None and texts != before.variants:
                self._record_seen(before, texts)
            return Change(kind="unchanged", key=before.key, skipped=_OLDER)
        if verdict == "modified":
            texts = revision.variants_if_modified(before, entry, found, self.now)
            row = {"grouped": False, "revised": to_ticks(self.now)}
            self.modified.append(self._changed(entry, before, texts) | row)
            return Change(kind="modified", key=before.key, material=True)
        texts = revision.variants_if_seen(before, entry, self.now)
        if verdict == "refreshed":
            self._refresh(entry, before, texts)
            return Change(kind="unchanged" if before.blank else "modified", key=before.key)
        if entry.digest != before.digest and before.key not in self.forgotten:
            self.adopted.append(self._changed(entry, before, texts))
        elif revision.should_record_seen(before, self.now):
            self._record_seen(before, texts)
        return Change(kind="unchanged", key=before.key)

    def _refresh(self, entry: Entry, before: Known, texts: revision.Variants) -> None:
        """Store a silently changed text; the entry is grouped again if title or fingerprint changed."""
        row = self._changed(entry, before, texts)
        same = (entry.title, entry.fingerprint) == (before.title, before.fingerprint)
        if same and not before.blank:
            self.adopted.append(row)
        else:
            self.refreshed.append(row | {"grouped": False})

    def _record_seen(self, before: Known, texts: revision.Variants) -> None:
        self.touched.append({"of": before.key, "variants": to_json(texts)})

    def _changed(self, entry: Entry, before: Known, texts: revision.Variants) -> dict[str, Any]:
        return content_of(entry, self.now) | {
            "of": before.key,
            "blank": False,
            "variants": to_json(texts) if texts and not before.blank else "",
        }


# --- states --------------------------------------------------------------------------------


Decoded = dict[str, tuple[str, SourceState]]
"""The state of each source with its stored text, by identity."""


def load_states(connection: Connection, known: Decoded) -> Decoded:
    """Return the state of each source; only what is not in `known` is decoded again."""
    rows = connection.execute(_STATES)
    decoded: Decoded = {}
    for identity, text in rows:
        before = known.get(identity)
        same = before is not None and before[0] == text
        decoded[identity] = before if before and same else (text, from_json(SourceState, text))
    return decoded


def load_states_of(connection: Connection, identities: Iterable[str]) -> dict[str, SourceState]:
    """Return the states of these sources; those without one are left out."""
    found: dict[str, SourceState] = {}
    for some in chunks(identities):
        query = select(schema.source).where(schema.source.c.identity.in_(some))
        for row in connection.execute(query):
            found[row.identity] = from_json(SourceState, row.state)
    return found


def load_state(connection: Connection, identity: str) -> SourceState | None:
    """Return the state of one source; None if there is none."""
    for _, text in rows_in(connection, _STATES, schema.source.c.identity, [identity]):
        found: SourceState = from_json(SourceState, text)
        return found
    return None


def save_states(connection: Connection, states: Mapping[str, SourceState]) -> bool:
    """Save the states of sources; say whether one describes its source otherwise than before."""
    rows = rows_in(connection, _STATES, schema.source.c.identity, list(states))
    before = {name: from_json(SourceState, text).info for name, text in rows}
    new = [{"identity": name, "state": to_json(state)} for name, state in states.items()]
    upsert(connection, schema.source, new, update=("state",))
    return any(state.info != before.get(name, FeedInfo()) for name, state in states.items())


# --- entries -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Saved:
    """What was stored of one source.

    `new`: the new entries, each with its stored form. `is_shown`: feeds may show something else.
    """

    changes: tuple[Change, ...]
    new: list[tuple[StoredEntry, bytes]]
    is_shown: bool


def save_gathered(connection: Connection, gathered: Gathered) -> Saved:
    """Store the entries of one source with aliases, block counts and state; see ports.Store."""
    source, entries, identity = gathered.source, gathered.entries, gathered.source.identity
    seen = clock_repair.trusted(connection, gathered.now)
    standalone = source.kind == "dump"
    named = [names(identity, entry, standalone=standalone) for entry in entries]
    aliases = load_aliases(connection, (name.digest for own in named for name in own))
    known = load_known(connection, set(aliases.values()) - {AMBIGUOUS})
    matching = match(entries, named, aliases, known, standalone=standalone)

    found, forgotten = _differences(connection, entries, matching, known)
    batch = _Batch(identity=identity, known=known, found=found, forgotten=forgotten, now=seen)
    extracted = gathered.extracted
    features = extracted if len(extracted) == len(entries) else [b""] * len(entries)
    matches = zip(entries, named, matching.matches, features, strict=True)
    result = tuple(batch.add(entry, own, one, its) for entry, own, one, its in matches)
    if gathered.initial is not None and _is_new(connection, identity):
        _limit_initial(batch, gathered.initial)
    new = _write_entries(connection, batch)
    _write_aliases(connection, matching, known, seen)
    learned_blocks.count(connection, batch.new)
    articles.queue(connection, source, result, known, seen)
    known_after = known_documents.known_after(
        gathered.read,
        result,
        named=named,
        matching=matching,
        aliases=aliases,
        stored=known,
        now=seen,
    )
    known_documents.save(connection, identity, known_after)
    described = save_states(connection, {identity: gathered.state})
    return Saved(result, new, described or batch.is_shown)


def are_new(connection: Connection, source: Source, entries: Sequence[Entry]) -> bool:
    """Say whether no name of these entries is known, and none is shared by two of them."""
    digests = [name.digest for entry in entries for name in names(source.identity, entry)]
    if len(set(digests)) < len(digests):
        return False
    return not load_aliases(connection, digests)


def _differences(
    connection: Connection,
    entries: Sequence[Entry],
    matching: Matching,
    known: Mapping[str, Known],
) -> tuple[dict[str, Difference], frozenset[str]]:
    """Return the differences from stored entries by key, and the keys of forgotten entries."""
    changed = {
        matched.key: entry
        for entry, matched in zip(entries, matching.matches, strict=True)
        if not matched.is_duplicate
        and matched.key in known
        and entry.digest != known[matched.key].digest
    }
    stored = load_entries(connection, changed)
    found = {
        key: difference(stored[key].entry, entry)
        if key in stored
        else revision.difference_from_outline(known[key], entry)
        for key, entry in changed.items()
    }
    sentences = (sentence for one in found.values() for sentence in one.number_sentences)
    counters = recurring(sentences, entries)
    for key, entry in changed.items():
        if revision.is_counter_change(known[key], entry, found[key], counters):
            found[key] = Difference(kind="silent")
    return found, frozenset(changed.keys() - stored.keys())


def _is_new(connection: Connection, identity: str) -> bool:
    """Return whether the source has no entries yet."""
    state = load_state(connection, identity)
    if state is None or state.last_success is None:
        return True
    query = select(_entry.key).where(_entry.source == identity).limit(1)
    return connection.scalar(query) is None


def _limit_initial(batch: _Batch, limit: int) -> None:
    """Show only the newest entries of a new source."""
    kept = revision.newest([stored.published for stored in batch.new], limit)
    batch.new = [replace(stored, shown=n in kept) for n, stored in enumerate(batch.new)]


def _write_entries(connection: Connection, batch: _Batch) -> list[tuple[StoredEntry, bytes]]:
    """Write all rows; return the new entries, each with its stored form."""
    rows = [row_of(stored, batch.now) for stored in batch.new]
    write_rows(connection, _INSERT, rows)
    for changed in (batch.modified, batch.refreshed, batch.adopted, batch.touched):
        _update_entries(connection, changed)
    texts = (*batch.modified, *batch.refreshed, *batch.adopted)
    search_index.mark(connection, [*(one.key for one in batch.new), *(row["of"] for row in texts)])
    return [(stored, row["content"]) for stored, row in zip(batch.new, rows, strict=True)]


def _update_entries(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        write_rows(connection, _update_of(tuple(rows[0])), rows)


@cache
def _update_of(columns: tuple[str, ...]) -> Update:
    """Return the statement that sets these columns of the entry with the key `of`."""
    values: dict[str, Any] = {name: bindparam(name) for name in columns if name != "of"}
    return update(schema.entry).where(_entry.key == bindparam("of")).values(values)


# --- aliases -------------------------------------------------------------------------------


def load_aliases(connection: Connection, digests: Iterable[str]) -> dict[str, str]:
    """Return the keys of names; unknown names are left out."""
    return dict(rows_in(connection, _ALIASES, _alias.name, list(digests)))


def _write_aliases(
    connection: Connection, matching: Matching, known: Mapping[str, Known], now: datetime
) -> None:
    write_aliases(connection, matching.learned, now)
    ambiguous = [(name, AMBIGUOUS) for name in matching.ambiguous]
    upsert(connection, schema.alias, _alias_rows(ambiguous, now), update=("key",))
    _drop_surplus(connection, {key for _, key in matching.learned if key in known})


def write_aliases(
    connection: Connection, learned: Iterable[tuple[Name, str]], now: datetime
) -> None:
    """Save names of entries; a name that belongs to an entry already is not changed."""
    upsert(connection, schema.alias, _alias_rows(learned, now))


def _alias_rows(learned: Iterable[tuple[Name, str]], now: datetime) -> list[dict[str, Any]]:
    seen = to_ticks(now)
    return [
        {"name": name.digest, "key": key, "kind": name.kind, "seen": seen}
        for name, key in sorted(learned, key=lambda one: one[0].digest)
    ]


def _drop_surplus(connection: Connection, keys: Iterable[str]) -> None:
    """Delete the oldest names of entries that have too many."""
    for some in chunks(sorted(keys)):
        by_key: dict[str, list[tuple[Name, datetime]]] = {}
        for row in connection.execute(select(schema.alias).where(_alias.key.in_(some))):
            name = Name(row.kind, row.name)
            by_key.setdefault(row.key, []).append((name, from_ticks(row.seen)))
        surplus = [name.digest for key, own in by_key.items() for name in surplus_aliases(key, own)]
        for few in chunks(surplus):
            connection.execute(delete(schema.alias).where(_alias.name.in_(few)))
