"""Rendered pages in memory, ready to send; the least recently used leave first."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.web._file_cache import CachedFile, make_cached_file
from aggregator.web._site import is_fresh

_MAX_AGE = timedelta(seconds=60)  # relative times are to the minute
_MAX_BYTES = 16_000_000
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Page:
    file: CachedFile
    number: int  # of the snapshot
    rendered: datetime


class PageCache:
    """Renders each page once a minute and snapshot; called from several threads."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._pages: dict[Hashable, _Page] = {}
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._rendering = threading.Lock()

    def get(self, key: Hashable, number: int, now: datetime) -> CachedFile | None:
        """Return the page if it was rendered from this snapshot within a minute."""
        with self._lock:
            page = self._pages.get(key)
            if page is None or page.number != number or not is_fresh(page.rendered, now, _MAX_AGE):
                return None
            self._pages[key] = self._pages.pop(key)  # now the most recently used
            return page.file

    def render(
        self, key: Hashable, number: int, now: datetime, render: Callable[[], str]
    ) -> CachedFile:
        """Return the page, rendered anew if need be; one thread renders at a time."""
        with self._rendering:
            if found := self.get(key, number, now):
                return found
            file = page_file(render(), now)
        with self._lock:
            self._pages.pop(key, None)
            self._pages[key] = _Page(file, number, now)
            while len(self._pages) > 1 and self.size > self._max_bytes:
                del self._pages[next(iter(self._pages))]
        return file

    @property
    def size(self) -> int:
        """Memory used, in bytes."""
        return sum(one.file.size for one in self._pages.values())


def page_file(html: str, now: datetime) -> CachedFile:
    """Return a page ready to send, plain and compressed."""
    return make_cached_file(
        html.encode("utf-8", "replace"), media_type=_HTML, modified=int(now.timestamp())
    )
