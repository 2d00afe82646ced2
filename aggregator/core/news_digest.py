"""A digest: one entry of a feed that lists the stories of a day or a week."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregator.core.model import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsDigest:
    """A digest that was published; `period` names its day, `stories` are the ids that it lists."""

    period: str
    end: datetime
    entry: Entry
    stories: tuple[str, ...] = ()


class DigestStore(Protocol):
    """The digests that were published."""

    def digests(self, feed: str, limit: int) -> tuple[NewsDigest, ...]:
        """Return the newest digests of a feed, newest first."""

    def save_digest(self, feed: str, digest: NewsDigest) -> None:
        """Save a digest; one of the same period is kept as it is."""

    def drop_digests(self, feed: str, after: datetime) -> None:
        """Delete digests that end after a time: they were made while the clock was wrong."""
