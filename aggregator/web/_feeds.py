"""Answers with feeds: as they are published, or narrowed by the query; private ones for those who know the token."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

from aggregator.core.settings import are_pages_public
from aggregator.text import urls
from aggregator.web import _narrow
from aggregator.web._made import Busy, Workshop
from aggregator.web._shelf import Answer, Drawer, Edition, Head, Place, Shelf, read_asked
from aggregator.web._site import Published, Site, carry_token, published

_PUBLIC, _PRIVATE = b"public, max-age=300", b"private, max-age=300"
_READING = ("GET", "HEAD")
_XML = b"application/xml; charset=utf-8"
_PAGE = re.compile(r"archive-\d{4,9}\.(?P<extension>[a-z]{1,9})", re.ASCII)
_PAGES_MOST = 16_000_000  # bytes of archive pages in memory
_QUERY_MOST, _FIELDS_MOST = 4000, 50
_NOTHING_OR_PRIVATE = (
    "There is no feed at this address, or it is a private one: that takes ?token=… at its end, "
    "with the token that its owner gave you."
)
_SOON = {"Retry-After": "30"}


class Feeds:
    """Knows the feeds of the configuration, and no other file."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._feeds = published(site)
        self._public = {
            f"/feeds/{file}": one for file, one in self._feeds.items() if not one.spec.token
        }
        self._links = {f"/feeds/{file}": _links(site, one) for file, one in self._feeds.items()}
        # The same for what is private and for what is not there.
        self._nothing = "Not Found" if are_pages_public(site.feeds) else _NOTHING_OR_PRIVATE
        self._workshop = Workshop(site)
        self._drawer = Drawer(_PAGES_MOST)
        self._shelf = Shelf({file: self._place(one, one.path) for file, one in self._feeds.items()})

    def quick(self, scope: Scope) -> Answer | None:
        """Return the answer from memory to who asks for a public feed as it is, else None.

        Nearly all requests are of this kind, and finding a route costs more than answering them.
        """
        feed = self._public.get(scope["path"])
        if feed is None or scope["query_string"] or scope["method"] not in _READING:
            return None
        edition = self._shelf.fresh(feed.file)
        return self._send(feed, edition, scope) if edition else None

    async def answer(self, request: Request) -> Answer:
        """Answer with a feed, or with 304 if the reader has it."""
        feed = self._feeds.get(request.path_params["name"])
        if feed is None or not is_known(request, [feed.spec.token]):
            raise HTTPException(404, self._nothing)
        edition = await self._edition(feed, request.scope["query_string"])
        return self._send(feed, edition, request.scope)

    async def page(self, request: Request) -> Answer:
        """Answer with a page of a feed's archive; pages are many, and few stay in memory."""
        page = _PAGE.fullmatch(request.path_params["page"])
        name = request.path_params["name"]
        feed = self._feeds.get(f"{name}.{page['extension']}") if page else None
        if page is None or feed is None or not is_known(request, [feed.spec.token]):
            raise HTTPException(404, self._nothing)
        if _read_query(request.scope["query_string"]):
            raise HTTPException(400, "A page of an archive is whole: it takes no parameters.")
        place = self._place(feed, self._site.folder / name / page[0])
        edition = await run_in_threadpool(self._drawer.get, f"{name}/{page[0]}", place)
        if edition is None:
            raise HTTPException(404, self._nothing)
        return self._send(feed, edition, request.scope)

    def _send(self, feed: Published, edition: Edition, scope: Scope) -> Answer:
        asked = read_asked(scope)
        media_type = b""
        if feed.format == "atom" and asked.accept.startswith("text/html"):
            # A browser heeds the style sheet of plain XML alone, and shows Atom as source text.
            media_type = _XML
        cache = _PRIVATE if media_type or feed.spec.token else _PUBLIC
        answer = edition.answer(asked, cache, media_type)
        if (links := self._links.get(scope["path"])) and not scope["query_string"]:
            answer = answer._replace(head=(*answer.head, *links))
        self._site.metrics.record_answer("feed", answer.status)
        return answer

    def _place(self, feed: Published, path: Path) -> Place:
        """Return where a file of a feed lies; a private one carries its token on."""
        place = Place(path=path, media_type=feed.media_type)
        if feed.format == "dump":
            return place
        return replace(place, change=carry_token(self._site, feed.spec))

    async def _edition(self, feed: Published, query: bytes) -> Edition:
        if wanted := _read_query(query):
            if feed.format not in _narrow.FORMATS:
                raise HTTPException(400, "A feed of dumps is whole: it takes no parameters.")
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


def _links(site: Site, feed: Published) -> Head:
    """Return the header that names the hub and the topic of a public feed, if there is a hub."""
    if not site.hub or feed.spec.token:
        return ()
    topic = f"{site.public_url.rstrip('/')}/feeds/{feed.file}"
    named = f'<{urls.rfc3986(site.hub)}>; rel="hub", <{urls.rfc3986(topic)}>; rel="self"'
    return ((b"link", named.encode("ascii", "ignore")),)


def is_known(request: Request, tokens: Iterable[str]) -> bool:
    """Say whether the reader knows one of the tokens; an empty one is known to all."""
    given = request.query_params.get("token", "").encode()
    return any(not token or hmac.compare_digest(given, token.encode()) for token in tokens)


def _read_query(query: bytes) -> _narrow.Narrowing | None:
    if len(query) > _QUERY_MOST or query.count(b"&") >= _FIELDS_MOST:
        raise HTTPException(400, "The query is too long.")
    try:
        return _narrow.read(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
