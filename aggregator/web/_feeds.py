"""Serves the feeds as published or filtered by the query; private feeds require a token."""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

from aggregator.core.settings import are_pages_public
from aggregator.publish import archive_files
from aggregator.text import urls
from aggregator.web import _query
from aggregator.web._access import prefix_of
from aggregator.web._browser_feed import for_browsers
from aggregator.web._file_cache import (
    CachedFile,
    FileCache,
    Headers,
    LruFileCache,
    RawResponse,
    ServedFile,
    make_cached_file,
    read_headers,
)
from aggregator.web._query_cache import QueryFeedCache, QueueFull
from aggregator.web._site import PublishedFile, Site, add_token_to_links

_PUBLIC, _PRIVATE = b"public, max-age=300", b"private, max-age=300"
_STYLED = frozenset({"atom", "rss"})
_BROWSER_FILES = 8
_READ_METHODS = ("GET", "HEAD")
_XML = b"application/xml; charset=utf-8"
_PAGE = re.compile(r"archive-\d{4,9}\.(?P<extension>[a-z]{1,9})", re.ASCII)
_ARCHIVE_CACHE_MAX_BYTES = 16_000_000  # bytes of archive pages in memory
_MAX_QUERY_BYTES, _MAX_QUERY_FIELDS = 4000, 50
_MISSING_OR_PRIVATE = (
    "There is no feed at this address, or it is private. To open a private feed, append ?token=… "
    "with the token that its owner gave you."
)
_RETRY_SOON = {"Retry-After": "30"}


