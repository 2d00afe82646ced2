"""The API: stories, sources and searches as JSON, described by `openapi.json`."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aggregator.core.errors import ConfigError, StoreError
from aggregator.core.model import ShownStory
from aggregator.core.ports import Place
from aggregator.core.settings import FeedSpec
from aggregator.publish import selection
from aggregator.publish.renderers import _opml
from aggregator.web import _file_cache, _parameters, _story_json
from aggregator.web._feeds import has_token
from aggregator.web._file_cache import RawResponse
from aggregator.web._query import LANGUAGE, quoted
from aggregator.web._search import Searches
from aggregator.web._site import Site

_USUAL, _MOST = 30, 100  # stories of one page
_READ_MOST = 600  # stories for one page
_MAX_WORDS = 5
_CURSOR = re.compile(r"(\d{1,16})\.(\d{1,16})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_OPENAPI = Path(__file__).parent / "static" / "openapi.json"
_JSON = "application/json; charset=utf-8"
_OPML = "text/x-opml; charset=utf-8"
_STORIES = ("limit", "cursor", "category", "lang", "source", "min_publishers", "q")
_SEARCH = ("q", *_parameters.CONDITIONS, "limit", "cursor")
_RETRY_SOON = {"Retry-After": "30"}

Answer = Callable[[Request, Mapping[str, str]], Any]
"""Returns what to answer a request with these parameters; raises ValueError for a wrong one."""


class Api:
    """Answers the requests to `/api/`; all of it is private if the pages are."""

    def __init__(self, site: Site, tokens: Sequence[str], private: str) -> None:
        self._site = site
        self._tokens = tokens
        self._private = private  # said to those without a token
        self._searches = Searches()
        self._sources = {source.id: source.identity for source in site.sources}

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/openapi.json", self._answering(self._openapi, ())),
            Route("/api/stories", self._answering(self._stories, _STORIES)),
            Route("/api/stories/{id}", self._answering(self._story, ())),
            Route("/api/sources", self._answering(self._source_list, ())),
            Route("/api/sources.opml", self._answering(self._opml, ())),
            Route("/api/search", self._answering(self._search, _SEARCH)),
        ]

    def _answering(
        self, answer: Answer, known: Sequence[str]
    ) -> Callable[[Request], Awaitable[Response | RawResponse]]:
        """Return the handler of a route that takes these parameters."""

        async def _handle(request: Request) -> Response | RawResponse:
            try:
                return await self._answer(request, answer, known)
            except HTTPException as error:
                problem = {"error": error.detail}
                headers = {"Cache-Control": "no-store", **(error.headers or {})}
                return JSONResponse(problem, error.status_code, headers)

        return _handle

    async def _answer(
        self, request: Request, answer: Answer, known: Sequence[str]
    ) -> Response | RawResponse:
        if not has_token(request, self._tokens):
            raise HTTPException(403, self._private)

        def _made() -> _file_cache.CachedFile:
            given = _parameters.read(request.scope["query_string"], known)
            return _as_file(answer(request, given), self._site.clock())

        try:
            file = await self._searches.run(_made)
        except StoreError as error:
            raise HTTPException(503, "The stories cannot be read now.", _RETRY_SOON) from error
        headers = _file_cache.read_headers(request.scope)._replace(if_modified_since="")
        public = self._tokens == [""]
        return file.respond(headers, b"no-cache" if public else b"private, no-cache")

    # --- answers ---------------------------------------------------------------------------

    def _openapi(self, _request: Request, _given: Mapping[str, str]) -> Any:
        described = json.loads(_OPENAPI.read_bytes())
        return described | {"servers": [{"url": self._site.public_url.rstrip("/")}]}

    def _stories(self, _request: Request, given: Mapping[str, str]) -> Any:
        """Return a page of stories; few of them may fit, but `next` then leads on."""
        limit = _parameters.number(given, "limit", usual=_USUAL, most=_MOST)
        fits = self._fits(given)
        chosen, place, count = list[ShownStory](), None, 0
        for here, shown in islice(self._site.store.stories_before(_place(given)), _READ_MOST):
            count, place = count + 1, here
            if fits(shown):
                chosen.append(shown)
            if len(chosen) == limit:
                break
        more = len(chosen) == limit or count == _READ_MOST
        return {
            "stories": [_story_json.story(one) for one in chosen],
            "next": _cursor(place) if more and place else None,
        }

    def _fits(self, given: Mapping[str, str]) -> Callable[[ShownStory], bool]:
        """Return the condition that stories have to meet."""
        language = given.get("lang", "")
        if language and not LANGUAGE.fullmatch(language):
            raise ValueError(
                f"lang must be a language such as zh or zh-Hans, not {quoted(language)}."
            )
        words = given.get("q", "").replace("/", " ").split()
        if len(words) > _MAX_WORDS:
            raise ValueError(f"q can have at most {_MAX_WORDS} words.")
        spec = FeedSpec(
            name="",
            title="",
            categories=_some(given.get("category")),
            languages=_some(language),
            sources=_some(given.get("source")),
            min_publishers=_parameters.number(given, "min_publishers", usual=1, most=1000),
        )
        each = [FeedSpec(name="", title="", include=(word,)) for word in words]
        try:
            return selection.conditions((spec, *each), self._site.sources)
        except ConfigError as error:
            raise ValueError(f"q: {error.problem}.") from error

    def _story(self, request: Request, _given: Mapping[str, str]) -> Any:
        slug = str(request.path_params["id"])[:100].lower().removeprefix("urn:uuid:")
        found = self._site.store.stories([f"urn:uuid:{slug}"])
        if not found:
            raise HTTPException(404, "There is no story with this id.")
        return _story_json.whole_story(found[0])

    def _source_list(self, _request: Request, _given: Mapping[str, str]) -> Any:
        states = self._site.store.source_states()
        return {
            "sources": [
                _story_json.source(one, states.get(one.identity)) for one in self._site.sources
            ]
        }

    def _opml(self, _request: Request, _given: Mapping[str, str]) -> Any:
        title = self._site.feeds[0].title if self._site.feeds else "Sources"
        return _opml.render_sources(self._site.sources, title=title)

    def _search(self, _request: Request, given: Mapping[str, str]) -> Any:
        if not self._site.search:
            raise HTTPException(404, "The search is turned off in the configuration.")
        limit = _parameters.number(given, "limit", usual=_USUAL, most=_MOST)
        query = _parameters.search_query(given, self._site.sources)
        page = self._site.store.search(query, _parameters.mark(given, "cursor"), limit)
        return {
            "stories": [_story_json.hit(one) for one in page.hits],
            "next": None if page.next is None else str(page.next),
            "unindexed": self._site.store.unindexed(),
        }


def _some(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _as_file(value: Any, now: datetime) -> _file_cache.CachedFile:
    kind = _OPML if isinstance(value, bytes) else _JSON
    content = value if isinstance(value, bytes) else _encoded(value)
    return _file_cache.make_cached_file(content, media_type=kind, modified=int(now.timestamp()))


def _encoded(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")  # a lone surrogate of a feed has no UTF-8


def _cursor(place: Place) -> str:
    first, published, id_ = place
    moments = [str((when - _EPOCH) // _TICK) for when in (first, published)]
    return ".".join((*moments, id_.removeprefix("urn:uuid:")))


def _place(given: Mapping[str, str]) -> Place | None:
    """Return the place of the last story of the page before; None for the first page."""
    if "cursor" not in given:
        return None
    found = _CURSOR.fullmatch(given["cursor"])
    if not found:
        raise ValueError("cursor must be the value of `next` on the page before.")
    first, published = (_EPOCH + int(one) * _TICK for one in found.groups()[:2])
    return first, published, f"urn:uuid:{found[3]}"
