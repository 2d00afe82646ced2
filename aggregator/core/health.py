"""What went wrong and what is well again, as events with permanent ids, for the health feed."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.core import ids

MAX_EVENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthEvent:
    """Something that happened to a subject, such as a source, the disk or the backup."""

    id: str
    when: datetime
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMemory:
    """What was last known of a source; `failing_since` is the first failure in a row."""

    identity: str
    title: str = ""
    address: str = ""  # that it moved to for good
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRecord:
    """The newest events first, the problems that last, and what is known of each source."""

    since: datetime
    events: tuple[HealthEvent, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()  # subject, title
    sources: tuple[SourceMemory, ...] = ()

    def tell(self, now: datetime, subject: str, title: str, text: str = "") -> "HealthRecord":
        """Return the record with one more event; the oldest ones are dropped."""
        last = self.events[0].when if self.events else self.since
        when = max(now, last)  # their order is kept when the clock is set back
        name = f"health\0{subject}\0{title}\0{when.isoformat()}\0{len(self.events)}"
        event = HealthEvent(
            id=uuid.uuid5(ids.NAMESPACE, name).urn, when=when, title=title, text=text
        )
        return replace(self, events=(event, *self.events)[:MAX_EVENTS])

    def begin(self, now: datetime, subject: str, title: str, text: str = "") -> "HealthRecord":
        """Return the record with a problem of a subject; it is told once while it lasts."""
        if self.problem(subject):
            return self
        told = self.tell(now, subject, title, text)
        return replace(told, problems=(*self.problems, (subject, title)))

    def end(self, now: datetime, subject: str, title: str) -> "HealthRecord":
        """Return the record without the problem of a subject, telling that it is over."""
        before = self.problem(subject)
        if not before:
            return self
        return self.tell(now, subject, title, f"Before: {before}.").without([subject])

    def problem(self, subject: str) -> str:
        """Return the title of the problem that a subject has; empty if it is well."""
        return next((title for name, title in self.problems if name == subject), "")

    def without(self, subjects: Iterable[str]) -> "HealthRecord":
        """Return the record without the problems of subjects, telling nothing."""
        gone = set(subjects)
        rest = tuple(one for one in self.problems if one[0] not in gone)
        return self if len(rest) == len(self.problems) else replace(self, problems=rest)
