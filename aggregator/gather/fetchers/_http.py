"""The only user of httpx: one client, every connection of which goes through the guard."""

import importlib.metadata
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from aggregator.core.errors import ConfigError, FetchError, Timeout, Unreachable
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._dial import HEAD_LIMIT, Dialer, Stream
from aggregator.gather.fetchers._guard import Allowed
from aggregator.text.urls import redact

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_IDLE = 5.0  # seconds that a connection is kept for the next request to the same server

# They name every address in full, with its secrets, at levels that people switch on.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def user_agent(settings: FetchSettings) -> str:
    """Return how requests introduce themselves."""
    return settings.user_agent or (
        f"storyfold/{importlib.metadata.version('storyfold')} (+https://pypi.org/project/storyfold/)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The head of a response; the body comes piece by piece, as it is on the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]  # names in lower case, values as Latin-1
    pieces: AsyncIterator[bytes]

    def header(self, name: str) -> str:
        """Return the first header of this name, in lower case; empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def each(self, name: str) -> list[str]:
        """Return the headers of this name one by one."""
        return [value for key, value in self.headers if key == name]

    def all(self, name: str) -> str:
        """Return all headers of this name, joined by commas."""
        return ", ".join(value for key, value in self.headers if key == name)


class Web:
    """One HTTP client for all feeds; without cookies, and blind to the environment."""

    def __init__(self, settings: FetchSettings) -> None:
        self._transport = _Transport(settings)
        self._client = httpx.AsyncClient(
            transport=self._transport,
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113  one deadline holds for the whole fetch
            event_hooks={"response": [_take_location]},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "User-Agent": user_agent(settings),
                "Accept": _ACCEPT,
                "Accept-Encoding": "gzip, deflate",
            },
        )

    def get(self, url: str, headers: Mapping[str, str]) -> AbstractAsyncContextManager[Answer]:
        """Ask for a document, as `ask` does."""
        return self.ask("GET", url, headers)

    @asynccontextmanager
    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> AsyncIterator[Answer]:
        """Ask once, follow nothing; raises FetchError, from the body's pieces too."""
        with _translated():
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            request = self._client.build_request(method, url, headers=raw, content=content)
            response = await self._client.send(request, stream=True)
            try:
                yield Answer(
                    status=response.status_code,
                    headers=tuple(_decoded(response)),
                    pieces=response.aiter_raw(),
                )
            finally:
                await response.aclose()

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class _Transport(httpx.AsyncBaseTransport):
    """httpx's own transport, but with our dialer under it."""

    def __init__(self, settings: FetchSettings) -> None:
        proxy = proxy_of(settings)
        self._body_limit = 2 * settings.max_size + HEAD_LIMIT
        trusted = (proxy.url.host.decode(), _port(proxy.url)) if proxy else None
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            proxy=proxy,
            max_connections=None,  # the gate counts
            max_keepalive_connections=settings.concurrency,
            keepalive_expiry=_IDLE,
            network_backend=Dialer(Allowed(settings.allow_private), trusted=trusted),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request over a guarded connection."""
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        stream: Stream = answer.extensions["network_stream"]  # all are the dialer's
        stream.allow_body(self._body_limit)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The pieces of a body as they come."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._answer.aclose()


async def _take_location(response: httpx.Response) -> None:
    """Take a redirect out of the client's sight: it would read the address before we judge it."""
    response.extensions["head"] = tuple(response.headers.raw)
    response.headers.pop("location", None)


def _decoded(response: httpx.Response) -> Iterator[tuple[str, str]]:
    for name, value in response.extensions["head"]:
        yield name.decode("latin-1").lower(), value.decode("latin-1").strip()


def proxy_of(settings: FetchSettings) -> httpcore.Proxy | None:
    """Return the configured proxy; raises ConfigError."""
    text = settings.proxy
    if not text:
        return None
    try:
        proxy = httpx.Proxy(text)
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigError(f"cannot be used: {redact(text)}", key="fetch.proxy") from error
    if proxy.url.scheme not in {"http", "https"} or not proxy.url.host:
        raise ConfigError(f"must be http or https: {redact(text)}", key="fetch.proxy")
    url = httpcore.URL(
        scheme=proxy.url.raw_scheme,
        host=proxy.url.raw_host,
        port=proxy.url.port,
        target=proxy.url.raw_path,
    )
    return httpcore.Proxy(url=url, auth=proxy.raw_auth, headers=proxy.headers.raw)


def _port(url: httpcore.URL) -> int:
    return url.port or (443 if url.scheme == b"https" else 80)


@contextmanager
def _translated() -> Iterator[None]:
    """Translate what the libraries raise into the house's errors, without addresses."""
    try:
        yield
    except (httpx.InvalidURL, UnicodeError) as error:
        raise FetchError("the address or a header cannot be sent") from error
    except httpcore.ConnectError as error:
        raise Unreachable(f"no secure connection: {_words(error)}") from error
    except httpcore.TimeoutException as error:
        raise Timeout("no answer in time") from error
    except (httpcore.NetworkError, httpcore.ProxyError) as error:
        raise FetchError(f"the connection broke off{_words(error, ': ')}") from error
    except httpcore.LocalProtocolError as error:
        raise FetchError(
            "the request cannot be sent: a header holds what may not be in one"
        ) from error
    except httpcore.ProtocolError as error:
        raise FetchError(f"a faulty HTTP answer: {_words(error)}") from error
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        raise FetchError(f"the request failed: {type(error).__name__}") from error


def _words(error: Exception, before: str = "") -> str:
    """Return what a library says, printable and short; it may quote what the server sent."""
    text = "".join(char if char.isprintable() else " " for char in str(error))[:160].strip()
    return f"{before}{text}" if text else ("" if before else type(error).__name__)
