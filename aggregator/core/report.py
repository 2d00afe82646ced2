"""What one run did, for people and for scripts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aggregator.core.model import Skipped

Outcome = Literal["ok", "unchanged", "error", "gone", "later", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one run did to one source."""

    id: str
    outcome: Outcome
    new: int = 0
    modified: int = 0
    seconds: float = 0.0
    error: str = ""
    entries: tuple[str, ...] = ()  # keys of the documents of this run
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one run did: gather, group, publish."""

    sources: tuple[SourceReport, ...]
    stories_new: int = 0
    stories_changed: int = 0
    written: tuple[Path, ...] = ()
    published: tuple[str, ...] = ()  # ids of the stories that the feeds hold
    errors: tuple[str, ...] = ()  # of grouping and publishing

    @property
    def outcome(self) -> Outcome:
        """The one of the only source, else ok, unchanged or error."""
        outcomes = [report.outcome for report in self.sources]
        if len(outcomes) == 1:
            return outcomes[0]
        if "ok" in outcomes:
            return "ok"
        return "unchanged" if "unchanged" in outcomes or not outcomes else "error"
