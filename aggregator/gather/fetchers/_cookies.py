"""Cookies for as long as one fetch lasts: a gate on the way may want back what it has just set."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aggregator.gather.fetchers._guard import literal
from aggregator.gather.fetchers._hops import Hop
from aggregator.text.domains import registrable
from aggregator.text.urls import split

_MOST: Final = 50
_LONGEST: Final = 4_096  # characters of one cookie
_ALL_LONGEST: Final = 8_192  # of all that one request may carry
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f;,\\]|[^\x00-\xff]")
_DEFAULT_PORTS: Final = frozenset({80, 443})
_GONE: Final = re.compile(r"(?:^|;)\s*max-age\s*=\s*\"?(?:0|-\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cookie:
    name: str
    value: str
    domain: str  # with a dot before it, if it holds for the hosts below
    path: str
    port: int
    secure: bool

    def fits(self, hop: Hop, path: str) -> bool:
        """Say whether it may be sent to an address."""
        host = hop.host == self.domain or (
            self.domain.startswith(".") and f".{hop.host}".endswith(self.domain)
        )
        port = hop.port == self.port or {hop.port, self.port} <= _DEFAULT_PORTS
        under = self.path in ("/", path) or path.startswith(f"{self.path.rstrip('/')}/")
        return host and port and under and (hop.scheme == "https" or not self.secure)


class Cookies:
    """What the servers of one fetch set; it goes to the host that set it, or others of its site."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], _Cookie] = {}

    def take(self, hop: Hop, headers: Iterable[str]) -> None:
        """Keep what an answer sets; a cookie for another site is none."""
        for header in headers:
            cookie = _read(hop, header)
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            self._kept.pop(key, None)
            if not _GONE.search(header) and len(self._kept) < _MOST:
                self._kept[key] = cookie

    def header(self, hop: Hop) -> str:
        """Return the value of the header for an address, '' for none."""
        path = split(hop.url).path or "/"
        fit = [each for each in self._kept.values() if each.fits(hop, path)]
        value = ""
        for each in sorted(fit, key=lambda each: -len(each.path)):
            pair = f"{each.name}={each.value}"
            if len(value) + len(pair) + 2 <= _ALL_LONGEST:
                value = f"{value}; {pair}" if value else pair
        return value


def _read(hop: Hop, header: str) -> _Cookie | None:
    """Read one Set-Cookie; None for what no request can carry, or another host may not set."""
    pair, *attributes = header.split(";")
    name, equals, value = (part.strip() for part in pair.partition("="))
    if not equals or len(pair) > _LONGEST or not _NAME.fullmatch(name) or _UNFIT.search(value):
        return None
    said = {}
    for each in attributes:
        key, _, written = each.partition("=")
        said[key.strip().lower()] = written.strip()
    domain = _domain(hop, said.get("domain", ""))
    path = said.get("path", "")
    if not domain:
        return None
    return _Cookie(
        name=name,
        value=value,
        domain=domain,
        path=path if path.startswith("/") else _folder(hop),
        port=hop.port,
        secure="secure" in said,
    )


def _domain(hop: Hop, written: str) -> str:
    """Return the host that a cookie is for, with a dot for all below it; '' if that is not ours."""
    domain = written.strip(".").lower()
    if not domain or domain == hop.host:
        return f".{hop.host}" if domain and not literal(hop.host) else hop.host
    site = registrable(hop.host)
    ours = f".{hop.host}".endswith(f".{domain}") and f".{domain}".endswith(f".{site}")
    return f".{domain}" if ours and not literal(hop.host) else ""


def _folder(hop: Hop) -> str:
    """Return the path for which a cookie holds that names none."""
    return split(hop.url).path.rpartition("/")[0] or "/"
