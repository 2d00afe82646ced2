"""Fetches feeds: from http and https addresses, and from local files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path

from aggregator.core.errors import FetchError, Timeout, TooManyRedirects
from aggregator.core.leases import links
from aggregator.core.model import Document, Fetched, Hints, NotModified, Source, Validators
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers import _answers, _headers
from aggregator.gather.fetchers._cookies import Cookies
from aggregator.gather.fetchers._files import read_file
from aggregator.gather.fetchers._gate import Gate
from aggregator.gather.fetchers._guard import Allowed
from aggregator.gather.fetchers._hops import Hop, Route
from aggregator.gather.fetchers._http import Answer, Web, proxy_of
from aggregator.gather.fetchers._inflate import read_body

_HOPS = 10
_BLANK = b" \t\r\n\x00\xef\xbb\xbf"
_OURS = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding"})
_NO_HINTS = Hints()


def make(settings: FetchSettings) -> "FeedFetcher":
    """Return the fetcher of feeds; raises ConfigError."""
    proxy_of(settings)  # now, not at the first fetch
    return FeedFetcher(settings)


class FeedFetcher:
    """Asks politely, follows redirects by hand, and ends every fetch by its deadline."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._route = Route(Allowed(settings.allow_private), proxied=bool(settings.proxy))
        self._gate = Gate(settings)

    @cached_property
    def _web(self) -> Web:
        return Web(self._settings)  # costs some 20 ms, which a run without feeds saves

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Return the feed's document if there is a new one; raises FetchError."""
        try:
            if source.path is not None:
                return await self._read(source, source.path, validators)
            return await self._ask(source, validators)
        except FetchError as error:
            error.source_id = source.id
            raise

    async def close(self) -> None:
        """Close all connections."""
        if "_web" in self.__dict__:
            await self._web.close()

    async def _read(
        self, source: Source, path: Path, validators: Validators
    ) -> Fetched | NotModified:
        async with _Budget(_seconds(source, self._settings)).spend():
            content, stamp = await asyncio.to_thread(read_file, path, self._settings.max_size)
        if stamp == validators.etag:
            return NotModified(validators=validators)
        return _fetched(source, content, Validators(etag=stamp))

    async def _ask(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Walk from address to address until one gives something else than a redirect."""
        budget = _Budget(_seconds(source, self._settings))
        start = hop = self._route.first(source.url)
        trail, cookies = _Trail(start), Cookies()
        for _ in range(_HOPS + 1):
            own = self._route.is_own(hop)
            async with self._gate.enter(hop.server, own=own) as turn, budget.spend():
                headers = _request_headers(source, validators, start, hop)
                _add_cookies(headers, cookies.header(hop))
                async with self._web.get(hop.url, headers) as answer:
                    turn.answered = True
                    cookies.take(hop, answer.each("set-cookie"))
                    if answer.status not in _answers.REDIRECTS:
                        return await self._take(source, validators, hop, trail, answer)
                    target = _answers.location(answer)
            permanent = answer.status in _answers.PERMANENT
            hop = trail.step(self._route.follow(hop, target), permanent=permanent)
        raise TooManyRedirects(f"more than {_HOPS} redirects")

    async def _take(
        self, source: Source, before: Validators, hop: Hop, trail: "_Trail", answer: Answer
    ) -> Fetched | NotModified:
        hints, named = _headers.hints(answer), links(answer.all("link"), hop.url)
        if answer.status == 304:
            if not _headers.conditions(before):
                raise FetchError("304: not modified, but the request was not conditional")
            kept = _headers.validators(answer, before)
            return NotModified(validators=kept, hints=hints, permanent=trail.permanent, links=named)
        if not _answers.is_document(answer):
            await self._fail(hop, answer)
        coding = answer.all("content-encoding")
        content = await read_body(answer.pieces, coding, self._settings.max_size)
        return _fetched(
            source,
            content,
            _headers.validators(answer),
            url=hop.url,
            content_type=answer.header("content-type")[:1000],
            hints=hints,
            permanent=trail.permanent,
            named=named,
        )

    async def _fail(self, hop: Hop, answer: Answer) -> None:
        error = await _answers.failure(answer)
        if error.retry_after:
            self._gate.leave_in_peace(hop.server, error.retry_after, error.status)
        raise error


class _Trail:
    """The redirects so far, and where the permanent ones alone led."""

    def __init__(self, start: Hop) -> None:
        self._start = start
        self._lasting = True
        self._to = start

    @property
    def permanent(self) -> str:
        """The address that permanent redirects name; empty if there is none, or it is less safe."""
        same = self._to.url == self._start.url
        weaker = self._start.scheme == "https" and self._to.scheme == "http"
        return "" if same or weaker else self._to.url

    def step(self, hop: Hop, *, permanent: bool) -> Hop:
        """Note one redirect and return its target."""
        self._lasting = self._lasting and permanent
        if self._lasting:
            self._to = hop
        return hop


class _Budget:
    """The time that one fetch may spend with servers; waiting for a turn is not counted."""

    def __init__(self, seconds: float) -> None:
        self._seconds = self._left = seconds

    @asynccontextmanager
    async def spend(self) -> AsyncIterator[None]:
        """Count the time of the block; raises Timeout when it runs out."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            async with asyncio.timeout(self._left):
                yield
        except TimeoutError as error:
            raise Timeout(f"no whole answer within {self._seconds:g} s") from error
        finally:
            self._left -= loop.time() - start


def _seconds(source: Source, settings: FetchSettings) -> float:
    return (source.timeout or settings.timeout).total_seconds()


def _request_headers(
    source: Source, validators: Validators, start: Hop, hop: Hop
) -> dict[str, str]:
    """Return the headers of one request; what the user configured goes to his server alone."""
    headers = _headers.conditions(validators)
    if start.trusts(hop):
        if start.authorization:
            headers["Authorization"] = start.authorization
        headers |= {name: value for name, value in source.headers if name.lower() not in _OURS}
    return headers


def _add_cookies(headers: dict[str, str], cookies: str) -> None:
    """Add cookies to those that the user configured."""
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
    named: tuple[tuple[str, str], ...] = (),
) -> Fetched:
    if not content.strip(_BLANK):
        raise FetchError("an empty document")
    document = Document(name=source.id, content=content, url=url, content_type=content_type)
    return Fetched(
        documents=(document,),
        validators=validators,
        hints=hints,
        permanent=permanent,
        links=named,
    )
