"""Figures of a source: what came when, and how much of it others had reported before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregator.core.model import StoredEntry

DAYS = 14
"""The days that the figures are about; the last one is today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFigures:
    """The figures of the last days of a source; its entries are counted when they were first seen."""

    days: tuple[int, ...] = (0,) * DAYS  # entries a day in UTC, oldest first
    grouped: int = 0  # entries that are in a story
    later: int = 0  # of these, not the first of their story
    first: int = 0  # of these, the first of a story with several entries

    @property
    def entries(self) -> int:
        """How many entries came."""
        return sum(self.days)

    @property
    def share_later(self) -> float:
        """The share of entries that report what was reported already."""
        return self.later / self.grouped if self.grouped else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOfSource:
    """An entry of a source with its story; empty if it is not grouped yet."""

    stored: StoredEntry
    story_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How much is stored."""

    entries: int
    stories: int
    shared: int  # stories with several entries
    oldest: datetime | None


class FigureStore(Protocol):
    """What pages ask of the store beside stories."""

    def story_marks(self, limit: int) -> tuple[tuple[str, int], ...]:
        """Return the ids of the newest shown stories, each with a mark that differs after a change."""

    def source_figures(self, now: datetime) -> Mapping[str, SourceFigures]:
        """Return the figures of each source with entries in the last days, by identity."""

    def latest_entries(self, identity: str, limit: int) -> tuple[EntryOfSource, ...]:
        """Return the entries of a source that were first seen last, the newest first."""

    def totals(self) -> Totals:
        """Return how much is stored."""

    def learned_blocks(
        self, publisher_ids: Iterable[str] | None = None
    ) -> Mapping[str, frozenset[int]]:
        """Return the hashes of the boilerplate blocks of each publisher."""
