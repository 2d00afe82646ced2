"""The methods of the store for the search, and for pages of stories."""

from collections.abc import Iterator
from contextlib import suppress

from aggregator.core.model import ShownStory
from aggregator.core.ports import Place
from aggregator.core.search import SearchPage, SearchQuery
from aggregator.store import reading, search_index, search_matches
from aggregator.store.database import DamagedIndex, hold_writer
from aggregator.store.sql_database import SqlDatabase


class Searching(SqlDatabase):
    """A ports.SearchStore over the transactions of a store."""

    def search(self, query: SearchQuery, before: int | None, limit: int) -> SearchPage:
        """Return stories that meet a query, newest first; `before` is the mark of the last page."""
        try:
            with self._read() as connection:
                return search_matches.find(connection, query, before, limit)
        except DamagedIndex:
            return SearchPage(hits=())

    def stories_before(self, place: Place | None) -> Iterator[tuple[Place, ShownStory]]:
        """Yield the shown stories before a position, newest first, with their positions."""
        return reading.stories_before(self._read, place)

    def unindexed(self) -> int:
        """Return how many entries the search does not find yet."""
        with self._read() as connection:
            return search_index.pending(connection)

    def index(self, limit: int, characters: int) -> bool:
        """Index some entries for the search; return whether there may be more.

        `characters` of their texts are indexed, besides the titles.
        """
        with self._read() as connection:
            if not search_index.is_behind(connection, characters):
                return False
        with suppress(DamagedIndex), self._write(quiet=True) as connection:
            hold_writer(connection)
            search_index.update(connection, limit, characters)
        return True
