"""The last document of each source, by the digests of its entries; see core/traces.py."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from aggregator.core.model import Change
from aggregator.core.traces import KnownDocument, ReadDocument
from aggregator.gather import revision
from aggregator.gather.identity import Known, Name
from aggregator.gather.matching import Matching
from aggregator.store import schema
from aggregator.store.codec import pack, unpack
from aggregator.store.database import upsert
from aggregator.store.prepared import rows_in

_known = schema.known_document.c
_KNOWN = select(_known.source, _known.value)
_SEEN_INTERVAL = revision.REVERT_AFTER / 12  # see revision.should_record_seen


def load(connection: Connection, identity: str) -> KnownDocument | None:
    """Return the last document of a source; None if its entries left doubts."""
    for _, packed in rows_in(connection, _KNOWN, _known.source, [identity]):
        return unpack(KnownDocument, packed)
    return None


def save(connection: Connection, identity: str, known: KnownDocument | None) -> None:
    """Save what is known of a source's last document, or that nothing is."""
    if known is None:
        connection.execute(delete(schema.known_document).where(_known.source == identity))
    else:
        row = {"source": identity, "value": pack(known)}
        upsert(connection, schema.known_document, [row], update=("value",))


def known_after(
    read: ReadDocument | None,
    changes: Sequence[Change],
    *,
    named: Sequence[Sequence[Name]],
    matching: Matching,
    aliases: Mapping[str, str],
    stored: Mapping[str, Known],
    now: datetime,
) -> KnownDocument | None:
    """Return what is known of a document after it was stored; None if an entry left a doubt.

    Without doubt each of its names belongs to one entry, and storing the document again would change
    nothing. The times at which alternating texts were seen have to be stored now and then.
    """
    if read is None or matching.ambiguous or any(change.skipped for change in changes):
        return None
    owners = {**aliases, **{name.digest: key for name, key in matching.learned}}
    for change, own in zip(changes, named, strict=True):
        if any(name.kind != "all" and owners.get(name.digest) != change.key for name in own):
            return None
    times = [_valid_until(change, stored.get(change.key), now) for change in changes]
    if read.trace.is_partial and read.known:
        times.append(read.known.until)
    return KnownDocument(
        body=read.body,
        context=read.trace.context,
        publishers=read.trace.publishers,
        entries=tuple(
            zip(read.trace.digests, read.keys([one.key for one in changes]), strict=True)
        ),
        until=min((one for one in times if one), default=None),
    )


def _valid_until(change: Change, before: Known | None, now: datetime) -> datetime | None:
    if change.kind == "modified":
        return now + _SEEN_INTERVAL
    if before is None or len(before.variants) < 2:
        return None
    seen = now if revision.should_record_seen(before, now) else before.variants[-1][1]
    return seen + _SEEN_INTERVAL
