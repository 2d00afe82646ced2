"""Tells what happened to sources by comparing their states: they die, recover, move, are renamed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.core.health import HealthRecord, SourceMemory
from aggregator.core.model import Source, SourceState
from aggregator.gather import schedule
from aggregator.text import urls

DEAD_AFTER = timedelta(days=3)  # of failures alone
_MIN_FAILURES = 5


def compare(
    record: HealthRecord,
    sources: Iterable[Source],
    states: Mapping[str, SourceState],
    now: datetime,
) -> HealthRecord:
    """Return the record with what happened to sources since; sources that were removed are forgotten."""
    known = {memory.identity: memory for memory in record.sources}
    memories: list[SourceMemory] = []
    for source in sources:
        state = states.get(source.identity)
        before = known.pop(source.identity, SourceMemory(identity=source.identity))
        if state is None or source.paused:
            memories.append(before)
            continue
        record, memory = _compare_one(record, source, state, before, now)
        memories.append(memory)
    record = record.without(_subject(identity) for identity in known)  # of removed sources
    same = tuple(memories) == record.sources
    return record if same else replace(record, sources=tuple(memories))


def _compare_one(
    record: HealthRecord,
    source: Source,
    state: SourceState,
    known: SourceMemory,
    now: datetime,
) -> tuple[HealthRecord, SourceMemory]:
    subject = _subject(source.identity)
    since = (known.failing_since or now) if state.failures or state.gone else None
    memory = SourceMemory(
        identity=source.identity,
        title=state.info.title or known.title,
        address=_new_address(source, state),
        failing_since=min(since, now) if since else None,
    )
    if state.gone:
        text = f"{state.error}. Remove it, or give it another address."
        record = record.begin(now, subject, f"Source {source.id} was taken down for good", text)
    elif since is None:
        record = record.end(now, subject, f"Source {source.id} works again")
    elif now - since >= DEAD_AFTER and state.failures >= _MIN_FAILURES:
        title = f"Source {source.id} has failed for {DEAD_AFTER.days} days"
        record = record.begin(now, subject, title, f"{state.error}. It is still tried.")
    if memory.address and memory.address != known.address:
        text = f"It is fetched from {urls.redact(memory.address)}. Change its url in the configuration."
        record = record.tell(now, subject, f"Source {source.id} has moved", text)
    if known.title and _plain(memory.title) != _plain(known.title):
        text = f"Its title was {known.title}, and is now {memory.title}."
        record = record.tell(now, subject, f"Source {source.id} has another title", text)
    return record, memory


def _plain(title: str) -> str:
    """Return a title without what changes all the time: dates, numbers, case, spaces."""
    return "".join(char for char in title.casefold() if not char.isdigit() and not char.isspace())


def _new_address(source: Source, state: SourceState) -> str:
    """Return the address that a source moved to for good; empty if it did not."""
    if not state.permanent:
        return ""
    trusted = schedule.address(source, replace(state, failures=0))
    return state.permanent if trusted == state.permanent != source.url else ""


def _subject(identity: str) -> str:
    return f"source:{identity}"
