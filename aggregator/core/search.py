"""What is searched for, and what is found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregator.core.model import ShownStory
from aggregator.text.search_terms import SearchTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """The conditions on an entry; empty ones are none. `until` is the first time that is too late."""

    terms: SearchTerms
    publisher: str = ""  # id or name
    source: str = ""  # identity
    language: str = ""  # zh finds zh-Hans too
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A story, and the key of its newest entry that meets the conditions."""

    shown: ShownStory
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """Some hits, newest first; `next` is the mark of those that follow, None at the end."""

    hits: tuple[SearchHit, ...]
    next: int | None = None


class SearchStore(Protocol):
    """The search; called from any thread."""

    def search(self, query: SearchQuery, before: int | None, limit: int) -> SearchPage:
        """Return stories with an entry that meets a query, newest first, each once.

        `before` is the mark that the last page gave, None for the first page.
        """

    def unindexed(self) -> int:
        """Return how many entries the search does not find yet."""

    def index(self, limit: int, characters: int) -> bool:
        """Index some entries for the search; return whether there may be more.

        `characters` of their texts are indexed, besides the titles.
        """
