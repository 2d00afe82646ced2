"""Answers requests for the pages about sources and about the site."""

from collections.abc import Callable, Hashable, Sequence

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from aggregator.core.figures import SourceFigures
from aggregator.core.model import Source
from aggregator.web._file_cache import CachedFile, RawResponse
from aggregator.web._site import Site
from aggregator.web.pages.handlers import PageViews
from aggregator.web.pages.page_cache import PageCache, page_file
from aggregator.web.pages.rendering import Reader
from aggregator.web.pages.source_view import source_page, source_rows

_FAILING = frozenset({"error", "gone"})
_CACHE_BYTES = 4_000_000
_EXAMPLES = ("?category=world", "?lang=zh", "?q=climate&min_publishers=2", "?source=ID&limit=20")


class SourceViews:
    """The pages `/sources`, `/sources/ID` and `/about`, each rendered once a minute at most."""

    def __init__(self, site: Site, people: PageViews) -> None:
        self._site = site
        self._people = people
        self._cache = PageCache(_CACHE_BYTES)
        self._sources = {source.id: source for source in site.sources}

    def routes(self) -> Sequence[Route]:
        """Return the routes of the pages."""
        return [
            Route("/sources", self.list),
            Route("/sources/{id}", self.source),
            Route("/about", self.about),
        ]

    async def list(self, request: Request) -> RawResponse:
        """Respond with all sources."""
        reader = self._people.admit(request)
        return await self._respond(request, ("/sources", reader), lambda: self._list(reader))

    async def source(self, request: Request) -> RawResponse:
        """Respond with one source."""
        reader = self._people.admit(request)
        source = self._sources.get(request.path_params["id"])
        if source is None:
            raise HTTPException(404)
        saved = "saved" in request.query_params
        if reader.owner:  # sees at once what was done
            page = await anyio.to_thread.run_sync(
                lambda: self._source(reader, source, saved=saved), limiter=self._people.limiter
            )
            return self._people.send(request, page_file(page, self._site.clock()))
        key = (source.id, reader)
        return await self._respond(request, key, lambda: self._source(reader, source))

    async def about(self, request: Request) -> RawResponse:
        """Respond with what the site is and holds."""
        reader = self._people.admit(request)
        return await self._respond(request, ("/about", reader), lambda: self._about(reader))

    async def _respond(
        self, request: Request, key: Hashable, render: Callable[[], str]
    ) -> RawResponse:
        now = self._site.clock()
        file = self._cache.get(key, 0, now)
        if file is None:

            def fill() -> CachedFile:
                """Render the page into the cache."""
                return self._cache.render(key, 0, now, render)

            file = await anyio.to_thread.run_sync(fill, limiter=self._people.limiter)
        return self._people.send(request, file)

    # --- in a thread -----------------------------------------------------------------------

    def _list(self, reader: Reader) -> str:
        now = self._site.clock()
        rows = source_rows(self._site, now, self._site.store.source_figures(now))
        failing = sum(row.state in _FAILING for row in rows)
        return self._people.pages.render(
            "sources.html", reader, "/sources", rows=rows, failing=failing
        )

    def _source(self, reader: Reader, source: Source, *, saved: bool = False) -> str:
        now = self._site.clock()
        found = self._site.store.source_figures(now).get(source.identity, SourceFigures())
        page = source_page(self._site, source, now, found)
        actions = self._site.owner
        return self._people.pages.render(
            "source.html",
            reader,
            "/sources",
            source=page,
            can_act=actions is not None,
            can_fetch=actions is not None and actions.can_fetch(),
            saved=saved,
        )

    def _about(self, reader: Reader) -> str:
        totals = self._site.store.totals()
        numbers = (
            (f"{len(self._site.sources):,}", "number_sources"),
            (f"{totals.entries:,}", "number_entries"),
            (f"{totals.stories:,}", "number_stories"),
            (f"{totals.shared:,}", "number_shared"),
        )
        root = f"{self._site.public_url.rstrip('/')}/feeds/"
        public = next((spec for spec in self._site.feeds if not spec.token), None)
        name = f"{public.name}.{public.formats[0]}" if public else "NAME.atom"
        return self._people.pages.render(
            "about.html",
            reader,
            "/about",
            numbers=numbers,
            examples=[f"{root}{name}{query}" for query in _EXAMPLES],
        )
