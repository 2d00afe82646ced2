"""What is remembered of the last document of a source, so that the next one costs what is new in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import CleanedFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDocument:
    """The last document of a source, all of whose entries were stored without any doubt."""

    body: str  # digest of its bytes, and of what they are read with
    context: str  # digest of all that cleaning depends on besides the entries
    publishers: tuple[str, ...]  # ids, whose learned blocks are part of the context
    entries: tuple[tuple[str, str], ...]  # digest of each entry as parsed, and its key
    until: datetime | None = None  # after it, time alone may change what is stored

    def keys(self) -> dict[str, str]:
        """Return the keys by digest."""
        return dict(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTrace:
    """How a document was read: its digests, and the places of the entries that were cleaned."""

    context: str
    publishers: tuple[str, ...]
    digests: tuple[str, ...]  # of all entries, in order
    fresh: tuple[int, ...]  # places of those that were not known

    @property
    def is_partial(self) -> bool:
        """Say whether known entries were left out."""
        return len(self.fresh) < len(self.digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedFeed(CleanedFeed):
    """A document after parse and clean, without the entries that are known."""

    trace: DocumentTrace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A document as it was read, with what was known of the one before."""

    body: str
    trace: DocumentTrace
    known: KnownDocument | None

    def keys(self, fresh: Sequence[str]) -> tuple[str, ...]:
        """Return the keys of all entries in order; `fresh` are those of the cleaned ones."""
        old = self.known.keys() if self.known else {}
        given = dict(zip(self.trace.fresh, fresh, strict=True))
        return tuple(
            given[place] if place in given else old[digest]
            for place, digest in enumerate(self.trace.digests)
        )
