"""The values of whole texts, a page that is wanted and the article that it gave, and their store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregator.core.model import Author, Entry, Validators

_NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article of an entry's page: safe HTML and what the page says of it."""

    url: str = ""  # of the page, after redirects
    title: str = ""
    html: str = ""
    text: str = ""  # plain, for grouping
    letters: int = 0
    fingerprint: str = ""  # digest of the entry's title and the text
    cites: tuple[str, ...] = ()
    image: str = ""
    authors: tuple[Author, ...] = ()
    published: datetime | None = None
    canonical: str = ""
    language: str = ""
    taken: str = ""  # what found the text, in words for the user
    removed: tuple[str, ...] = ()  # ids of the cleaning rules that took something out


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTask:
    """A page to fetch for the whole text of an entry; `digest` is that of the entry as it is now."""

    key: str
    entry: Entry
    digest: str
    tries: int = 0  # that failed
    validators: Validators = _NO_VALIDATORS


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What a page gave: an article, or the reason why the teaser stays; `due`: when to try again.

    Neither article nor problem: the page has not changed since.
    """

    key: str
    digest: str
    article: Article | None = None
    problem: str = ""
    tries: int = 0
    due: datetime | None = None
    validators: Validators = _NO_VALIDATORS


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleCounts:
    """How many entries of a source have their whole texts, and why the others do not."""

    fetched: int = 0
    waiting: int = 0  # their pages are still to be fetched
    problems: tuple[tuple[str, int], ...] = ()  # reason and number, the most frequent first

    @property
    def failed(self) -> int:
        """How many will not be fetched again."""
        return sum(count for _, count in self.problems)


class ArticleStore(Protocol):
    """What fetching whole texts asks of the store."""

    def articles_due(self, source_id: str, now: datetime, limit: int) -> tuple[PageTask, ...]:
        """Return pages of entries to fetch now, those of the newest entries first."""

    def sources_with_articles_due(self, now: datetime) -> frozenset[str]:
        """Return the identities of the sources that have pages to fetch now."""

    def save_article(self, result: PageResult) -> bool:
        """Store what a page gave, unless its entry has changed since; return whether it has a new text."""

    def end_hold(self, source_id: str) -> None:
        """Let grouping have the entries of a source whose pages did not come in time."""

    def article_counts(self) -> Mapping[str, ArticleCounts]:
        """Return how far the whole texts are, by the identity of their source."""
