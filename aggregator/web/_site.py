"""What is served: the values and the store that the answers are made from."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from aggregator.core import plugins
from aggregator.core.model import ShownStory, Source
from aggregator.core.ports import Clock, DecisionStore, Renderer, SourceStates, StoryReader
from aggregator.core.settings import FeedSpec
from aggregator.web._callback import Callbacks
from aggregator.web.metrics import Metrics


class WebStore(StoryReader, SourceStates, DecisionStore, Protocol):
    """What the pages ask of the store, from several threads at once; `decide` alone writes."""

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids, dead ids followed to the living."""


def _nothing() -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served, and to whom; `host` is the address that the server is bound to.

    `sources` are what filters in the query of a feed may name. `status` adds what the daemon
    knows to /health.
    """

    store: WebStore
    folder: Path  # of the published feeds, in the data folder
    feeds: Sequence[FeedSpec]
    public_url: str
    clock: Clock
    sources: Sequence[Source] = ()
    host: str = "127.0.0.1"
    metrics: Metrics = field(default_factory=Metrics)
    status: Callable[[], Mapping[str, object]] = _nothing
    hub: str = ""  # that public feeds name
    callbacks: Callbacks | None = None  # who answers hubs; None: nobody was asked

    @property
    def data(self) -> Path:
        """The data folder, which the feeds are in."""
        return self.folder.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A feed in one format, as it is configured."""

    spec: FeedSpec
    format: str
    file: str
    path: Path
    media_type: str  # with its charset


def published(site: Site) -> dict[str, Published]:
    """Return all feeds of the configuration in all their formats, by file name."""
    found = (
        _published(site, spec, name) for spec in site.feeds for name in dict.fromkeys(spec.formats)
    )
    return {one.file: one for one in found}


def load(name: str) -> Renderer:
    """Return the renderer of a format."""
    renderer: Renderer = plugins.load("aggregator.publish.renderers", name)
    return renderer


def media_type(renderer: Renderer) -> str:
    """Return the media type of a format, with the charset where it is text."""
    kind = renderer.MEDIA_TYPE
    return f"{kind}; charset=utf-8" if kind.endswith(("xml", "json")) else kind


def _published(site: Site, spec: FeedSpec, name: str) -> Published:
    renderer = load(name)
    file = f"{spec.name}.{renderer.EXTENSION}"
    return Published(
        spec=spec,
        format=name,
        file=file,
        path=site.folder / file,
        media_type=media_type(renderer),
    )


def carry_token(site: Site, spec: FeedSpec) -> Callable[[bytes], bytes]:
    """Return what puts the token of a private feed on its links to us, as it is served.

    They are those to the feed, to its archive and to the pages; the files do not hold the token.
    """
    if not spec.token:
        return lambda content: content
    home = re.escape(site.public_url.rstrip("/"))
    feed = rf"feeds/{re.escape(spec.name)}(?:/archive-\d{{4,9}})?\.[a-z]{{1,9}}"
    page = r"stories/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    links = re.compile(rf'(?<=[">])({home}/(?:{feed}|{page})?)(?=["<])'.encode())
    known = f"\\1?token={quote(spec.token, safe='')}".encode()
    return lambda content: links.sub(known, content)
