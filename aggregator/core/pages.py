"""The values of whole texts: a page that is wanted, and the article that it gave."""

from dataclasses import dataclass
from datetime import datetime

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
