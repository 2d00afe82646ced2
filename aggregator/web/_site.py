"""The configuration and store of the web server, and the files that it serves."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from aggregator.core import plugins
from aggregator.core.figures import FigureStore
from aggregator.core.model import ShownStory, Source, StoredEntry
from aggregator.core.ports import (
    Clock,
    DecisionStore,
    Place,
    Renderer,
    SourceStates,
    StoryReader,
)
from aggregator.core.search import SearchPage, SearchQuery
from aggregator.core.settings import FeedSpec, PageSettings
from aggregator.web._callback import CallbackHandler
from aggregator.web.metrics import Metrics
from aggregator.web.pages.owner import OwnerActions


class WebStore(StoryReader, SourceStates, FigureStore, DecisionStore, Protocol):
    """The store as the web server uses it, from several threads; only `decide` writes."""

    def generation(self) -> str:
        """Return a value that differs after each change of what feeds may show; empty if unknown."""

    def search(self, query: SearchQuery, before: int | None, limit: int) -> SearchPage:
        """Return stories that meet a query, newest first; `before` is the mark of the last page."""

    def find_entry(self, text: str) -> StoredEntry | None:
        """Return the entry of a key, an id (urn:uuid:…) or a link."""

    def unindexed(self) -> int:
        """Return how many entries the search does not find yet."""

    def stories_before(self, place: Place | None) -> Iterator[tuple[Place, ShownStory]]:
        """Yield the shown stories before a position, newest first, each with its position."""

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids; ids of merged stories lead to the story that replaced them."""


_PAGES = PageSettings()


def _no_status() -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the web server serves; `host` is the name or address that it is bound to.

    `addresses` are those of its sockets. `allowed_hosts` may contain `*` for any part of a name.
    `sources` can be named in the query of a feed. `status` adds fields to /health.
    """

    store: WebStore
    folder: Path  # of the published feeds, in the data folder
    feeds: Sequence[FeedSpec]
    public_url: str
    clock: Clock
    sources: Sequence[Source] = ()
    host: str = "127.0.0.1"
    addresses: Sequence[str] = ()
    allowed_hosts: Sequence[str] = ()
    metrics: Metrics = field(default_factory=Metrics)
    status: Callable[[], Mapping[str, object]] = _no_status
    pages: PageSettings = _PAGES
    hub: str = ""  # advertised by public feeds
    callbacks: CallbackHandler | None = None  # None: no subscriptions
    owner: OwnerActions | None = None  # None: sources are neither fetched nor paused by request
    health_feed: bool = False  # whether it is published
    search: bool = True

    @property
    def data(self) -> Path:
        """The data folder, which contains the feeds folder."""
        return self.folder.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A configured feed in one of its formats."""

    spec: FeedSpec
    format: str
    file: str
    path: Path
    media_type: str  # with its charset


def is_fresh(when: datetime | None, now: datetime, max_age: timedelta) -> bool:
    """Return whether a time is recent; one in the future was set by a wrong clock."""
    return when is not None and timedelta(0) <= now - when < max_age


def published_files(site: Site) -> dict[str, PublishedFile]:
    """Return all configured feeds in all their formats, by file name."""
    found = (
        _published_file(site, spec, name)
        for spec in site.feeds
        for name in dict.fromkeys(spec.formats)
    )
    return {one.file: one for one in found}


def load_renderer(name: str) -> Renderer:
    """Return the renderer of a format."""
    renderer: Renderer = plugins.load("aggregator.publish.renderers", name)
    return renderer


def media_type(renderer: Renderer) -> str:
    """Return the media type of a format, with the charset if it is text."""
    plain = renderer.MEDIA_TYPE
    return f"{plain}; charset=utf-8" if plain.endswith(("xml", "json")) else plain


def _published_file(site: Site, spec: FeedSpec, name: str) -> PublishedFile:
    renderer = load_renderer(name)
    file = f"{spec.name}.{renderer.EXTENSION}"
    return PublishedFile(
        spec=spec,
        format=name,
        file=file,
        path=site.folder / file,
        media_type=media_type(renderer),
    )


def add_token_to_links(site: Site, spec: FeedSpec) -> Callable[[bytes], bytes]:
    """Return a function that adds a private feed's token to its links to this site.

    These are the links to the feed, its archive and the pages. The token is added when the feed is
    served, so the published files do not contain it.
    """
    if not spec.token:
        return lambda content: content
    root = re.escape(site.public_url.rstrip("/"))
    feed = rf"feeds/{re.escape(spec.name)}(?:/archive-\d{{4,9}})?\.[a-z]{{1,9}}"
    page = r"stories/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    links = re.compile(rf'(?<=[">])({root}/(?:{feed}|{page})?)(?=["<])'.encode())
    replacement = f"\\1?token={quote(spec.token, safe='')}".encode()
    return lambda content: links.sub(replacement, content)
