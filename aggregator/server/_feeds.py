"""Answers with feeds: as they are published, or narrowed by the query; private ones for those who know the token."""

import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from aggregator.server import _narrow
from aggregator.server._made import Busy, Workshop
from aggregator.server._shelf import Edition, Place, Shelf, send
from aggregator.server._site import Published, Site, published

_SECONDS = 300
_SOON = {"Retry-After": "30"}


class Feeds:
    """Knows the feeds of the configuration, and no other file."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._feeds = published(site)
        self._workshop = Workshop(site)
        self._shelf = Shelf(
            {
                file: Place(path=one.path, media_type=one.media_type)
                for file, one in self._feeds.items()
            }
        )

    async def answer(self, request: Request) -> Response:
        """Answer with a feed, or with 304 if the reader has it."""
        feed = self._feeds.get(request.path_params["name"])
        if feed is None or not is_known(request, [feed.spec.token]):
            raise HTTPException(404)
        edition = await self._edition(feed, request.scope["query_string"])
        reach = "private" if feed.spec.token else "public"
        answer = send(edition, request, cache=f"{reach}, max-age={_SECONDS}")
        self._site.metrics.record_answer("feed", answer.status_code)
        return answer

    async def _edition(self, feed: Published, query: bytes) -> Edition:
        wanted = _read_query(query)
        if wanted and feed.format in _narrow.FORMATS:
            return await self._narrowed(feed, wanted)
        edition = self._shelf.fresh(feed.file) or await run_in_threadpool(
            self._shelf.read, feed.file
        )
        if edition is None:
            raise HTTPException(503, "This feed is not published yet.", _SOON)
        return edition

    async def _narrowed(self, feed: Published, wanted: _narrow.Narrowing) -> Edition:
        try:
            return await self._workshop.get(feed, wanted)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        except Busy as error:
            raise HTTPException(503, "Too many ask at once.", _SOON) from error


def is_known(request: Request, tokens: Iterable[str]) -> bool:
    """Say whether the reader knows one of the tokens; an empty one is known to all."""
    given = request.query_params.get("token", "").encode()
    return any(not token or hmac.compare_digest(given, token.encode()) for token in tokens)


def _read_query(query: bytes) -> _narrow.Narrowing | None:
    if not query:
        return None
    try:
        pairs = parse_qsl(query.decode("latin-1")[:4000], max_num_fields=50)
        return _narrow.read(pairs)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
