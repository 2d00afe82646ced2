"""The web server: published feeds, pages for people, health and metrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aggregator import metrics, plugins
from aggregator.errors import StoreError
from aggregator.metrics import Metrics
from aggregator.model import ShownStory, SourceState
from aggregator.ports import Clock, Renderer
from aggregator.server import _health, _pages
from aggregator.server._gate import Gate, prefix_of
from aggregator.server._shelf import Place, Shelf, takes_gzip
from aggregator.settings import FeedSpec

_STATIC = Path(__file__).parent / "static"
_FEED_CACHE = "public, max-age=300"
_STATIC_CACHE = "public, max-age=86400"
_STORIES = 50  # on the first page
_SOON = {"Retry-After": "30"}


def _nothing() -> Mapping[str, object]:
    return {}


class Reader(Protocol):
    """What the pages read of the store, from several threads at once."""

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield stories, newest first."""

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids, dead ids followed to the living."""

    def source_states(self) -> Mapping[str, SourceState]:
        """Return what is remembered of each source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served, and to whom; `host` is the address that the server is bound to.

    `status` adds what the daemon knows to /health.
    """

    store: Reader
    folder: Path  # of the published feeds
    feeds: Sequence[FeedSpec]
    public_url: str
    clock: Clock
    host: str = "127.0.0.1"
    metrics: Metrics = field(default_factory=Metrics)
    status: Callable[[], Mapping[str, object]] = _nothing


def make_app(site: Site) -> ASGIApp:
    """Return the application; it needs no start and no end."""
    return Gate(_Views(site).app(), public_url=site.public_url, host=site.host)


class _Views:
    """The answers, one method a kind of page."""

    def __init__(self, site: Site) -> None:
        self._site = site
        renderers: dict[str, Renderer] = {
            name: plugins.load("aggregator.renderers", name)
            for name in sorted({name for spec in site.feeds for name in spec.formats})
        }
        prefix = prefix_of(site.public_url)
        formats = {name: (one.EXTENSION, one.MEDIA_TYPE) for name, one in renderers.items()}
        self._files = dict(_files(site, renderers))
        self._shelf = Shelf(self._files)
        self._pages = _pages.Pages(
            prefix=prefix,
            feeds=_pages.feed_links(site.feeds, formats, prefix),
            title=site.feeds[0].title if site.feeds else "Stories",
        )
        self._static = Shelf(
            {
                "style.css": Place(
                    path=_STATIC / "style.css", media_type="text/css; charset=utf-8"
                ),
                "icon.png": Place(path=_STATIC / "icon.png", media_type="image/png"),
                "logo.png": Place(path=_STATIC / "logo.png", media_type="image/png"),
                "favicon.ico": Place(path=_STATIC / "icon.png", media_type="image/png"),
            }
        )

    def app(self) -> Starlette:
        """Return the routes, with a page for every error."""
        app = Starlette(
            routes=[
                Route("/", self.index),
                Route("/feeds/{name}", self.feed),
                Route("/stories/{id}", self.story),
                Route("/health", self.health),
                Route("/metrics", self.metrics),
                Route("/{name}", self.static),
            ],
            exception_handlers={
                HTTPException: self.http_error,
                StoreError: self.store_error,
                Exception: self.error,
            },
        )
        app.router.redirect_slashes = False  # the redirect would repeat the Host header
        return app

    # --- feeds -----------------------------------------------------------------------------

    async def feed(self, request: Request) -> Response:
        """Answer with a published feed, or with 304 if the reader has it."""
        answer = await self._from(self._shelf, request, _FEED_CACHE)
        self._site.metrics.record_answer("feed", answer.status_code)
        return answer

    async def static(self, request: Request) -> Response:
        """Answer with the style sheet or a picture of ours."""
        return await self._from(self._static, request, _STATIC_CACHE)

    async def _from(self, shelf: Shelf, request: Request, cache: str) -> Response:
        name = request.path_params["name"]
        if name not in shelf:
            raise HTTPException(404)
        edition = shelf.fresh(name) or await run_in_threadpool(shelf.read, name)
        if edition is None:
            raise HTTPException(503, "This feed is not published yet.", _SOON)
        asked = request.headers
        packed = takes_gzip(asked.get("accept-encoding", ""))
        headers = edition.headers(packed=packed) | {"Cache-Control": cache}
        if edition.is_held(asked.get("if-none-match", ""), asked.get("if-modified-since", "")):
            del headers["Content-Type"]
            headers.pop("Content-Encoding", "")
            return Response(status_code=304, headers=headers)
        return Response(edition.packed if packed else edition.content, headers=headers)

    # --- pages -----------------------------------------------------------------------------

    async def index(self, _request: Request) -> Response:
        """Answer with the newest stories."""
        return await self._page(self._make_index)

    async def story(self, request: Request) -> Response:
        """Answer with one story, its members and why they are in it."""
        slug = request.path_params["id"]
        return await self._page(lambda: self._make_story(slug))

    async def _page(self, make: Callable[[], str]) -> Response:
        page = await run_in_threadpool(make)
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    def _make_index(self) -> str:
        stories = list(islice(self._site.store.newest_stories(), _STORIES))
        return self._pages.index(stories)

    def _make_story(self, slug: str) -> str:
        found = self._site.store.stories([f"urn:uuid:{slug.removeprefix('urn:uuid:').lower()}"])
        if not found:
            raise HTTPException(404)
        return self._pages.story(found[0])

    # --- for machines ----------------------------------------------------------------------

    async def health(self, _request: Request) -> Response:
        """Answer 200 if all is well enough to serve, else 503, with the figures."""
        site = self._site
        well, health = await run_in_threadpool(
            lambda: _health.examine(
                site.store.source_states,
                {name: place.path for name, place in self._files.items()},
                now=site.clock(),
                more=site.status(),
            )
        )
        headers = {"Cache-Control": "no-store"}
        return JSONResponse(health, 200 if well else 503, headers)

    async def metrics(self, _request: Request) -> Response:
        """Answer with the counters."""
        return Response(
            self._site.metrics.text(),
            headers={"Content-Type": metrics.MEDIA_TYPE, "Cache-Control": "no-store"},
        )

    # --- errors ----------------------------------------------------------------------------

    async def http_error(self, _request: Request, error: Exception) -> Response:
        """Say what is wrong with the request."""
        assert isinstance(error, HTTPException)  # noqa: S101  registered for it alone
        return self._say(error.status_code, error.detail, error.headers)

    async def store_error(self, _request: Request, _error: Exception) -> Response:
        """Say that the stories cannot be read now; the feeds can."""
        return self._say(503, "The stories cannot be read now.", _SOON)

    async def error(self, _request: Request, _error: Exception) -> Response:
        """Say that something went wrong; what it was stands in the log alone."""
        return self._say(500, "Something went wrong here.")

    def _say(self, status: int, problem: str, headers: Mapping[str, str] | None = None) -> Response:
        kept = {"Cache-Control": "no-store", **(headers or {})}
        return HTMLResponse(self._pages.error(status, problem), status, kept)


def _files(site: Site, renderers: Mapping[str, Renderer]) -> Iterator[tuple[str, Place]]:
    for spec in site.feeds:
        for name in spec.formats:
            file = f"{spec.name}.{renderers[name].EXTENSION}"
            kind = renderers[name].MEDIA_TYPE
            said = f"{kind}; charset=utf-8" if kind.endswith(("xml", "json")) else kind
            yield file, Place(path=site.folder / file, media_type=said)
