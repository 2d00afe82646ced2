"""Judges the addresses of a fetch before they are asked: the first one and each redirect's."""

import base64
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote_to_bytes, urljoin, urlsplit

import ada_url

from aggregator.core.errors import BlockedAddress, FetchError
from aggregator.gather.fetchers._guard import Allowed, is_inner_name, literal, refusal, shown
from aggregator.text.urls import rfc3986

_UNFIT = re.compile(r"[\x00-\x1f\x7f\\]")
_LONGEST = 8000
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One address of a fetch, fit to be asked; `url` is without user info and fragment."""

    url: str
    scheme: str
    host: str
    port: int
    authorization: str = ""

    @property
    def server(self) -> str:
        """What limits are counted by."""
        return f"{self.host}:{self.port}"

    def trusts(self, other: "Hop") -> bool:
        """Say whether secrets for this address may be sent to another one."""
        if self.host != other.host:
            return False
        same = (self.scheme, self.port) == (other.scheme, other.port)
        safer = (self.scheme, self.port, other.scheme, other.port) == ("http", 80, "https", 443)
        return same or safer


class Route:
    """Judges addresses by what is allowed; behind a proxy names are judged by their text alone."""

    def __init__(self, allowed: Allowed, *, proxied: bool) -> None:
        self._allowed = allowed
        self._proxied = proxied

    def first(self, url: str) -> Hop:
        """Return the configured address; user info becomes a header. Raises FetchError."""
        return self._hop(url, user_info=True)

    def follow(self, before: Hop, location: str) -> Hop:
        """Return where a redirect leads; raises FetchError, BlockedAddress."""
        try:
            text = location.encode("latin-1").decode("utf-8")
        except UnicodeError:
            text = location
        if _UNFIT.search(text) or len(text) > _LONGEST:
            raise BlockedAddress("refused: a redirect whose address is malformed")
        try:
            target = urljoin(before.url, text)
        except ValueError as error:
            raise FetchError("a redirect whose address cannot be read") from error
        return self._hop(target, user_info=False)

    def is_own(self, hop: Hop) -> bool:
        """Say whether the user allowed this very host: one of his own network."""
        return self._allowed.covers(hop.host, literal(hop.host), hop.port)

    def _hop(self, url: str, *, user_info: bool) -> Hop:
        if _UNFIT.search(url) or len(url) > _LONGEST:
            raise FetchError("the address is malformed")
        try:
            parts = urlsplit(url)
            host, port = _host(parts.hostname or ""), parts.port
        except (ValueError, UnicodeError) as error:
            raise FetchError("the address cannot be read") from error
        if parts.scheme not in _PORTS:
            raise BlockedAddress(f"refused: {shown(parts.scheme)[:20]}: is neither http nor https")
        if "@" in parts.netloc and not user_info:
            raise BlockedAddress("refused: a redirect to an address with user info")
        if not host or port == 0:
            raise FetchError("the address names no host")
        hop = Hop(
            url=_bare(parts, host),
            scheme=parts.scheme,
            host=host,
            port=port or _PORTS[parts.scheme],
            authorization=_authorization(parts),
        )
        self._check(hop)
        return hop

    def _check(self, hop: Hop) -> None:
        """Refuse what can be told from the text, before anything is looked up."""
        address = literal(hop.host)
        why = ""
        if address is not None:
            why = refusal(hop.host, address, hop.port, self._allowed)
        elif is_inner_name(hop.host) and (self._proxied or not self._allowed):
            named = self._allowed.covers(hop.host, None, hop.port)
            why = "" if named else f"{shown(hop.host)} is a name of an inner network"
        if why:
            raise BlockedAddress(f"refused: {why} (fetch.allow_private)")


def _host(host: str) -> str:
    """Return a host in ASCII, lower case, as browsers do (UTS 46): straße.de is not strasse.de.

    Full-width digits and letters are what they look like. Raises ValueError.
    """
    if host.isascii():
        return host.lower()
    return ada_url.URL(f"https://{host}/").hostname


def _bare(parts: SplitResult, host: str) -> str:
    """Return the address without user info and fragment, everything percent-encoded that must be."""
    name = f"[{host}]" if ":" in host else host
    netloc = f"{name}:{parts.port}" if parts.port else name
    return rfc3986(parts._replace(netloc=netloc, fragment="", path=parts.path or "/").geturl())


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
    return "Basic " + base64.b64encode(pair).decode("ascii")
