"""The HTTP client, the only user of httpx; the guard checks all of its connections."""

import importlib.metadata
import importlib.util
import logging
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from aggregator.core.errors import (
    ConfigError,
    FetchError,
    OutOfResources,
    Timeout,
    Unreachable,
    shortage,
)
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._dial import MAX_HEAD_BYTES, Dialer, Stream
from aggregator.gather.fetchers._guard import Allowed
from aggregator.text.urls import redact

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_KEEPALIVE_SECONDS = 5.0  # before an idle connection is closed

# httpcore imports it for every lock; if it is missing, Python looks through all folders each time.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # "not there", as Python notes it

# They log every URL in full, with its secrets, at INFO and DEBUG.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def user_agent(settings: FetchSettings) -> str:
    """Return the User-Agent header."""
    return settings.user_agent or (
        f"storyfold/{importlib.metadata.version('storyfold')} (+https://pypi.org/project/storyfold/)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The head of a response; `pieces` yields the body as received, still compressed."""

    status: int
    headers: tuple[tuple[str, str], ...]  # names in lower case, values as Latin-1
    pieces: AsyncIterator[bytes]

    def header(self, name: str) -> str:
        """Return the first header of this name, in lower case; empty if it is missing."""
        return next((value for key, value in self.headers if key == name), "")

    def each(self, name: str) -> list[str]:
        """Return the values of all headers of this name."""
        return [value for key, value in self.headers if key == name]

    def all(self, name: str) -> str:
        """Return the values of all headers of this name, joined by commas."""
        return ", ".join(value for key, value in self.headers if key == name)


class HTTPClient:
    """One HTTP client for all feeds, without cookies, proxies or other settings from the environment."""

    def __init__(self, settings: FetchSettings) -> None:
        self._transport = _Transport(settings)
        self._client = httpx.AsyncClient(
            transport=self._transport,
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113  a deadline limits the complete fetch
            event_hooks={"response": [_hide_location]},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "User-Agent": user_agent(settings),
                "Accept": _ACCEPT,
                "Accept-Encoding": "gzip, deflate",
            },
        )

    def get(self, url: str, headers: Mapping[str, str]) -> AbstractAsyncContextManager[Response]:
        """Send a GET request; see `request`."""
        return self.request("GET", url, headers)

    @asynccontextmanager
    async def request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> AsyncIterator[Response]:
        """Send one request without following redirects; raises FetchError, also while reading the body."""
        with _translated():
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            built = self._client.build_request(method, url, headers=raw, content=content)
            response = await self._client.send(built, stream=True)
            try:
                yield Response(
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
    """A transport like that of httpx, but over our Dialer."""

    def __init__(self, settings: FetchSettings) -> None:
        proxy = proxy_of(settings)
        self._max_body_bytes = 2 * settings.max_size + MAX_HEAD_BYTES
        trusted = (proxy.url.host.decode(), _port(proxy.url)) if proxy else None
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            proxy=proxy,
            max_connections=None,  # HostLimits counts
            max_keepalive_connections=settings.concurrency,
            keepalive_expiry=_KEEPALIVE_SECONDS,
            network_backend=Dialer(Allowed(settings.allow_private), trusted=trusted),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request over a guarded connection."""
        response = await self._pool.handle_async_request(
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
        stream: Stream = response.extensions["network_stream"]  # all come from the Dialer
        stream.allow_body(self._max_body_bytes)
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response as a stream for httpx."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        """Return the connection to the pool."""
        await self._response.aclose()


async def _hide_location(response: httpx.Response) -> None:
    """Hide the Location header from the client, which would parse the URL before we check it."""
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
    """Translate exceptions of the libraries into FetchError, without URLs."""
    try:
        yield
    except (httpx.InvalidURL, UnicodeError) as error:
        raise FetchError("the URL or a header cannot be sent") from error
    except httpcore.ConnectError as error:
        raise Unreachable(f"no secure connection: {_describe(error)}", cause="tls") from error
    except httpcore.TimeoutException as error:
        raise Timeout("no response in time") from error
    except (httpcore.NetworkError, httpcore.ProxyError) as error:
        raise FetchError(f"the connection broke off{_describe(error, ': ')}") from error
    except httpcore.LocalProtocolError as error:
        raise FetchError(
            "the request cannot be sent: a header contains forbidden characters"
        ) from error
    except httpcore.ProtocolError as error:
        raise FetchError(f"an invalid HTTP response: {_describe(error)}") from error
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        if lack := shortage(error):
            raise OutOfResources(f"the request failed: {lack}") from error
        raise FetchError(f"the request failed: {type(error).__name__}") from error


def _describe(error: Exception, before: str = "") -> str:
    """Return the message of a library, printable and short, since it may quote the server."""
    text = "".join(char if char.isprintable() else " " for char in str(error))[:160].strip()
    return f"{before}{text}" if text else ("" if before else type(error).__name__)
