"""The methods of the store for whole texts."""

from collections.abc import Mapping
from datetime import datetime

from aggregator.core.pages import ArticleCounts, PageResult, PageTask
from aggregator.store import articles
from aggregator.store.sql_database import SqlDatabase


class WholeTexts(SqlDatabase):
    """A pages.ArticleStore over the transactions of a store."""

    def articles_due(self, source_id: str, now: datetime, limit: int) -> tuple[PageTask, ...]:
        """Return pages of entries to fetch now, those of the newest entries first."""
        with self._read() as connection:
            return articles.load_due(connection, source_id, now, limit)

    def sources_with_articles_due(self, now: datetime) -> frozenset[str]:
        """Return the identities of the sources that have pages to fetch now."""
        with self._read() as connection:
            return articles.sources_due(connection, now)

    def save_article(self, result: PageResult) -> bool:
        """Store what a page gave; return whether the entry has another text now."""
        with self._write(quiet=True) as connection:
            return articles.save(connection, result)

    def article_counts(self) -> Mapping[str, ArticleCounts]:
        """Return how far the whole texts are, by the identity of their source."""
        with self._read() as connection:
            return articles.counts(connection)

    def end_hold(self, source_id: str) -> None:
        """Let grouping have the entries of a source whose pages did not come in time."""
        with self._write(quiet=True) as connection:
            articles.end_hold(connection, source_id)
