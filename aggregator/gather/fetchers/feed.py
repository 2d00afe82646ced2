"""Fetches feeds from http and https URLs and from local files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path

from aggregator.core.errors import EmptyDocument, FetchError, Timeout, TooManyRedirects
from aggregator.core.leases import links
from aggregator.core.model import Document, Fetched, Hints, NotModified, Source, Validators
from aggregator.core.ports import Permit
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers import _headers, _responses
from aggregator.gather.fetchers._cookies import Cookies
from aggregator.gather.fetchers._files import read_file
from aggregator.gather.fetchers._guard import Allowed
from aggregator.gather.fetchers._hops import Hop, Route
from aggregator.gather.fetchers._host_limits import HostLimits
from aggregator.gather.fetchers._http import HTTPClient, Response, proxy_of
from aggregator.gather.fetchers._inflate import read_body

_MAX_REDIRECTS = 10
_BLANK_BYTES = b" \t\r\n\x00\xef\xbb\xbf"
_RESERVED_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "transfer-encoding"}
)
_NO_HINTS = Hints()


def make(settings: FetchSettings) -> "FeedFetcher":
    """Return the fetcher of feeds; raises ConfigError."""
    proxy_of(settings)  # report errors now, not at the first fetch
    return FeedFetcher(settings)


class FeedFetcher:
    """Sends conditional requests within the limits, follows redirects itself, and keeps the deadline."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._route = Route(Allowed(settings.allow_private), proxied=bool(settings.proxy))
        self._host_limits = HostLimits(settings)

    @cached_property
    def _client(self) -> HTTPClient:
        return HTTPClient(self._settings)  # takes 20 ms, which a run without feeds saves

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Return the feed's document if it has changed; raises FetchError."""
        try:
            if source.path is not None:
                return await self._read_local(source, source.path, validators)
            return await self._request(source, validators)
        except FetchError as error:
            error.source_id = source.id
            raise

    async def fetch_page(
        self, source: Source, validators: Validators, permit: Permit
    ) -> Fetched | NotModified:
        """Fetch a web page as `fetch` does; `permit` is asked for each hop."""
        return await self._request(source, validators, permit)

    async def close(self) -> None:
        """Close all connections."""
        if "_client" in self.__dict__:
            await self._client.close()

    async def _read_local(
        self, source: Source, path: Path, validators: Validators
    ) -> Fetched | NotModified:
        async with _TimeBudget(_timeout_seconds(source, self._settings)).spend():
            content, stamp = await asyncio.to_thread(read_file, path, self._settings.max_size)
        if stamp == validators.etag:
            return NotModified(validators=validators)
        return _fetched(source, content, Validators(etag=stamp))

    async def _request(
        self, source: Source, validators: Validators, permit: Permit | None = None
    ) -> Fetched | NotModified:
        """Send requests and follow redirects until there is another response."""
        budget = _TimeBudget(_timeout_seconds(source, self._settings))
        start = hop = self._route.first(source.url)
        redirects, cookies = _Redirects(start), Cookies()
        for _ in range(_MAX_REDIRECTS + 1):
            if permit:
                await permit(hop.url)
            own = self._route.is_own(hop)
            async with self._host_limits.slot(hop.server, own=own) as slot, budget.spend():
                headers = _request_headers(source, validators, start, hop)
                _add_cookies(headers, cookies.header(hop))
                async with self._client.get(hop.url, headers) as response:
                    slot.answered = True
                    cookies.store(hop, response.each("set-cookie"))
                    if response.status not in _responses.REDIRECTS:
                        return await self._interpret(source, validators, hop, redirects, response)
                    target = _responses.location(response)
            permanent = response.status in _responses.PERMANENT
            hop = redirects.add(self._route.follow(hop, target), permanent=permanent)
        raise TooManyRedirects(f"more than {_MAX_REDIRECTS} redirects")

    async def _interpret(
        self,
        source: Source,
        before: Validators,
        hop: Hop,
        redirects: "_Redirects",
        response: Response,
    ) -> Fetched | NotModified:
        hints, named_links = _headers.hints(response), links(response.all("link"), hop.url)
        if response.status == 304:
            if not _headers.conditions(before):
                raise FetchError("304: not modified, but the request was not conditional")
            validators = _headers.validators(response, before)
            return NotModified(
                validators=validators, hints=hints, permanent=redirects.permanent, links=named_links
            )
        if not _responses.is_document(response):
            await self._fail(hop, response)
        coding = response.all("content-encoding")
        content = await read_body(response.pieces, coding, self._settings.max_size)
        return _fetched(
            source,
            content,
            _headers.validators(response),
            url=hop.url,
            content_type=response.header("content-type")[:1000],
            hints=hints,
            permanent=redirects.permanent,
            named_links=named_links,
        )

    async def _fail(self, hop: Hop, response: Response) -> None:
        error = await _responses.failure(response)
        if error.retry_after:
            self._host_limits.hold_back(hop.server, error.retry_after, error.status)
        raise error


class _Redirects:
    """The redirects so far, and the target of the leading permanent ones."""

    def __init__(self, start: Hop) -> None:
        self._start = start
        self._all_permanent = True
        self._target = start

    @property
    def permanent(self) -> str:
        """The target of permanent redirects; empty if there are none, or it downgrades https to http."""
        same = self._target.url == self._start.url
        downgraded = self._start.scheme == "https" and self._target.scheme == "http"
        return "" if same or downgraded else self._target.url

    def add(self, hop: Hop, *, permanent: bool) -> Hop:
        """Record one redirect and return its target."""
        self._all_permanent = self._all_permanent and permanent
        if self._all_permanent:
            self._target = hop
        return hop


class _TimeBudget:
    """The time limit of one fetch; waiting for a slot does not count."""

    def __init__(self, seconds: float) -> None:
        self._seconds = self._seconds_left = seconds

    @asynccontextmanager
    async def spend(self) -> AsyncIterator[None]:
        """Count the time of the block; raises Timeout when the budget is exhausted."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            async with asyncio.timeout(self._seconds_left):
                yield
        except TimeoutError as error:
            raise Timeout(f"no complete response within {self._seconds:g} s") from error
        finally:
            self._seconds_left -= loop.time() - start


def _timeout_seconds(source: Source, settings: FetchSettings) -> float:
    return (source.timeout or settings.timeout).total_seconds()


def _request_headers(
    source: Source, validators: Validators, start: Hop, hop: Hop
) -> dict[str, str]:
    """Return the headers of one request; configured ones are sent only to the configured server."""
    headers = _headers.conditions(validators)
    if start.trusts(hop):
        if start.authorization:
            headers["Authorization"] = start.authorization
        headers |= {
            name: value for name, value in source.headers if name.lower() not in _RESERVED_HEADERS
        }
    return headers


def _add_cookies(headers: dict[str, str], cookies: str) -> None:
    """Append cookies to a configured Cookie header, or add one."""
    if cookies:
        name = next((name for name in headers if name.lower() == "cookie"), "Cookie")
        headers[name] = f"{headers[name]}; {cookies}" if name in headers else cookies


def _fetched(
    source: Source,
    content: bytes,
    validators: Validators,
    *,
    url: str = "",
    content_type: str = "",
    hints: Hints = _NO_HINTS,
    permanent: str = "",
    named_links: tuple[tuple[str, str], ...] = (),
) -> Fetched:
    if not content.strip(_BLANK_BYTES):
        raise EmptyDocument("an empty document")
    document = Document(name=source.id, content=content, url=url, content_type=content_type)
    return Fetched(
        documents=(document,),
        validators=validators,
        hints=hints,
        permanent=permanent,
        links=named_links,
    )
