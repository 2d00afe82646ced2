"""The search: its page, and its results as a feed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlencode

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request

from aggregator.core.model import Edition, StoredEntry
from aggregator.core.search import SearchHit, SearchPage
from aggregator.core.settings import FeedSpec
from aggregator.publish import selection
from aggregator.text import fold
from aggregator.web import _file_cache, _parameters
from aggregator.web._file_cache import RawResponse
from aggregator.web._query import FORMATS
from aggregator.web._site import Site, add_token_to_links, load_renderer, media_type
from aggregator.web.pages.cards import publisher_name, slug_of, title_of, web_link
from aggregator.web.pages.handlers import PageViews
from aggregator.web.pages.page_cache import page_file
from aggregator.web.pages.rendering import Reader

_T = TypeVar("_T")

NAMES = ("q", *_parameters.CONDITIONS, "before", "format")
_SHOWN, _IN_FEED = 20, 50  # stories
_AT_ONCE, _WAITING = 2, 16  # searches
_EXCERPT = 240  # characters
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_RETRY_SOON = {"Retry-After": "10"}
_NOT_INDEXED = (b"x-robots-tag", b"noindex, nofollow")
_OFF = "The search is turned off in the configuration."


class Searches:
    """Runs the searches of all clients, a few at a time; others wait, and too many are refused."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def run(self, search: Callable[[], _T]) -> _T:
        """Run a search in a thread; raise HTTPException if too many wait, or for a wrong query."""
        if self._limiter.statistics().tasks_waiting >= _WAITING:
            raise HTTPException(503, "Too many concurrent searches.", _RETRY_SOON)
        try:
            return await anyio.to_thread.run_sync(search, limiter=self._limiter)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class HitView:
    """A hit, as shown on a page: the report that was found, and its story."""

    slug: str
    title: str
    link: str
    language: str
    publisher: str
    published: datetime
    excerpt: str
    publishers: int


class SearchPages:
    """Serves `/search`, as a page or as a feed."""

    def __init__(self, site: Site, people: PageViews) -> None:
        self._site = site
        self._people = people
        self._searches = Searches()

    async def answer(self, request: Request) -> RawResponse:
        """Respond with the page, or with the feed that `format` names."""
        reader = self._people.admit(request)
        if not self._site.search:
            raise HTTPException(404, _OFF)
        try:
            given = _parameters.read(request.scope["query_string"], NAMES)
            format_ = _parameters.choice(given, "format", FORMATS)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        if format_:
            file = await self._searches.run(partial(self._feed, given, format_, reader.token))
            headers = _file_cache.read_headers(request.scope)._replace(if_modified_since="")
            return file.respond(headers, b"private, max-age=60")
        page = await self._searches.run(partial(self._page, given, reader))
        response = self._people.send(request, page_file(page, self._site.clock()))
        return response._replace(headers=(*response.headers, _NOT_INDEXED))

    def _search(self, given: Mapping[str, str], limit: int) -> SearchPage:
        query = _parameters.search_query(given, self._site.sources)
        return self._site.store.search(query, _parameters.mark(given, "before"), limit)

    def _page(self, given: Mapping[str, str], reader: Reader) -> str:
        found = self._search(given, _SHOWN) if "q" in given else SearchPage(hits=())
        own = _without(given, "before")
        older = {**own, "before": str(found.next)} if found.next is not None else {}
        token = reader.token
        return self._people.pages.render(
            "search.html",
            reader,
            "/search",
            given={name: given.get(name, "") for name in NAMES},
            hits=[hit_view(one) for one in found.hits],
            older=_encoded(older, token) if older else "",
            feed=_encoded({**own, "format": "atom"}, token) if "q" in given else "",
            unindexed=self._site.store.unindexed(),
        )

    def _feed(self, given: Mapping[str, str], format_: str, token: str) -> _file_cache.CachedFile:
        own = _without(given, "before", "format")
        found = self._search(own, _IN_FEED)
        query = urlencode(sorted(own.items()))
        spec = FeedSpec(name=f"search?{query}", title=f"Search: {own['q']}", token=token)
        home = self._site.public_url
        states = self._site.store.source_states()
        edition = Edition(
            spec=spec,
            self_url=f"{home.rstrip('/')}/search?{_encoded({**own, 'format': format_}, token)}",
            home_url=home,
            updated=max((one.shown.story.updated for one in found.hits), default=_NEVER),
            stories=tuple(one.shown for one in found.hits),
            note="" if found.hits else "Nothing was found.",
            sources={identity: state.info for identity, state in states.items()},
            categories=selection.categories_of(self._site.sources),
        )
        renderer = load_renderer(format_)
        return _file_cache.make_cached_file(
            add_token_to_links(self._site, spec)(renderer.render(edition)),
            media_type=media_type(renderer),
            modified=int(self._site.clock().timestamp()),
        )


def matched(hit: SearchHit) -> StoredEntry:
    """Return the entry that was found."""
    return next((one for one in hit.shown.entries if one.key == hit.key), hit.shown.lead)


def hit_view(hit: SearchHit) -> HitView:
    """Return a hit as shown on a page."""
    stored = matched(hit)
    entry = stored.entry
    return HitView(
        slug=slug_of(hit.shown.story.id),
        title=title_of(stored),
        link=web_link(entry.link),
        language=entry.language,
        publisher=publisher_name(stored),
        published=stored.published,
        excerpt=fold.shorten(fold.plain(entry.text[: 2 * _EXCERPT]), _EXCERPT),
        publishers=len({one.entry.publisher.id for one in hit.shown.entries}),
    )


def _without(given: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in names}


def _encoded(given: Mapping[str, str], token: str) -> str:
    """Return parameters in a fixed order, and the token."""
    query = urlencode(sorted(given.items()))
    return f"{query}&token={quote(token, safe='')}" if token else query
