"""The result of one fetch of a source, over all its documents."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aggregator.core.model import Change, CleanedFeed, Entry, FeedInfo, Skipped, Source
from aggregator.core.report import SourceReport
from aggregator.core.traces import DocumentTrace, TracedFeed


@dataclass(slots=True)
class SourceHarvest:
    """The cleaned entries of one source; `places` name them in the report."""

    skipped: list[Skipped]
    entries: list[Entry] = field(default_factory=list)
    extracted: list[bytes] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    cut: bool = False
    info: FeedInfo = field(default_factory=FeedInfo)
    trace: DocumentTrace | None = None  # of the only document of a feed

    def add(self, name: str, feed: CleanedFeed) -> None:
        """Add a document; `name` is its file name for dumps, else empty."""
        self.info = feed.info
        self.cut |= feed.cut
        self.skipped += feed.skipped
        self.entries += feed.entries
        self.extracted += feed.extracted
        self.trace = feed.trace if isinstance(feed, TracedFeed) else None
        self.places += [name or entry.link or entry.title for entry in feed.entries]

    def report(self, source: Source, changes: Sequence[Change]) -> SourceReport:
        """Return the report of the source, from the changes that storing the entries caused."""
        new = sum(change.kind == "new" for change in changes)
        modified = sum(change.kind == "modified" and change.material for change in changes)
        discarded = [
            Skipped(where=where, reason=change.skipped)
            for where, change in zip(self.places, changes, strict=True)
            if change.skipped
        ]
        return SourceReport(
            id=source.id,
            outcome="ok" if new or modified else "unchanged",
            new=new,
            modified=modified,
            entries=tuple(dict.fromkeys(change.key for change in changes)),
            skipped=(*self.skipped, *discarded),
        )
