"""Announces new editions to a WebSub hub, and retries until it has accepted them."""

import asyncio
import json
import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.core.backoff import doubled
from aggregator.core.errors import FetchError
from aggregator.core.logger import get_logger
from aggregator.core.ports import Clock, Poster

_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=6)
_MOST = 12  # tries, over more than a day
_WRITING = timedelta(seconds=30)  # that a feed may take to be written
_TOPICS_MOST = 1_000
_CLOSE_SECONDS = 3.0  # that the end of a run waits for the hub; what is pending is kept
_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """A topic to announce: failed tries so far, and when to try next."""

    tries: int = 0
    due: datetime


class Announcer:
    """Pings one hub; pending topics are kept in a file, so that they survive a restart."""

    def __init__(self, hub: str, poster: Poster, path: Path, clock: Clock) -> None:
        self._hub = hub
        self._poster = poster
        self._path = path
        self._clock = clock
        self._news = _read(path)
        self._saving = threading.Lock()
        self._pinging: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to ping in the background, if something is due and no ping is under way."""
        if self.is_due() and (self._pinging is None or self._pinging.done()):
            self._pinging = asyncio.create_task(self.ping())

    def is_due(self) -> bool:
        """Return whether a topic should be announced now."""
        now = self._clock()
        return any(_is_due(one, now) for one in self._news.values())

    def follow_clock(self, step: timedelta) -> None:
        """Move all times after the clock was set by `step`."""
        with self._saving:
            self._save({name: replace(one, due=one.due + step) for name, one in self._news.items()})

    def owe(self, topic: str) -> None:
        """Add a feed that is about to be written, from any thread; `note` says when it was.

        Whatever fails then, the hub is notified, at worst of a feed that did not change.
        """
        due = self._clock() + _WRITING
        with self._saving:
            self._save(self._news | {topic: _News(due=due)})

    def note(self, topics: Iterable[str]) -> None:
        """Add feeds that changed; their failed tries are forgotten."""
        now = self._clock()
        changed = {topic: _News(due=now) for topic in topics}
        if changed:
            with self._saving:
                self._save(self._news | changed)

    async def ping(self) -> None:
        """Announce what is due; failures are retried with back-off."""
        now = self._clock()
        for topic, news in tuple(self._news.items()):
            if _is_due(news, now):
                await self._tell(topic, news)

    async def close(self) -> None:
        """Wait a few seconds for a ping that is under way, then give the connections back."""
        if self._pinging:
            await asyncio.wait({self._pinging}, timeout=_CLOSE_SECONDS)
            self._pinging.cancel()
        await self._poster.close()

    async def _tell(self, topic: str, news: _News) -> None:
        # The specification says hub.topic; old hubs read hub.url.
        form = (("hub.mode", "publish"), ("hub.topic", topic), ("hub.url", topic))
        try:
            status = await self._poster.post(self._hub, form)
            problem = "" if 200 <= status < 300 else f"status {status}"
        except FetchError as error:
            problem = str(error)
        with self._saving:
            if self._news.get(topic) != news:
                return  # it changed again meanwhile and is announced again
            left = {name: one for name, one in self._news.items() if name != topic}
            if problem and news.tries + 1 < _MOST:
                wait = doubled(_FIRST, news.tries, _LONGEST)
                left[topic] = _News(tries=news.tries + 1, due=self._clock() + wait)
            self._save(left)
        if problem:
            _log.warning("hub not told", topic=topic, tries=news.tries + 1, error=problem)
        else:
            _log.info("hub told", topic=topic)

    def _save(self, news: Mapping[str, _News]) -> None:
        self._news = dict(tuple(news.items())[-_TOPICS_MOST:])
        said = {name: [one.tries, one.due.isoformat()] for name, one in self._news.items()}
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        # A full disk must not stop an edition; the file only bridges a restart.
        with suppress(OSError):
            aside.write_text(json.dumps(said), encoding="utf-8")
            aside.replace(self._path)


def _is_due(news: _News, now: datetime) -> bool:
    """Return whether to announce now; a time too far ahead was set by a wrong clock."""
    return news.due <= now or news.due > now + _LONGEST


def _read(path: Path) -> dict[str, _News]:
    try:
        said = json.loads(path.read_bytes())
        return {
            str(topic): _News(tries=int(tries), due=datetime.fromisoformat(due))
            for topic, (tries, due) in said.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
