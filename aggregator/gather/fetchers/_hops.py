"""Checks the URLs of a fetch before they are requested: the first one and each redirect target."""

import base64
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote_to_bytes, urljoin, urlsplit

import ada_url

from aggregator.core.errors import BlockedAddress, FetchError
from aggregator.gather.fetchers._guard import Allowed, is_internal_name, literal, refusal, shown
from aggregator.text.urls import rfc3986

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
_MAX_URL_CHARACTERS = 8000
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One checked URL of a fetch; `url` has no user info and no fragment."""

    url: str
    scheme: str
    host: str
    port: int
    authorization: str = ""

    @property
    def server(self) -> str:
        """The key of the limits for each host."""
        return f"{self.host}:{self.port}"

    def trusts(self, other: "Hop") -> bool:
        """Return whether secrets for this URL may be sent to the other one."""
        if self.host != other.host:
            return False
        same = (self.scheme, self.port) == (other.scheme, other.port)
        upgraded = (self.scheme, self.port, other.scheme, other.port) == ("http", 80, "https", 443)
        return same or upgraded


class Route:
    """Checks URLs against `allow_private`; behind a proxy, host names are checked by their text only."""

    def __init__(self, allowed: Allowed, *, proxied: bool) -> None:
        self._allowed = allowed
        self._proxied = proxied

    def first(self, url: str) -> Hop:
        """Return the hop of the configured URL; user info becomes a header. Raises FetchError."""
        return self._hop(url, user_info=True)

    def follow(self, before: Hop, location: str) -> Hop:
        """Return the hop of a redirect target; raises FetchError, BlockedAddress."""
        try:
            text = location.encode("latin-1").decode("utf-8")
        except UnicodeError:
            text = location
        if _FORBIDDEN.search(text) or len(text) > _MAX_URL_CHARACTERS:
            raise BlockedAddress("refused: a redirect to a malformed URL")
        try:
            target = urljoin(before.url, text)
        except ValueError as error:
            raise FetchError("a redirect to a URL that cannot be parsed") from error
        return self._hop(target, user_info=False)

    def is_own(self, hop: Hop) -> bool:
        """Return whether `allow_private` covers this host: it is in the user's own network."""
        return self._allowed.covers(hop.host, literal(hop.host), hop.port)

    def _hop(self, url: str, *, user_info: bool) -> Hop:
        if _FORBIDDEN.search(url) or len(url) > _MAX_URL_CHARACTERS:
            raise FetchError("the URL is malformed")
        try:
            parts = urlsplit(url)
            host, port = _normalized_host(parts.hostname or ""), parts.port
        except (ValueError, UnicodeError) as error:
            raise FetchError("the URL cannot be parsed") from error
        if parts.scheme not in _DEFAULT_PORTS:
            raise BlockedAddress(f"refused: {shown(parts.scheme)[:20]}: is neither http nor https")
        if "@" in parts.netloc and not user_info:
            raise BlockedAddress("refused: a redirect to a URL with user info")
        if not host or port == 0:
            raise FetchError("the URL has no host")
        hop = Hop(
            url=_stripped(parts, host),
            scheme=parts.scheme,
            host=host,
            port=port or _DEFAULT_PORTS[parts.scheme],
            authorization=_authorization(parts),
        )
        self._check(hop)
        return hop

    def _check(self, hop: Hop) -> None:
        """Refuse a blocked address or internal name before any DNS lookup."""
        address = literal(hop.host)
        why = ""
        if address is not None:
            why = refusal(hop.host, address, hop.port, self._allowed)
        elif is_internal_name(hop.host) and (self._proxied or not self._allowed):
            allowed = self._allowed.covers(hop.host, None, hop.port)
            why = "" if allowed else f"{shown(hop.host)} is a name of an internal network"
        if why:
            raise BlockedAddress(f"refused: {why} (fetch.allow_private)")


def _normalized_host(host: str) -> str:
    """Return a host in lower-case ASCII, as browsers do (UTS 46): straße.de is not strasse.de.

    Full-width digits and letters become ASCII. Raises ValueError.
    """
    if host.isascii():
        return host.lower()
    return ada_url.URL(f"https://{host}/").hostname


def _stripped(parts: SplitResult, host: str) -> str:
    """Return the URL without user info and fragment, percent-encoded where necessary."""
    name = f"[{host}]" if ":" in host else host
    netloc = f"{name}:{parts.port}" if parts.port else name
    return rfc3986(parts._replace(netloc=netloc, fragment="", path=parts.path or "/").geturl())


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
    return "Basic " + base64.b64encode(pair).decode("ascii")
