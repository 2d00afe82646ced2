"""What a run adds up to: the documents of each source, then what grouping and publishing did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aggregator.core.model import Change, CleanedFeed, Entry, FeedInfo, Skipped, Source
from aggregator.core.report import RunReport, SourceReport


@dataclass(slots=True)
class Tally:
    """What grouping and publishing add up to over one run."""

    new: int = 0
    changed: int = 0
    written: dict[Path, None] = field(default_factory=dict)
    topics: dict[str, None] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def report(self, sources: Iterable[SourceReport]) -> RunReport:
        """Return the report of a run that gathered these sources."""
        return RunReport(
            sources=tuple(sources),
            stories_new=self.new,
            stories_changed=self.changed,
            written=tuple(self.written),
            published=self.published,
            errors=self.errors,
        )


@dataclass(slots=True)
class Harvest:
    """What the documents of one source hold, read and cleaned; `places` are for the report."""

    skipped: list[Skipped]
    entries: list[Entry] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    cut: bool = False
    info: FeedInfo = field(default_factory=FeedInfo)

    def add(self, name: str, feed: CleanedFeed) -> None:
        """Add a document, which the name is given of if there are many."""
        self.info = feed.info
        self.cut |= feed.cut
        self.skipped += feed.skipped
        self.entries += feed.entries
        self.places += [name or entry.link or entry.title for entry in feed.entries]

    def report(self, source: Source, changes: Sequence[Change]) -> SourceReport:
        """Return the report of the source; the changes are those of the entries."""
        new = sum(change.kind == "new" for change in changes)
        modified = sum(change.kind == "modified" for change in changes)
        passed_over = [
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
            skipped=(*self.skipped, *passed_over),
        )
