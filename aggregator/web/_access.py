"""Middleware for every request: checks the Host, removes the path prefix, adds security headers."""

import ipaddress
from collections.abc import Callable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.core.logger import get_logger
from aggregator.text.urls import Globs
from aggregator.web._file_cache import RawResponse

_log = get_logger()

_ALL_INTERFACES = frozenset({"0.0.0.0", "::", "", "*"})  # noqa: S104  compared with, not bound
_FOR_MACHINES = frozenset({"/health", "/healthz", "/readyz", "/metrics"})
_MAX_NAMES_LOGGED = 100  # refused names; further ones are not logged
_CONTENT_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FORM_POLICY = _CONTENT_POLICY.replace(b"form-action 'none'", b"form-action 'self'").decode()
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", _CONTENT_POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


_UNKNOWN_HOST = """\
This server does not serve the requested host name.
If it is your server, set public_url in its configuration to the address that you use, or add the
name to allowed_hosts.
"""


class AccessMiddleware:
    """Accepts requests for our own hosts only, and removes the path prefix of `public_url`.

    `answer_from_memory` may return a response before routing.
    """

    def __init__(
        self,
        app: ASGIApp,
        answer_from_memory: Callable[[Scope], RawResponse | None] = lambda _: None,
        *,
        public_url: str,
        hosts: Sequence[str],
        any_address: bool = False,
    ) -> None:
        public = urlsplit(public_url)
        self._app = app
        self._answer_from_memory = answer_from_memory
        self._prefix = prefix_of(public_url)
        names = [
            one.strip("[]").lower().rstrip(".") for one in ("localhost", *hosts) if not is_any(one)
        ]
        self._hosts = Globs([*names, public.hostname or ""])
        # When bound to all interfaces, any IP address is accepted. Unknown names are not, because of
        # DNS rebinding.
        self._any_address = any_address
        self._is_own_host_cached = lru_cache(maxsize=256)(self._is_own_host)
        self._refused: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond, or pass the request to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self._respond_early(scope)
        if app is None:
            scope = self._without_prefix(scope)
            if response := self._answer_from_memory(scope):
                await response(scope, receive, send, _SECURITY_HEADERS)
                return
            app = self._app
        await app(scope, receive, _SecureSend(send))

    def _respond_early(self, scope: Scope) -> ASGIApp | None:
        """Return the response to a request for another host or for the bare prefix, else None."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        own = all(map(self._is_own_host_cached, hosts)) or self._is_for_machines(scope)
        if len(hosts) > 1 or not own:
            self._log_refused(hosts)
            return PlainTextResponse(_UNKNOWN_HOST, 421)
        if self._prefix and scope["path"] == self._prefix:
            return RedirectResponse(f"{self._prefix}/", 308)
        return None

    def _is_own_host(self, header: bytes) -> bool:
        """Return whether a Host header names this server."""
        name = _host_name(header.decode("latin-1"))
        if name and self._hosts.match(name):
            return True
        address = _address(name)
        return address is not None and (self._any_address or address.is_loopback)

    def _is_for_machines(self, scope: Scope) -> bool:
        """Return whether health or metrics are asked for, from this machine or a private network."""
        if self._without_prefix(scope)["path"] not in _FOR_MACHINES:
            return False
        address = _address((scope.get("client") or ("",))[0].partition("%")[0])
        return address is not None and (address.is_loopback or address.is_private)

    def _log_refused(self, hosts: Sequence[bytes]) -> None:
        """Log each refused name once."""
        for name in (_host_name(one.decode("latin-1"))[:255] for one in hosts):
            if name not in self._refused and len(self._refused) < _MAX_NAMES_LOGGED:
                self._refused.add(name)
                _log.warning(
                    "request for an unknown host refused: add it to allowed_hosts if it is yours",
                    host=name,
                )

    def _without_prefix(self, scope: Scope) -> Scope:
        path = scope["path"]
        if not (self._prefix and path.startswith(f"{self._prefix}/")):
            return scope
        return {**scope, "path": path[len(self._prefix) :]}


class _SecureSend:
    """Adds the security headers to a response that does not set them itself."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message["headers"]
            present = {name for name, _ in headers}
            missing = (one for one in _SECURITY_HEADERS if one[0] not in present)
            message["headers"] = [*headers, *missing]
        await self._send(message)


def page_policy(*, remote_images: bool = False) -> str:
    """Return the policy of pages for people: forms go to this site, pictures may be the publishers'."""
    return FORM_POLICY.replace("img-src 'self'", "img-src *") if remote_images else FORM_POLICY


def prefix_of(public_url: str) -> str:
    """Return the path prefix of the pages, without a trailing slash."""
    return urlsplit(public_url).path.rstrip("/")


def _host_name(header: str) -> str:
    """Return a Host header's name without its port, in lower case."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].rstrip(".")


def is_any(host: str) -> bool:
    """Return whether a server bound to this host listens on all interfaces."""
    return host.strip("[]") in _ALL_INTERFACES


@lru_cache(maxsize=1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a text is, an IPv4 one without its IPv6 form; None for a name."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
