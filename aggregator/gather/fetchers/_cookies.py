"""Cookies for the duration of one fetch, for servers that set one and redirect."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aggregator.gather.fetchers._guard import literal
from aggregator.gather.fetchers._hops import Hop
from aggregator.text.domains import registrable
from aggregator.text.urls import split

_MAX_COOKIES: Final = 50
_MAX_COOKIE_CHARACTERS: Final = 4_096  # characters of one cookie
_MAX_HEADER_CHARACTERS: Final = 8_192  # of one request
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f;,\\]|[^\x00-\xff]")
_DEFAULT_PORTS: Final = frozenset({80, 443})
_EXPIRED: Final = re.compile(r"(?:^|;)\s*max-age\s*=\s*\"?(?:0|-\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cookie:
    name: str
    value: str
    domain: str  # begins with a dot if subdomains match too
    path: str
    port: int
    secure: bool

    def matches(self, hop: Hop, path: str) -> bool:
        """Return whether the cookie may be sent to a URL."""
        host = hop.host == self.domain or (
            self.domain.startswith(".") and f".{hop.host}".endswith(self.domain)
        )
        port = hop.port == self.port or {hop.port, self.port} <= _DEFAULT_PORTS
        under = self.path in ("/", path) or path.startswith(f"{self.path.rstrip('/')}/")
        return host and port and under and (hop.scheme == "https" or not self.secure)


class Cookies:
    """The cookies that the servers of one fetch set; sent only to the same host or site."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def store(self, hop: Hop, headers: Iterable[str]) -> None:
        """Store the cookies of a response; a cookie for another site is ignored."""
        for header in headers:
            cookie = _parse(hop, header)
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            self._cookies.pop(key, None)
            if not _EXPIRED.search(header) and len(self._cookies) < _MAX_COOKIES:
                self._cookies[key] = cookie

    def header(self, hop: Hop) -> str:
        """Return the value of the Cookie header for a URL; empty if there is none."""
        path = split(hop.url).path or "/"
        matching = [each for each in self._cookies.values() if each.matches(hop, path)]
        value = ""
        for each in sorted(matching, key=lambda each: -len(each.path)):
            pair = f"{each.name}={each.value}"
            if len(value) + len(pair) + 2 <= _MAX_HEADER_CHARACTERS:
                value = f"{value}; {pair}" if value else pair
        return value


def _parse(hop: Hop, header: str) -> _Cookie | None:
    """Parse one Set-Cookie header; None if it is malformed, or not allowed for this host."""
    pair, *parts = header.split(";")
    name, equals, value = (text.strip() for text in pair.partition("="))
    if (
        not equals
        or len(pair) > _MAX_COOKIE_CHARACTERS
        or not _NAME.fullmatch(name)
        or _FORBIDDEN.search(value)
    ):
        return None
    attributes = {}
    for part in parts:
        key, _, setting = part.partition("=")
        attributes[key.strip().lower()] = setting.strip()
    domain = _domain(hop, attributes.get("domain", ""))
    path = attributes.get("path", "")
    if not domain:
        return None
    return _Cookie(
        name=name,
        value=value,
        domain=domain,
        path=path if path.startswith("/") else _default_path(hop),
        port=hop.port,
        secure="secure" in attributes,
    )


def _domain(hop: Hop, domain_attribute: str) -> str:
    """Return the domain of a cookie, with a dot if subdomains match; empty if it is not allowed."""
    domain = domain_attribute.strip(".").lower()
    if not domain or domain == hop.host:
        return f".{hop.host}" if domain and not literal(hop.host) else hop.host
    site = registrable(hop.host)
    allowed = f".{hop.host}".endswith(f".{domain}") and f".{domain}".endswith(f".{site}")
    return f".{domain}" if allowed and not literal(hop.host) else ""


def _default_path(hop: Hop) -> str:
    """Return the default path of a cookie without a Path attribute."""
    return split(hop.url).path.rpartition("/")[0] or "/"
