"""Reports of a run, for people and for scripts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aggregator.core.model import Grouping, Skipped

_MAX_REASONS = 5  # why sources were not saved; more would be one reason in many words

Outcome = Literal["ok", "unchanged", "error", "gone", "later", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """The result of one run for one source."""

    id: str
    outcome: Outcome
    new: int = 0
    modified: int = 0
    seconds: float = 0.0
    error: str = ""
    entries: tuple[str, ...] = ()  # keys of the documents of this run
    skipped: tuple[Skipped, ...] = ()
    unsaved: bool = False  # for a fault of our own: the stored state of the source did not change
    unbooked: bool = False  # our network was down, which is no fault of the source


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The result of one run: gather, group, publish."""

    sources: tuple[SourceReport, ...]
    stories_new: int = 0
    stories_changed: int = 0
    stories_merged: int = 0
    grouped: int = 0  # entries
    pairs: int = 0  # of entries that were compared
    written: tuple[Path, ...] = ()
    published: tuple[str, ...] = ()  # ids of the stories in the feeds
    errors: tuple[str, ...] = ()  # of grouping and publishing

    @property
    def outcome(self) -> Outcome:
        """The outcome of the only source, else ok, unchanged or error."""
        outcomes = [report.outcome for report in self.sources]
        if len(outcomes) == 1:
            return outcomes[0]
        if "ok" in outcomes:
            return "ok"
        return "unchanged" if "unchanged" in outcomes or not outcomes else "error"


@dataclass(slots=True)
class RunTotals:
    """The totals of grouping and publishing over one run."""

    stories_new: int = 0
    stories_changed: int = 0
    stories_merged: int = 0
    grouped: int = 0
    pairs: int = 0
    written: dict[Path, None] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def add_grouping(self, grouping: Grouping) -> None:
        """Count the stories of one batch."""
        self.stories_new += grouping.new
        self.stories_changed += grouping.changed
        self.stories_merged += len(grouping.tombstones)
        self.grouped += len(grouping.features)
        self.pairs += grouping.pairs

    def add_edition(
        self, written: Sequence[Path], stories: tuple[str, ...], errors: tuple[str, ...]
    ) -> None:
        """Add the files that one publication wrote; its stories and errors replace the earlier ones."""
        self.written.update(dict.fromkeys(written))
        self.published, self.errors = stories, errors

    def report(self, sources: Iterable[SourceReport]) -> RunReport:
        """Return the report of a run that gathered these sources."""
        reports = tuple(sources)
        return RunReport(
            sources=reports,
            stories_new=self.stories_new,
            stories_changed=self.stories_changed,
            stories_merged=self.stories_merged,
            grouped=self.grouped,
            pairs=self.pairs,
            written=tuple(self.written),
            published=self.published,
            errors=self.errors + _unsaved(reports),
        )


def _unsaved(reports: Sequence[SourceReport]) -> tuple[str, ...]:
    """Return why sources could not be saved, each reason once."""
    reasons = dict.fromkeys(one.error for one in reports if one.unsaved)
    return tuple(reasons)[:_MAX_REASONS]
