"""The web server: published feeds, pages for people, health and metrics."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import anyio.to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aggregator.core.errors import PublishError, StoreError
from aggregator.core.settings import are_pages_public
from aggregator.web import _callback, _health, _pages, metrics
from aggregator.web._feeds import Feeds, is_known
from aggregator.web._gate import Gate, prefix_of
from aggregator.web._pages import Pages
from aggregator.web._shelf import Answer, Place, Shelf, read_asked
from aggregator.web._site import Site, published
from aggregator.web._split import Splits
from aggregator.websub import CALLBACK

__all__ = ["Site", "make_app"]

_STATIC = Path(__file__).parent / "static"
_STATIC_CACHE = b"public, max-age=86400"
_STORIES = 50  # on the first page
_TITLE = "Stories"
_PRIVATE = (
    "These pages are private: they show what private feeds hold. "
    "To open them, put ?token=… at the end of the address, with the token of such a feed."
)
_SOON = {"Retry-After": "30"}
_NEVER = datetime.min.replace(tzinfo=UTC)
_INDEX_KEPT = timedelta(seconds=10)  # reading fifty stories is the cost of the first page
_AT_ONCE = 4  # pages made side by side; the rest waits, and feeds are served meanwhile
_OWN = {
    "style.css": Place(path=_STATIC / "style.css", media_type="text/css; charset=utf-8"),
    "feed.css": Place(path=_STATIC / "feed.css", media_type="text/css; charset=utf-8"),
    "icon.png": Place(path=_STATIC / "icon.png", media_type="image/png"),
    "logo.png": Place(path=_STATIC / "logo.png", media_type="image/png"),
    "favicon.ico": Place(path=_STATIC / "icon.png", media_type="image/png"),
}
_PICTURES = frozenset(name for name, one in _OWN.items() if one.media_type == "image/png")
# Readers that are web pages show the icon and the logo of a feed.
_SHOWN = (b"cross-origin-resource-policy", b"cross-origin")


def make_app(site: Site) -> ASGIApp:
    """Return the application; it needs no start and no end."""
    views = _Views(site)
    return Gate(views.app(), views.quick, public_url=site.public_url, host=site.host)


class _Views:
    """The answers, one method a kind of page."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._feeds = Feeds(site)
        self.quick = self._feeds.quick
        self._files = {file: one.path for file, one in published(site).items()}
        self._public_files = {file for file, one in published(site).items() if not one.spec.token}
        # The pages show all stories, so that one private feed makes them private too.
        self._tokens = [spec.token for spec in site.feeds if spec.token] or [""]
        self._pages = Pages(
            prefix=prefix_of(site.public_url),
            feeds=_pages.feed_links(published(site).values(), prefix_of(site.public_url)),
            title=site.feeds[0].title if site.feeds else _TITLE,
            public_title=next((spec.title for spec in site.feeds if not spec.token), _TITLE),
            private=not are_pages_public(site.feeds),
        )
        self._own = Shelf(_OWN)
        self._newest: tuple[datetime, tuple[_pages.StoryView, ...]] = (_NEVER, ())
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)
        self._splits = Splits(site, self._pages, self._limiter)
        self._hubs = _callback.Callback(site.callbacks, site.metrics)

    def app(self) -> Starlette:
        """Return the routes, with a page for every error."""
        app = Starlette(
            routes=[
                Route("/", self.index),
                Route("/feeds/{name}", self._feeds.answer),
                Route("/feeds/{name}/{page}", self._feeds.page),
                Route("/stories/{id}", self.story),
                Route("/stories/{id}/split/{entry}", self._splits.answer, methods=["GET", "POST"]),
                Route(f"/{CALLBACK}/{{path}}", self._hubs.answer, methods=["GET", "POST"]),
                Route("/health", self.health),
                Route("/metrics", self.metrics),
                Route("/{name}", self.own),
            ],
            exception_handlers={
                HTTPException: self.http_error,
                StoreError: self.store_error,
                PublishError: self.store_error,  # a secret that cannot be read
                Exception: self.error,
            },
        )
        app.router.redirect_slashes = False  # the redirect would repeat the Host header
        return app

    # --- pages -----------------------------------------------------------------------------

    async def index(self, request: Request) -> Response:
        """Answer with the newest stories."""
        return await self._page(request, lambda: self._make_index(_token(request)))

    async def story(self, request: Request) -> Response:
        """Answer with one story, its members and why they are in it."""
        slug = request.path_params["id"]
        return await self._page(request, lambda: self._make_story(slug, _token(request)))

    async def own(self, request: Request) -> Answer:
        """Answer with the style sheet or a picture of ours."""
        name = request.path_params["name"]
        if name not in self._own:
            raise HTTPException(404)
        edition = self._own.fresh(name) or self._own.read(name)
        if edition is None:
            raise HTTPException(404)
        answer = edition.answer(read_asked(request.scope), _STATIC_CACHE)
        return answer._replace(head=(*answer.head, _SHOWN)) if name in _PICTURES else answer

    async def _page(self, request: Request, make: Callable[[], str]) -> Response:
        if not is_known(request, self._tokens):
            raise HTTPException(403, _PRIVATE)
        page = await anyio.to_thread.run_sync(make, limiter=self._limiter)
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    def _make_index(self, token: str) -> str:
        now = self._site.clock()
        made, views = self._newest
        if not timedelta(0) <= now - made < _INDEX_KEPT:
            stories = islice(self._site.store.newest_stories(), _STORIES)
            views = tuple(_pages.view(one) for one in stories)
            self._newest = (now, views)
        return self._pages.index(views, token)

    def _make_story(self, slug: str, token: str) -> str:
        found = self._site.store.stories([f"urn:uuid:{slug.removeprefix('urn:uuid:').lower()}"])
        if not found:
            raise HTTPException(404)
        return self._pages.story(found[0], token)

    # --- for machines ----------------------------------------------------------------------

    async def health(self, request: Request) -> Response:
        """Answer 200 if all is well enough to serve, else 503, with the figures.

        Private feeds count; they are named to those who know the token of one.
        """
        site = self._site
        named = self._files if is_known(request, self._tokens) else self._public_files
        well, health = await run_in_threadpool(
            lambda: _health.examine(
                site.store.source_states,
                self._files,
                named=named,
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


def _token(request: Request) -> str:
    return request.query_params.get("token", "")
