"""Feeds filtered by the query of their URL: rendered one at a time and cached for a minute."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
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
from aggregator.web._site import PublishedFile, Site, add_token_to_links, load_renderer, media_type

_MAX_STORIES_READ = 600  # or entries
_MAX_AGE = timedelta(seconds=60)
_MAX_FEEDS = 64
_MAX_BYTES = 32_000_000  # of all cached feeds
_MAX_WAITING = 8
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class QueueFull(Exception):  # noqa: N818  named like asyncio.QueueFull
    """Too many requests wait for a feed to be rendered; retry later."""


class QueryFeedCache:
    """Renders one feed at a time, which bounds the CPU use of concurrent queries."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._cached: OrderedDict[tuple[str, str], tuple[datetime, _file_cache.CachedFile]] = (
            OrderedDict()
        )
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def get(self, feed: PublishedFile, query: FeedQuery) -> _file_cache.CachedFile:
        """Return the filtered feed; raise QueueFull, or ValueError for unusable search words."""
        key = (feed.file, query.query)
        if cached := self._get_fresh(key):
            return cached
        if self._waiting >= _MAX_WAITING:
            raise QueueFull
        self._waiting += 1
        try:
            async with self._lock:
                return self._get_fresh(key) or await self._render_and_cache(key, feed, query)
        finally:
            self._waiting -= 1

    def _get_fresh(self, key: tuple[str, str]) -> _file_cache.CachedFile | None:
        created, cached = self._cached.get(key, (None, None))
        if created is None or not timedelta(0) <= self._site.clock() - created < _MAX_AGE:
            return None
        return cached

    async def _render_and_cache(
        self, key: tuple[str, str], feed: PublishedFile, query: FeedQuery
    ) -> _file_cache.CachedFile:
        now = self._site.clock()
        cached = await run_in_threadpool(self._render, feed, query, now)
        _, before = self._cached.pop(key, (None, None))
        if before and before.etag == cached.etag:
            cached = before  # unchanged content keeps its Last-Modified
        self._cached[key] = (now, cached)
        while len(self._cached) > _MAX_FEEDS or (
            self._size() > _MAX_BYTES and len(self._cached) > 1
        ):
            self._cached.popitem(last=False)
        return cached

    def _size(self) -> int:
        return sum(cached.size for _, cached in self._cached.values())

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
