"""The archive of a feed (RFC 5005): pages that never change once they are written.

A page is written when a story is about to leave the feed. It takes the oldest stories that are on no
page yet, and those that changed since they were put on one. So feed and pages together contain
everything. Two links of a page change later: one to its successor is added, where the format has such
links, and the one to its predecessor is dropped when that is deleted.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape
from itertools import islice
from pathlib import Path

from aggregator.core.errors import PublishError
from aggregator.core.model import Edition, FeedInfo, ShownStory, Source, Tombstone
from aggregator.core.ports import Place, PublishStore, Renderer
from aggregator.core.settings import FeedSpec
from aggregator.publish import archive_files, files, selection
from aggregator.publish.selection.ranking import arranger
from aggregator.publish.selection.units import unit_of

FORMATS = ("atom", "rss", "json")  # formats with feed-level links
SIZE = 100  # stories on a page

_READ_MOST = 20_000  # stories read in one run
_EXPIRED_MOST = 2  # pages deleted for each page that is written
# the link in XML, and in JSON
_PREVIOUS = re.compile(rb' *<(?:atom:)?link rel="prev-archive"[^>]*/>\n| "next_url": "[^"\n]*",\n')
_PAGES_MOST = 100  # written in one run; the next run continues
_START: Place = (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The state of the archive of a feed; `home` is the base of its links."""

    pages: int = 0
    first: int = 1  # the oldest page that is kept
    place: Place | None = None  # of the newest story on a page
    closed: datetime | None = None  # when the last page was written
    home: str = ""
    grew: bool = False  # in this run; not saved


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """A story or entry for a page; `fresh`: not on any page yet."""

    place: Place
    shown: ShownStory
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The archive of one feed in one format."""

    spec: FeedSpec
    store: PublishStore
    renderer: Renderer
    sources: Sequence[Source]
    infos: Mapping[str, FeedInfo]
    folder: Path  # of the published feeds
    home: str
    has_pages: bool = True  # see Edition
    secret: bytes = field(default=b"", repr=False)  # see Edition
    most: int = _PAGES_MOST

    def extend(self, selected: Sequence[ShownStory], *, now: datetime) -> History:
        """Write pages until everything that left the feed is on one; raise PublishError."""
        before = history = self._recall()
        if not self._may_miss(history, selected):
            return history
        held = {shown.story.id for shown in selected}
        pending: list[tuple[_Unit, ...]] = []
        buried: tuple[Tombstone, ...] = ()
        if history.closed and self.spec.group == "stories":
            buried = self.store.tombstones(history.closed)
        for batch in _batches(islice(self._units(before), _READ_MOST)):
            pending.append(batch)
            if any(unit.fresh and unit.shown.story.id not in held for unit in batch):
                for one in pending:
                    history = self._close(history, one, buried, now)
                    buried = ()
                pending.clear()
            if history.pages - before.pages >= self.most:
                break
        if history == before:
            return history
        self._save(history)
        return replace(history, grew=True)

    def address(self, page: int) -> str:
        """Return the address of a page."""
        name = archive_files.page_name(page, self.renderer.EXTENSION)
        return f"{self._feeds()}{self.spec.name}/{name}"

    def _feeds(self) -> str:
        return f"{self.home.rstrip('/')}/feeds/"

    def _page(self, page: int) -> Path:
        name = archive_files.page_name(page, self.renderer.EXTENSION)
        return self.folder / self.spec.name / name

    def _save(self, history: History) -> None:
        state = self.folder / self.spec.name / _state_name(self.renderer.EXTENSION)
        files.write(state, _written(history))

    def _recall(self) -> History:
        """Return how far the archive is; start again if its last page is missing."""
        history = _read(self.folder / self.spec.name / _state_name(self.renderer.EXTENSION))
        if history is None or archive_files.find(self._page(history.pages)) is None:
            return History(home=self.home)
        if history.home == self.home:
            return history
        for page in range(history.first, history.pages + 1):
            self._move(page, history)
        moved = replace(history, home=self.home)
        self._save(moved)
        return moved

    def _move(self, page: int, history: History) -> None:
        """Rewrite the links of a page to the new address of the feeds."""
        before = f'"{history.home.rstrip("/")}/feeds/{self.spec.name}'.encode()
        after = f'"{self._feeds()}{self.spec.name}'.encode()
        is_newest = page == history.pages
        self._rewrite(page, lambda content: content.replace(before, after), is_newest=is_newest)

    def _may_miss(self, history: History, selected: Sequence[ShownStory]) -> bool:
        """Return whether stories may be neither in the feed nor on a page; False is certain."""
        if self.spec.max_age is not None:
            return True
        if len(selected) < self.spec.limit:
            return False
        return history.place is None or selected[-1].story.first_published >= history.place[0]

    def _units(self, history: History) -> Iterator[_Unit]:
        """Yield what is on no page or changed since, oldest first."""
        fits = selection.conditions((self.spec,), self.sources)
        arrange = arranger(self.spec, self.sources)
        since = history.place, history.closed
        whole = self.spec.group == "stories"
        found = self.store.oldest_stories(*since) if whole else self.store.oldest_entries(*since)
        seen: set[str] = set()
        for place, shown in found:
            fresh = history.place is None or place > history.place
            unit = arrange(shown)
            if not whole:
                piece = unit_of(shown, place[2], self.spec.group)
                unit, fresh = piece.shown, fresh and piece.first
            if unit.story.id not in seen and fits(unit if whole else shown):
                seen.add(unit.story.id)
                yield _Unit(place=place, shown=unit, fresh=fresh)

    def _close(
        self,
        history: History,
        units: tuple[_Unit, ...],
        buried: tuple[Tombstone, ...],
        now: datetime,
    ) -> History:
        """Write a page, then link the previous one to it."""
        page = history.pages + 1
        file = f"{self.spec.name}.{self.renderer.EXTENSION}"
        links = [("current", self._feeds() + file)]
        if page > history.first:
            links.append(("prev-archive", self.address(page - 1)))
        edition = Edition(
            spec=self.spec,
            self_url=self.address(page),
            home_url=self.home,
            updated=now,
            stories=tuple(unit.shown for unit in reversed(units)),
            tombstones=buried,
            sources=self.infos,
            categories=selection.categories_of(self.sources),
            links=tuple(links),
            has_pages=self.has_pages,
            secret=self.secret,
        )
        archive_files.write_newest(self._page(page), self.renderer.render(edition))
        if page > 1:
            self._rewrite(page - 1, lambda content: _lead_on(content, self.address(page)))
        place = max(unit.place for unit in units)
        if history.place is not None:
            place = max(place, history.place)
        first = self._expire(history, now)
        return replace(history, pages=page, first=first, place=place, closed=now)

    def _expire(self, history: History, now: datetime) -> int:
        """Delete pages that are too old, and links to them; return the oldest page that is kept.

        Few for each page that is written, so that a wrong clock costs little.
        """
        first, oldest = history.first, (now - self.spec.keep_archive).timestamp()
        while first < min(history.pages, history.first + _EXPIRED_MOST):
            written = self._time_of(first)
            if written is not None and written >= oldest:
                break
            first += 1
        if first > history.first:
            self._rewrite(first, _lead_no_further)
            for page in range(history.first, first):
                archive_files.delete(self._page(page))
        return first

    def _time_of(self, page: int) -> float | None:
        """Return when a page was last written, in seconds; None if it was removed by hand."""
        path = archive_files.find(self._page(page))
        if path is None:
            return None
        try:
            return path.stat().st_mtime
        except OSError:
            return None

    def _rewrite(
        self, page: int, change: Callable[[bytes], bytes], *, is_newest: bool = False
    ) -> None:
        path = self._page(page)
        try:
            content = archive_files.read(path)
        except (FileNotFoundError, archive_files.DamagedPage):
            return  # changed by hand
        except OSError as error:
            raise PublishError(f"cannot read {path}: {error.strerror}") from error
        write = archive_files.write_newest if is_newest else archive_files.write
        write(path, change(content))


def has_archive(spec: FeedSpec) -> bool:
    """Return whether what leaves the feed is older than all that stays, so that pages can follow it."""
    return spec.order == "newest" and spec.digest is None


def files_of(folder: Path, feed: str, extension: str) -> list[str]:
    """Return the paths of the state of an archive and of its last page, as far as they exist."""
    state = _state_name(extension)
    history = _read(folder / feed / state)
    if history is None:
        return []
    name = archive_files.page_name(history.pages, extension)
    page = archive_files.find(folder / feed / name)
    return [f"{feed}/{state}", f"{feed}/{page.name if page else name}"]


def _state_name(extension: str) -> str:
    return f".archive.{extension}"  # not served


def _batches(units: Iterator[_Unit]) -> Iterator[tuple[_Unit, ...]]:
    while batch := tuple(islice(units, SIZE)):
        yield batch


def _lead_on(content: bytes, address: str) -> bytes:
    """Add the link to the next page before the link to the feed, unless present."""
    found = re.search(rb'( *)<((?:atom:)?link) rel="current"', content)
    if found is None:
        return content
    indent, name = found[1], found[2]
    head, tail = content[: found.start()], content[found.start() :]
    if b'<%b rel="next-archive"' % name in head:
        return content
    link = b'%b<%b rel="next-archive" href="%b"/>\n' % (indent, name, escape(address).encode())
    return head + link + tail


def _lead_no_further(content: bytes) -> bytes:
    """Drop the link to the page before."""
    return _PREVIOUS.sub(b"", content, count=1)


def _read(path: Path) -> History | None:
    """Return the saved state of an archive; None if there is none to rely on."""
    try:
        said = json.loads(path.read_bytes())
        first, published, id_ = said["place"]
        return History(
            pages=int(said["pages"]),
            place=(datetime.fromisoformat(first), datetime.fromisoformat(published), str(id_)),
            closed=datetime.fromisoformat(said["closed"]),
            home=str(said["home"]),
            first=int(said.get("first", 1)),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _written(history: History) -> bytes:
    first, published, id_ = history.place or _START
    said = {
        "pages": history.pages,
        "first": history.first,
        "place": [first.isoformat(), published.isoformat(), id_],
        "closed": (history.closed or _START[0]).isoformat(),
        "home": history.home,
    }
    return (json.dumps(said, ensure_ascii=False) + "\n").encode()
