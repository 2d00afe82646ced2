"""What stands before every page: the Host that was asked for, the path prefix, safe headers."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.web._shelf import Answer

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANY = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  compared with, not bound
_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FORM_POLICY = _POLICY.replace(b"form-action 'none'", b"form-action 'self'").decode()
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


_NOT_OURS = """\
This server is not known by the name that you asked for.
If it is yours, set public_url in its configuration to the address that you use, and start it again.
"""


class Gate:
    """Lets through requests for our own hosts, and takes the prefix of the public address off.

    `quick` may know the answer before any route is looked for.
    """

    def __init__(
        self,
        app: ASGIApp,
        quick: Callable[[Scope], Answer | None] = lambda _: None,
        *,
        public_url: str,
        host: str,
    ) -> None:
        public = urlsplit(public_url)
        self._app = app
        self._quick = quick
        self._prefix = prefix_of(public_url)
        self._hosts = _LOOPBACK | {(public.hostname or "").lower(), host.strip("[]").lower()}
        # Bound to every address, each of them is ours; a name is not, it may be rebound to us.
        self._addresses = host in _ANY
        self._is_ours = lru_cache(maxsize=256)(self._judge)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self._refuse(scope)
        if app is None:
            scope = self._without_prefix(scope)
            if answer := self._quick(scope):
                await answer(scope, receive, send, _SAFE)
                return
            app = self._app
        await app(scope, receive, _Guarded(send))

    def _refuse(self, scope: Scope) -> ASGIApp | None:
        """Return what answers a request that no page is for."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1 or not all(map(self._is_ours, hosts)):
            return PlainTextResponse(_NOT_OURS, 421)
        if self._prefix and scope["path"] == self._prefix:
            return RedirectResponse(f"{self._prefix}/", 308)
        return None

    def _judge(self, header: bytes) -> bool:
        """Say whether a Host header names us."""
        name = _name(header.decode("latin-1"))
        if name in self._hosts:
            return True
        return self._addresses and _is_address(name)

    def _without_prefix(self, scope: Scope) -> Scope:
        path = scope["path"]
        if not (self._prefix and path.startswith(f"{self._prefix}/")):
            return scope
        return {**scope, "path": path[len(self._prefix) :]}


class _Guarded:
    """Sends a response with the headers that every one carries; those of its own stay."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            head = message["headers"]
            said = {name for name, _ in head}
            message["headers"] = [*head, *(one for one in _SAFE if one[0] not in said)]
        await self._send(message)


def prefix_of(public_url: str) -> str:
    """Return the path under which the pages stand, without a slash at its end."""
    return urlsplit(public_url).path.rstrip("/")


def _name(header: str) -> str:
    """Return the host of a Host header without its port, lower case."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