class Feeds:
    """Serves the configured feeds, and no other file."""

    def __init__(self, site: Site, files: Mapping[str, PublishedFile]) -> None:
        self._site = site
        self._feeds = files
        self._public_by_path = {
            f"/feeds/{file}": one for file, one in self._feeds.items() if not one.spec.token
        }
        self._link_headers = {
            f"/feeds/{file}": _link_headers(site, one) for file, one in self._feeds.items()
        }
        # The same text for private and for missing feeds, so that it does not reveal which exist.
        self._not_found = "Not Found" if are_pages_public(site.feeds) else _MISSING_OR_PRIVATE
        self._query_cache = QueryFeedCache(site)
        self._browser_files: dict[str, CachedFile] = {}  # by the ETag of the feed
        self._style = f"{prefix_of(site.public_url)}/feed.css"
        self._archive_cache = LruFileCache(_ARCHIVE_CACHE_MAX_BYTES)
        self._file_cache = FileCache(
            {file: self._served_file(one, one.path) for file, one in self._feeds.items()}
        )

    def answer_from_memory(self, scope: Scope) -> RawResponse | None:
        """Return the response if a public feed is requested unfiltered and cached, else None.

        Nearly all requests are of this kind, and routing them costs more than the response.
        """
        feed = self._public_by_path.get(scope["path"])
        if feed is None or scope["query_string"] or scope["method"] not in _READ_METHODS:
            return None
        cached = self._file_cache.get_fresh(feed.file)
        return self._send(feed, cached, scope) if cached else None

    async def answer(self, request: Request) -> RawResponse:
        """Respond with a feed, or with 304 if the client has it."""
        feed = self._feeds.get(request.path_params["name"])
        if feed is None or not has_token(request, [feed.spec.token]):
            raise HTTPException(404, self._not_found)
        cached = await self._cached_file(feed, request.scope["query_string"])
        return self._send(feed, cached, request.scope)

    async def page(self, request: Request) -> RawResponse:
        """Respond with a page of a feed's archive; only recently used pages stay in memory."""
        page = _PAGE.fullmatch(request.path_params["page"])
        name = request.path_params["name"]
        feed = self._feeds.get(f"{name}.{page['extension']}") if page else None
        if page is None or feed is None or not has_token(request, [feed.spec.token]):
            raise HTTPException(404, self._not_found)
        if _read_query(request.scope["query_string"]):
            raise HTTPException(400, "An archive page takes no parameters.")
        cached = await run_in_threadpool(
            self._archived_page, feed, self._site.folder / name / page[0]
        )
        if cached is None:
            raise HTTPException(404, self._not_found)
        return self._send(feed, cached, request.scope)

    def _archived_page(self, feed: PublishedFile, page: Path) -> CachedFile | None:
        path = archive_files.find(page)
        if path is None:
            return None
        file = self._served_file(feed, path)
        return self._archive_cache.get(f"{feed.spec.name}/{page.name}", file)

    def _send(self, feed: PublishedFile, cached: CachedFile, scope: Scope) -> RawResponse:
        headers = read_headers(scope)
        media_type = b""
        if feed.format in _STYLED and headers.accept.startswith("text/html"):
            # Browsers apply the style sheet only to plain XML; they show feeds as source text.
            media_type = _XML
            cached = self._for_browser(cached)
        cache = _PRIVATE if media_type or feed.spec.token else _PUBLIC
        response = cached.respond(headers, cache, media_type)
        if (links := self._link_headers.get(scope["path"])) and not scope["query_string"]:
            response = response._replace(headers=(*response.headers, *links))
        self._site.metrics.record_answer("feed", response.status)
        return response

    def _for_browser(self, cached: CachedFile) -> CachedFile:
        """Return a feed with links and dates for browsers; the latest ones stay in memory."""
        found = self._browser_files.pop(cached.etag, None)
        if found is None:
            found = make_cached_file(
                for_browsers(cached.plain.content, self._style),
                media_type=_XML.decode(),
                modified=cached.modified,
            )
        self._browser_files[cached.etag] = found
        while len(self._browser_files) > _BROWSER_FILES:
            del self._browser_files[next(iter(self._browser_files))]
        return found

    def _served_file(self, feed: PublishedFile, path: Path) -> ServedFile:
        """Return how to serve a file of a feed; a private one gets its token added to its links."""
        file = ServedFile(path=path, media_type=feed.media_type)
        if feed.format == "dump":
            return file
        return replace(file, transform=add_token_to_links(self._site, feed.spec))

    async def _cached_file(self, feed: PublishedFile, query: bytes) -> CachedFile:
        if parsed := _read_query(query):
            if feed.format not in _query.FORMATS:
                raise HTTPException(400, "A feed in dump format takes no parameters.")
            if feed.spec.digest:
                raise HTTPException(400, "A feed of digests takes no parameters.")
            return await self._answer_query(feed, parsed)
        cached = self._file_cache.get_fresh(feed.file) or await run_in_threadpool(
            self._file_cache.load, feed.file
        )
        if cached is None:
            raise HTTPException(503, "This feed is not published yet.", _RETRY_SOON)
        return cached

    async def _answer_query(self, feed: PublishedFile, query: _query.FeedQuery) -> CachedFile:
        try:
            return await self._query_cache.get(feed, query)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        except QueueFull as error:
            raise HTTPException(503, "Too many concurrent requests.", _RETRY_SOON) from error


def _link_headers(site: Site, feed: PublishedFile) -> Headers:
    """Return the Link header with the hub and topic of a public feed; empty without a hub."""
    if not site.hub or feed.spec.token:
        return ()
    topic = f"{site.public_url.rstrip('/')}/feeds/{feed.file}"
    value = f'<{urls.rfc3986(site.hub)}>; rel="hub", <{urls.rfc3986(topic)}>; rel="self"'
    return ((b"link", value.encode("ascii", "ignore")),)


def has_token(request: Request, tokens: Iterable[str]) -> bool:
    """Return whether the request has one of the tokens; an empty token is public."""
    given = request.query_params.get("token", "").encode()
    return any(not token or hmac.compare_digest(given, token.encode()) for token in tokens)


def _read_query(query: bytes) -> _query.FeedQuery | None:
    if len(query) > _MAX_QUERY_BYTES or query.count(b"&") >= _MAX_QUERY_FIELDS:
        raise HTTPException(400, "The query is too long.")
    try:
        return _query.parse(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
