"""Remembers until when no source is due, so that most ticks of a daemon read nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class QuietTime:
    """A span without a source to fetch, valid as long as nothing that decides it has changed."""

    mark: object = None  # of the store: see ports.SourceStates.change_mark
    pushed: Mapping[str, datetime] = field(default_factory=dict)
    begin: datetime | None = None
    end: datetime | None = None

    def covers(self, mark: object, pushed: Mapping[str, datetime], now: datetime) -> bool:
        """Say whether it is certain that no source is due."""
        if mark is None or self.begin is None or self.end is None:
            return False
        return (mark, pushed) == (self.mark, self.pushed) and self.begin <= now < self.end

    def set(
        self, mark: object, pushed: Mapping[str, datetime], begin: datetime, end: datetime
    ) -> None:
        """Remember that no source is due before `end`."""
        self.mark, self.pushed, self.begin, self.end = mark, dict(pushed), begin, end
