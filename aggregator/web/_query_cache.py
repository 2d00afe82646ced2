"""Feeds filtered by the query of their URL: rendered one at a time and cached for a minute."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool

from aggregator.core.errors import ConfigError
from aggregator.core.model import Edition
from aggregator.core.settings import FeedSpec, are_pages_public
from aggregator.publish import files, selection
from aggregator.web import _file_cache
from aggregator.web._query import FeedQuery
from aggregator.web._site import (
    PublishedFile,
    Site,
    add_token_to_links,
    is_fresh,
    load_renderer,
    media_type,
)

_MAX_STORIES_READ = 600  # or entries
_MAX_AGE = timedelta(seconds=60)
_MAX_FEEDS = 64
_MAX_BYTES = 32_000_000  # of all cached feeds
_MAX_STALE = timedelta(minutes=5)  # as long as caches may keep a feed
_MAX_WAITING = 8
_MAX_PAUSE_SECONDS = 1.0
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class QueueFull(Exception):  # noqa: N818  named like asyncio.QueueFull
    """Too many requests wait for a feed to be rendered; retry later."""


_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Copy:
    """A rendered feed, and the generation of the store that it shows."""

    file: _file_cache.CachedFile
    checked: datetime
    generation: str


class QueryFeedCache:
    """Renders one feed at a time for at most half of the time, and serves the copy that is there.

    All who request one feed wait for the same rendering.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._copies: OrderedDict[_Key, _Copy] = OrderedDict()
        self._rendering: dict[_Key, asyncio.Task[_file_cache.CachedFile]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._free_at = 0.0  # time of the event loop before which nothing is rendered

    async def get(self, feed: PublishedFile, query: FeedQuery) -> _file_cache.CachedFile:
        """Return the filtered feed; raise QueueFull, or ValueError for unusable search words.

        A copy that is a little old is returned while a new one is rendered for the next request.
        """
        key = (feed.file, query.query)
        copy, now = self._copies.get(key), self._site.clock()
        if copy and is_fresh(copy.checked, now, _MAX_AGE):
            return copy.file
        if key not in self._rendering and len(self._rendering) >= _MAX_WAITING:
            if copy:
                return copy.file
            raise QueueFull
        rendering = self._start(key, feed, query)
        if copy and is_fresh(copy.checked, now, _MAX_STALE):
            return copy.file
        return await asyncio.shield(rendering)

    def _start(
        self, key: _Key, feed: PublishedFile, query: FeedQuery
    ) -> asyncio.Task[_file_cache.CachedFile]:
        """Start to render a feed, unless that is under way."""
        if (task := self._rendering.get(key)) is None:
            task = asyncio.create_task(self._refresh(key, feed, query))
            self._rendering[key] = task
            task.add_done_callback(lambda done: self._end(key, done))
        return task

    def _end(self, key: _Key, task: asyncio.Task[_file_cache.CachedFile]) -> None:
        self._rendering.pop(key, None)
        if not task.cancelled():
            task.exception()  # told to those who waited; without them the copy stays

    async def _refresh(
        self, key: _Key, feed: PublishedFile, query: FeedQuery
    ) -> _file_cache.CachedFile:
        """Render a feed, unless the store is as it was."""
        async with self._one_at_a_time:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._free_at - loop.time()))
            began, now = loop.time(), self._site.clock()
            generation = await run_in_threadpool(self._site.store.generation)
            before = self._copies.pop(key, None)
            if before and before.generation == generation != "" and not feed.spec.max_age:
                file = before.file
            else:
                file = await self._render_after(before, feed, query, now)
            self._copies[key] = _Copy(file, now, generation)
            self._evict()
            self._free_at = loop.time() + min(loop.time() - began, _MAX_PAUSE_SECONDS)
            return file

    async def _render_after(
        self, before: _Copy | None, feed: PublishedFile, query: FeedQuery, now: datetime
    ) -> _file_cache.CachedFile:
        file = await run_in_threadpool(self._render, feed, query, now)
        # unchanged content keeps its Last-Modified
        return before.file if before and before.file.etag == file.etag else file

    def _evict(self) -> None:
        while len(self._copies) > _MAX_FEEDS or (
            self._size() > _MAX_BYTES and len(self._copies) > 1
        ):
            self._copies.popitem(last=False)

    def _size(self) -> int:
        return sum(copy.file.size for copy in self._copies.values())

    def _render(
        self, feed: PublishedFile, query: FeedQuery, now: datetime
    ) -> _file_cache.CachedFile:
        spec = _query_spec(feed, query)
        states = self._site.store.source_states()
        self._check_sources(query, states)
        try:
            stories = selection.choose(
                self._site.store,
                spec,
                now=now,
                sources=self._site.sources,
                narrow=[one.spec for one in query.conditions],
                most=_MAX_STORIES_READ,
            )
        except ConfigError as error:
            raise ValueError(f"q: {error.problem}.") from error
        home_url = self._site.public_url
        # Only clients with the token see this feed, and readers follow the self link.
        token = f"&token={quote(spec.token, safe='')}" if spec.token else ""
        edition = Edition(
            spec=spec,
            self_url=f"{home_url.rstrip('/')}/feeds/{feed.file}?{query.query}{token}",
            home_url=home_url,
            updated=_NEVER,
            stories=stories,
            note="" if stories else self._why_empty(feed, query),
            sources={identity: state.info for identity, state in states.items()},
            categories=selection.categories_of(self._site.sources),
            has_pages=bool(spec.token) or are_pages_public(self._site.feeds),
            secret=files.secret(self._site.data) if spec.split_links else b"",
        )
        renderer = load_renderer(query.format or feed.format)
        return _file_cache.make_cached_file(
            add_token_to_links(self._site, spec)(renderer.render(edition)),
            media_type=media_type(renderer),
            modified=int(now.timestamp()),
        )

    def _check_sources(self, query: FeedQuery, states: Iterable[str]) -> None:
        """Raise ValueError for a source that is neither configured nor stored."""
        known = {name for one in self._site.sources for name in (one.id, one.identity)}
        for name in (name for one in query.conditions for name in one.spec.sources):
            if name not in known and name not in states:
                raise ValueError(f"There is no source “{name[:40]}”.")

    def _why_empty(self, feed: PublishedFile, query: FeedQuery) -> str:
        """Return a sentence that names the conditions which no story meets."""
        sources = self._site.sources
        is_in_feed = selection.conditions((feed.spec,), sources)
        unmet = {one.text: selection.conditions((one.spec,), sources) for one in query.conditions}
        count = 0
        for shown in filter(
            is_in_feed, islice(self._site.store.newest_stories(), _MAX_STORIES_READ)
        ):
            count += 1
            unmet = {text: meets for text, meets in unmet.items() if not meets(shown)}
        if not count:
            return "This feed holds no story yet."
        conditions = " or ".join(unmet) or "all of it together"
        if count == 1:
            return f"The only story does not fit {conditions}."
        return f"None of the newest {count} stories fits {conditions}."


def _query_spec(feed: PublishedFile, query: FeedQuery) -> FeedSpec:
    """Return the feed's specification under its own name, so that it gets its own id."""
    spec = feed.spec
    return replace(
        spec,
        name=f"{spec.name}?{query.query}",
        title=f"{spec.title}: {query.words}" if query.words else spec.title,
        limit=min(query.limit or spec.limit, spec.limit),
    )
