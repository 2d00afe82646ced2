"""Feeds made to order: narrowed by the query of their address, made in turn and kept for a while."""

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
from aggregator.web import _shelf
from aggregator.web._narrow import Narrowing
from aggregator.web._site import Published, Site, carry_token, load, media_type

_READ_MOST = 600  # stories, or entries, looked at
_KEPT = timedelta(seconds=60)
_KEPT_MOST = 64
_BYTES_MOST = 32_000_000  # of what is kept
_WAITING_MOST = 8
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class Busy(Exception):  # noqa: N818  the reader's word
    """Too many feeds are being made; ask again soon."""


class Workshop:
    """Makes one feed at a time, so that many questions cost no more than the time of one."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, _shelf.Edition]] = OrderedDict()
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def get(self, feed: Published, wanted: Narrowing) -> _shelf.Edition:
        """Return the narrowed feed; raises Busy, and ValueError for words that cannot be used."""
        key = (feed.file, wanted.query)
        if kept := self._fresh(key):
            return kept
        if self._waiting >= _WAITING_MOST:
            raise Busy
        self._waiting += 1
        try:
            async with self._turn:
                return self._fresh(key) or await self._make(key, feed, wanted)
        finally:
            self._waiting -= 1

    def _fresh(self, key: tuple[str, str]) -> _shelf.Edition | None:
        made, edition = self._kept.get(key, (None, None))
        if made is None or not timedelta(0) <= self._site.clock() - made < _KEPT:
            return None
        return edition

    async def _make(
        self, key: tuple[str, str], feed: Published, wanted: Narrowing
    ) -> _shelf.Edition:
        now = self._site.clock()
        made = await run_in_threadpool(self._render, feed, wanted, now)
        _, before = self._kept.pop(key, (None, None))
        if before and before.tag == made.tag:
            made = before  # nothing changed, so its time stays
        self._kept[key] = (now, made)
        while len(self._kept) > _KEPT_MOST or (self._size() > _BYTES_MOST and len(self._kept) > 1):
            self._kept.popitem(last=False)
        return made

    def _size(self) -> int:
        return sum(made.size for _, made in self._kept.values())

    def _render(self, feed: Published, wanted: Narrowing, now: datetime) -> _shelf.Edition:
        spec = _narrowed(feed, wanted)
        states = self._site.store.source_states()
        self._check_sources(wanted, states)
        try:
            stories = selection.choose(
                self._site.store,
                spec,
                now=now,
                sources=self._site.sources,
                narrow=[one.spec for one in wanted.conditions],
                most=_READ_MOST,
            )
        except ConfigError as error:
            raise ValueError(f"q: {error.problem}.") from error
        home = self._site.public_url
        # Only those who know the token are shown this, and a reader follows the self link.
        token = f"&token={quote(spec.token, safe='')}" if spec.token else ""
        edition = Edition(
            spec=spec,
            self_url=f"{home.rstrip('/')}/feeds/{feed.file}?{wanted.query}{token}",
            home_url=home,
            updated=_NEVER,
            stories=stories,
            note="" if stories else self._why_empty(feed, wanted),
            sources={identity: state.info for identity, state in states.items()},
            categories=selection.categories_of(self._site.sources),
            has_pages=bool(spec.token) or are_pages_public(self._site.feeds),
            secret=files.secret(self._site.data) if spec.split_links else b"",
        )
        renderer = load(wanted.format or feed.format)
        return _shelf.pack(
            carry_token(self._site, spec)(renderer.render(edition)),
            media_type=media_type(renderer),
            modified=int(now.timestamp()),
        )

    def _check_sources(self, wanted: Narrowing, states: Iterable[str]) -> None:
        """Raise ValueError for a source that is neither configured nor remembered."""
        known = {name for one in self._site.sources for name in (one.id, one.identity)}
        for name in (name for one in wanted.conditions for name in one.spec.sources):
            if name not in known and name not in states:
                raise ValueError(f"There is no source “{name[:40]}”.")

    def _why_empty(self, feed: Published, wanted: Narrowing) -> str:
        """Say which conditions nothing in the feed meets."""
        sources = self._site.sources
        fits = selection.conditions((feed.spec,), sources)
        unmet = {one.asked: selection.conditions((one.spec,), sources) for one in wanted.conditions}
        looked = 0
        for shown in filter(fits, islice(self._site.store.newest_stories(), _READ_MOST)):
            looked += 1
            unmet = {asked: meets for asked, meets in unmet.items() if not meets(shown)}
        if not looked:
            return "This feed holds no story yet."
        stories = (
            f"None of the newest {looked} stories" if looked > 1 else "The only story does not"
        )
        missed = " or ".join(unmet) or "all of it together"
        return f"{stories} fit{'s' if looked > 1 else ''} {missed}."


def _narrowed(feed: Published, wanted: Narrowing) -> FeedSpec:
    """Return the feed under a name of its own, so that it has an id of its own."""
    spec = feed.spec
    return replace(
        spec,
        name=f"{spec.name}?{wanted.query}",
        title=f"{spec.title}: {wanted.words}" if wanted.words else spec.title,
        limit=min(wanted.limit or spec.limit, spec.limit),
    )
