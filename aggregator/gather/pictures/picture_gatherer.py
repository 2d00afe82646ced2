"""Fetches the lead images of the newest stories and keeps small copies of them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from aggregator.core.errors import FetchError, HTTPStatus, SourceError, Timeout, Unreachable
from aggregator.core.logger import get_logger
from aggregator.core.model import Fetched, ShownStory, Source, Validators
from aggregator.core.ports import Clock, PageFetcher
from aggregator.core.threads import StoreThread
from aggregator.gather.pictures.picture_files import PictureFiles, picture_name
from aggregator.pool import Pool
from aggregator.text.urls import host, is_web

STORIES = 300  # the newest, whose pictures are made
MAX_WAIT = timedelta(seconds=60)
_PER_TURN, _AT_ONCE = 60, 6  # images
_TIMEOUT = timedelta(seconds=15)
_RETRIES = (timedelta(hours=1), timedelta(hours=6))
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # states that may pass
_FINAL = len(_RETRIES) + 1  # tries
_MAX_BYTES = 500_000_000  # of all pictures
_RETRY_LOOK = timedelta(minutes=10)  # after which failed pictures are looked at
_PRUNE_INTERVAL = timedelta(days=1)
_NO_VALIDATORS = Validators()
_ACCEPT = ("Accept", "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,image/*;q=0.5")

_log = get_logger()


class PictureStore(Protocol):
    """What fetching pictures asks of the store."""

    def story_marks(self, limit: int) -> tuple[tuple[str, int], ...]:
        """Return the ids of the newest shown stories, each with a mark that differs after a change."""

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids."""


@dataclass(slots=True)
class _Turns:
    """What is known of earlier turns."""

    woken: bool = True
    last: datetime | None = None
    pruned: datetime | None = None  # when files were last deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureGatherer:
    """Makes the pictures of the newest stories; a failure costs the picture, nothing else."""

    store: PictureStore
    thread: StoreThread
    pages: PageFetcher
    pool: Pool
    files: PictureFiles
    sources: Mapping[str, Source]  # by identity
    keep: timedelta  # of pictures
    clock: Clock
    max_wait: timedelta = MAX_WAIT
    _marks: dict[str, int] = field(default_factory=dict)  # of stories whose images are known
    _wanted: dict[str, Source] = field(default_factory=dict)  # by URL of the image
    _state: _Turns = field(default_factory=_Turns)

    def wake(self) -> None:
        """Note that stories have changed."""
        self._state.woken = True

    def is_due(self) -> bool:
        """Return whether there may be pictures to make."""
        last = self._state.last
        waiting = bool(self._wanted) and (last is None or abs(self.clock() - last) >= _RETRY_LOOK)
        return self._state.woken or waiting

    async def take(self) -> int:
        """Make pictures that are missing, for a minute at most; return how many were tried."""
        self._state.woken, self._state.last = False, self.clock()
        await self.thread.call(self._look)
        due = await asyncio.to_thread(self._due)
        self._state.woken = self._state.woken or len(due) == _PER_TURN  # there may be more
        slots = asyncio.Semaphore(_AT_ONCE)

        async def _in_turn(url: str) -> None:
            async with slots:
                await self._make(url)

        try:
            async with asyncio.timeout(self.max_wait.total_seconds()):
                await asyncio.gather(*map(_in_turn, due))
        except TimeoutError:
            _log.info("pictures did not come in time", pictures=len(due))
        await asyncio.to_thread(self._prune)
        return len(due)

    def _look(self) -> None:
        """Find the images of stories that are new or have changed."""
        marks = dict(self.store.story_marks(STORIES))
        changed = [id_ for id_, mark in marks.items() if self._marks.get(id_) != mark]
        for shown in reversed(self.store.stories(changed) if changed else ()):
            image = shown.lead.entry.image
            if is_web(image):
                source = self.sources.get(shown.lead.source_id)
                self._wanted[image] = _image_source(image, source)
        self._marks.clear()
        self._marks.update(marks)

    def _due(self) -> list[str]:
        """Return images to fetch now; those that are there or hopeless are forgotten."""
        due: list[str] = []
        now = self.clock().timestamp()
        for url in list(self._wanted):
            name = picture_name(url)
            tries, last = self.files.failures(name)
            if tries >= _FINAL or self.files.has(name):
                del self._wanted[url]
            elif not tries or now - last >= _RETRIES[tries - 1].total_seconds():
                due.append(url)
        return due[-_PER_TURN:]

    async def _make(self, url: str) -> None:
        # slow: Pillow, and most runs make no picture
        from aggregator.gather.pictures.thumbnails import make_thumbnails  # noqa: PLC0415

        name = picture_name(url)
        try:
            fetched = await self.pages.fetch_page(self._wanted[url], _NO_VALIDATORS, _permit)
            if not isinstance(fetched, Fetched):
                raise FetchError("no image")  # noqa: TRY301  a 304 without validators
            (made,) = await self.pool.run(make_thumbnails, [(fetched.documents[0],)])
            if isinstance(made, SourceError):
                raise made  # noqa: TRY301
            await asyncio.to_thread(partial(self.files.save, name, made))
        except SourceError as error:
            await self._fail(name, url, error)
        except OSError as error:  # a full disk: tried again at the next turn
            _log.warning("a picture could not be saved", reason=error.strerror or str(error))
        except Exception as error:  # noqa: BLE001  one odd image must not end the turn
            _log.exception("making a picture failed")
            await self._fail(name, url, FetchError(f"making a picture failed: {error!r}"))

    async def _fail(self, name: str, url: str, error: SourceError) -> None:
        tries, _ = await asyncio.to_thread(self.files.failures, name)
        tries = tries + 1 if _may_pass(error) else _FINAL
        _log.info("no picture", host=host(url), reason=str(error))
        try:
            await asyncio.to_thread(self.files.save_failure, name, tries)
        except OSError:
            self._wanted.pop(url, None)  # until the next start

    def _prune(self) -> None:
        """Delete old files about once a day."""
        now = self.clock()
        pruned = self._state.pruned
        if pruned and abs(now - pruned) < _PRUNE_INTERVAL:
            return
        self._state.pruned = now
        if count := self.files.prune(now - self.keep, _MAX_BYTES):
            _log.info("old pictures deleted", files=count)


def _image_source(url: str, source: Source | None) -> Source:
    """Return what is requested for an image; the headers of the source go to its own host only."""
    own = source.headers if source and host(url) == host(source.url) else ()
    kept = tuple(one for one in own if one[0].lower() != "accept")
    return Source(id="picture", url=url, timeout=_TIMEOUT, headers=(*kept, _ACCEPT))


def _may_pass(error: SourceError) -> bool:
    if isinstance(error, HTTPStatus):
        return error.status in _PASSING
    return isinstance(error, Timeout | Unreachable)


async def _permit(_url: str) -> None:
    """Allow each request: images are fetched as a browser fetches them."""
