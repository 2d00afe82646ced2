"""What one source delivered, as it goes to the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import Entry, Source, SourceState
from aggregator.core.traces import ReadDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The entries of a source with its state; the fields are explained at ports.GatherStore."""

    source: Source
    entries: Sequence[Entry]
    state: SourceState
    now: datetime
    initial: int | None
    extracted: Sequence[bytes] = ()
    read: ReadDocument | None = None
