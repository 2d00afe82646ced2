"""The web server: published feeds, pages for people, health and metrics."""

from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aggregator.core.errors import PublishError, StoreError
from aggregator.publish import health_feed
from aggregator.web import _callback, metrics
from aggregator.web._access import AccessMiddleware, is_any
from aggregator.web._api import Api
from aggregator.web._feeds import Feeds, has_token
from aggregator.web._file_cache import FileCache, RawResponse, ServedFile, read_headers
from aggregator.web._health import HealthCheck
from aggregator.web._search import SearchPages
from aggregator.web._site import Site, published_files
from aggregator.web._split import SplitPage
from aggregator.web.pages.handlers import PageViews
from aggregator.web.pages.owner_handlers import OwnerViews
from aggregator.web.pages.source_handlers import SourceViews
from aggregator.websub import CALLBACK

__all__ = ["Site", "make_app"]

_STATIC = Path(__file__).parent / "static"
_REVALIDATE = b"private, no-cache"
_STATIC_CACHE = b"public, max-age=86400"
_PRIVATE_PAGES = (
    "These pages are private because they show entries of private feeds. "
    "To open them, append ?token=… with the token of such a feed."
)
_RETRY_SOON = {"Retry-After": "30"}
_NO_STORE = {"Cache-Control": "no-store"}
_STATIC_FILES = {
    "style.css": ServedFile(path=_STATIC / "style.css", media_type="text/css; charset=utf-8"),
    "feed.css": ServedFile(path=_STATIC / "feed.css", media_type="text/css; charset=utf-8"),
    "icon.png": ServedFile(path=_STATIC / "icon.png", media_type="image/png"),
    "logo.png": ServedFile(path=_STATIC / "logo.png", media_type="image/png"),
    "favicon.ico": ServedFile(path=_STATIC / "icon.png", media_type="image/png"),
}
_IMAGES = frozenset(name for name, one in _STATIC_FILES.items() if one.media_type == "image/png")
# Web-based readers show a feed's icon and logo on their own pages.
_CROSS_ORIGIN = (b"cross-origin-resource-policy", b"cross-origin")


def make_app(site: Site) -> ASGIApp:
    """Return the ASGI application; it has no lifespan events."""
    views = _Views(site)
    return AccessMiddleware(
        views.app(),
        views.answer_from_memory,
        public_url=site.public_url,
        hosts=(site.host, *site.addresses, *site.allowed_hosts),
        any_address=is_any(site.host),
    )


class _Views:
    """The route handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site
        published = published_files(site)
        self._feeds = Feeds(site, published)
        self.answer_from_memory = self._feeds.answer_from_memory
        self._health = HealthCheck(site, {file: one.path for file, one in published.items()})
        self._public_files = {file for file, one in published.items() if not one.spec.token}
        self._tokens = [spec.token for spec in site.feeds if spec.token] or [""]
        self._people = PageViews(site, published)
        self._static = FileCache(_STATIC_FILES)
        own = ServedFile(path=site.data / health_feed.FILE, media_type=health_feed.MEDIA_TYPE)
        self._health_feed = FileCache({health_feed.FILE: own})
        self._split_page = SplitPage(site, self._people.pages, self._people.limiter)
        self._api = Api(site, self._tokens, _PRIVATE_PAGES)
        self._search = SearchPages(site, self._people)
        self._hub_callback = _callback.HubCallback(site.callbacks, site.metrics)

    def app(self) -> Starlette:
        """Return the application with its routes and error pages."""
        app = Starlette(
            routes=[
                *self._people.routes(),
                *SourceViews(self._site, self._people).routes(),
                *OwnerViews(self._site, self._people).routes(),
                Route("/feeds/{name}", self._feeds.answer),
                Route("/feeds/{name}/{page}", self._feeds.page),
                Route("/search", self._search.answer),
                Route(
                    "/stories/{id}/split/{entry}", self._split_page.answer, methods=["GET", "POST"]
                ),
                Route(f"/{CALLBACK}/{{path}}", self._hub_callback.answer, methods=["GET", "POST"]),
                Route("/health", self.health),
                Route("/healthz", self.live),
                Route(f"/{health_feed.FILE}", self.health_feed),
                Route("/readyz", self.ready),
                Route("/metrics", self.metrics),
                *self._api.routes(),
                Route("/{name}", self.static),
            ],
            exception_handlers={
                HTTPException: self.http_error,
                StoreError: self.store_error,
                PublishError: self.store_error,  # the signing secret cannot be read
                Exception: self.error,
            },
        )
        app.router.redirect_slashes = False  # the redirect would echo the Host header
        return app

    # --- files -----------------------------------------------------------------------------

    async def static(self, request: Request) -> RawResponse:
        """Respond with a style sheet or an image."""
        name = request.path_params["name"]
        if name not in self._static:
            raise HTTPException(404)
        cached = self._static.get_fresh(name) or self._static.load(name)
        if cached is None:
            raise HTTPException(404)
        response = cached.respond(read_headers(request.scope), _STATIC_CACHE)
        if name in _IMAGES:
            return response._replace(headers=(*response.headers, _CROSS_ORIGIN))
        return response

    # --- for machines ----------------------------------------------------------------------

    async def health(self, request: Request) -> Response:
        """Respond with the health details: 200 if healthy, else 503.

        Private feeds are checked too, but listed only for requests with a token.
        """
        named = None if has_token(request, self._tokens) else self._public_files
        healthy, health = await self._health.check(named)
        return JSONResponse(health, 200 if healthy else 503, _NO_STORE)

    async def health_feed(self, request: Request) -> RawResponse:
        """Respond with the health feed; it is as private as the pages."""
        if not self._site.health_feed:
            raise HTTPException(404)
        if not has_token(request, self._tokens):
            raise HTTPException(403, _PRIVATE_PAGES)
        cached = await run_in_threadpool(self._health_feed.load, health_feed.FILE)
        if cached is None:
            raise HTTPException(503, "This feed is not published yet.", _RETRY_SOON)
        return cached.respond(read_headers(request.scope), _REVALIDATE)

    async def live(self, _request: Request) -> Response:
        """Respond with 200 while the process can respond at all."""
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    async def ready(self, _request: Request) -> Response:
        """Respond with 200 if healthy, else with 503; without details."""
        healthy, _ = await self._health.check(())
        text, status = ("ok\n", 200) if healthy else ("failing: see /health\n", 503)
        return PlainTextResponse(text, status, headers=_NO_STORE)

    async def metrics(self, _request: Request) -> Response:
        """Respond with the metrics."""
        return Response(
            self._site.metrics.text(),
            headers={"Content-Type": metrics.MEDIA_TYPE, "Cache-Control": "no-store"},
        )

    # --- errors ----------------------------------------------------------------------------

    async def http_error(self, request: Request, error: Exception) -> Response:
        """Respond with the error page of an HTTP status."""
        assert isinstance(error, HTTPException)  # noqa: S101  registered for it alone
        return self._error_page(request, error.status_code, error.detail, error.headers)

    async def store_error(self, request: Request, _error: Exception) -> Response:
        """Respond with 503 when the store fails; feeds are still served."""
        return self._error_page(request, 503, headers=_RETRY_SOON)

    async def error(self, request: Request, _error: Exception) -> Response:
        """Respond with 500; the details are in the log only."""
        return self._error_page(request, 500)

    def _error_page(
        self,
        request: Request,
        status: int,
        problem: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        response = self._people.error(request, status, problem)
        response.headers.update({"Cache-Control": "no-store", **(headers or {})})
        return response
