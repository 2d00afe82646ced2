"""Fetches the pages of new and changed entries for their whole texts."""

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aggregator.core.errors import (
    DisallowedByRobots,
    FetchError,
    HTTPStatus,
    SourceError,
    Timeout,
    Unreachable,
)
from aggregator.core.logger import get_logger
from aggregator.core.model import Fetched, Source
from aggregator.core.pages import ArticleStore, PageResult, PageTask
from aggregator.core.ports import Clock, PageFetcher
from aggregator.core.settings import FullText
from aggregator.core.threads import StoreThread
from aggregator.gather.articles.article import Wanted, read_article
from aggregator.gather.articles.refusals import weight
from aggregator.gather.articles.robots import Robots
from aggregator.pool import Pool
from aggregator.text.urls import host, is_home_page, same_key

MAX_WAIT = timedelta(seconds=60)  # for whole texts, before entries are grouped without them
_PAGES_PER_TURN = 200  # of one source
_PAGES_AT_ONCE = 8  # of one source; the limits of each host and of all hosts apply as well
_RETRIES = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # states that may pass
_ACCEPT = ("Accept", "text/html, application/xhtml+xml;q=0.9, */*;q=0.5")

_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleGatherer:
    """Takes the whole texts of entries from their pages; a failure costs the text, not the entry."""

    store: ArticleStore
    thread: StoreThread
    pages: PageFetcher
    robots: Robots
    pool: Pool
    sources: Mapping[str, Source]  # by identity
    clock: Clock
    max_wait: timedelta = MAX_WAIT
    _busy: set[str] = field(default_factory=set)  # keys of entries whose page is being fetched

    async def due(self) -> tuple[Source, ...]:
        """Return the sources that have pages to fetch now."""
        if not any(one.full_text for one in self.sources.values()):
            return ()
        now = self.clock()
        found = await self.thread.call(lambda: self.store.sources_with_articles_due(now))
        return tuple(
            one for identity, one in self.sources.items() if identity in found and one.full_text
        )

    async def take(self, source: Source) -> int:
        """Fetch the pages of a source that are due, for a minute at most; return how many those were.

        What does not come in time stays due, and its entries are grouped without it.
        """
        if source.full_text is None:
            return 0
        identity, now = source.identity, self.clock()
        found = await self.thread.call(
            lambda: self.store.articles_due(identity, now, _PAGES_PER_TURN)
        )
        tasks = [one for one in found if one.key not in self._busy]
        if not tasks:
            return 0
        self._busy.update(one.key for one in tasks)
        slots, options = asyncio.Semaphore(_PAGES_AT_ONCE), source.full_text

        async def _in_turn(task: PageTask) -> None:
            async with slots:
                await self._fetch(source, task, options)

        try:
            async with asyncio.timeout(self.max_wait.total_seconds()):
                await asyncio.gather(*map(_in_turn, tasks))
        except TimeoutError:
            _log.info("whole texts did not come in time", source=source.id, pages=len(tasks))
        finally:
            self._busy.difference_update(one.key for one in tasks)
        await self.thread.call(lambda: self.store.end_hold(identity))
        return len(tasks)

    async def _fetch(self, source: Source, task: PageTask, options: FullText) -> None:
        """Fetch one page and store its article, or why there is none."""
        try:
            result = await self._read(source, task, options)
        except SourceError as error:
            result = self._failure(task, error)
        except Exception as error:  # noqa: BLE001  one odd page must not end the run
            _log.exception("reading a page failed", source=source.id)
            result = self._failure(task, FetchError(f"reading the page failed: {error!r}"))
        if result.problem:
            _log.info("no whole text", source=source.id, reason=result.problem)
        await self.thread.call(lambda: self.store.save_article(result))

    async def _read(self, source: Source, task: PageTask, options: FullText) -> PageResult:
        requested = page_source(source, task.entry.link, options)
        fetched = await self.pages.fetch_page(requested, task.validators, self.robots.permit)
        done = PageResult(key=task.key, digest=task.digest, validators=fetched.validators)
        if not isinstance(fetched, Fetched):
            return done
        document = fetched.documents[0]
        reached, linked = same_key(document.url), same_key(task.entry.link)
        if is_home_page(reached) and not is_home_page(linked):
            raise FetchError("the page redirects to the front page")
        wanted = Wanted(
            title=task.entry.title,
            letters=weight(task.entry.text),
            options=options,
            clean=source.clean,
        )
        (article,) = await self.pool.run(read_article, [(document, wanted)])
        if isinstance(article, SourceError):
            return dataclasses.replace(done, problem=str(article))
        return dataclasses.replace(done, article=article)

    def _failure(self, task: PageTask, error: SourceError) -> PageResult:
        """Return the result of a page that could not be fetched: tried again if that may help."""
        tries, due = task.tries + 1, None
        if may_pass(error) and tries <= len(_RETRIES):
            wait = error.retry_after if isinstance(error, HTTPStatus) else None
            due = self.clock() + max(_RETRIES[tries - 1], wait or timedelta())
        return PageResult(
            key=task.key,
            digest=task.digest,
            problem=str(error),
            tries=tries,
            due=due,
            validators=task.validators,
        )


def may_pass(error: SourceError) -> bool:
    """Say whether a page that failed may come later."""
    if isinstance(error, HTTPStatus):
        return error.status in _PASSING
    if isinstance(error, DisallowedByRobots):
        return not error.is_final
    return isinstance(error, Timeout | Unreachable)


def page_source(source: Source, link: str, options: FullText) -> Source:
    """Return what is requested for a page; the headers of the source go to its own host only."""
    own = source.headers if host(link) == host(source.url) else ()
    named = {name.lower() for name, _ in own}
    return Source(
        id=source.id,
        url=link,
        timeout=options.timeout,
        headers=own if "accept" in named else (*own, _ACCEPT),
    )
