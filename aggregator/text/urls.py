"""URLs: parsing, resolving, canonical form, comparison, tracking parameters, redaction."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urljoin

import ada_url
import yaml

from aggregator.text.scheme import with_scheme

MAX_URL_CHARACTERS = 16_000  # longer URLs are ignored

_PARTS = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#\\]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
# A host name that ada_url would not change: no punycode to validate, and no last label that may be
# a number (1, 0x7f), which would make it an IPv4 address.
_NAME = r"((?:(?!xn--)[a-z0-9_-]+\.)*+(?!xn--)[a-z_-][a-z0-9_-]*)"
_HOST = re.compile(_NAME + r"\.?")
# Fast paths for the usual forms, which need no parsing: host, origin, absolute path.
_PLAIN_HOST = re.compile(rf"https?://{_NAME}(?=[/?#]|\Z)")
_PLAIN_ORIGIN = re.compile(r"(https?:)//[A-Za-z0-9.-]+(?::\d+)?(?=[/?#]|\Z)")
_ROOTED = re.compile(r"(//[A-Za-z0-9.-]+(?::\d+)?)?/(?![/.])(?:[^/?#;]|/(?!\.))*+(?:\?[^#]+)?")
_BLANKS = re.compile(r"^[\x00-\x20\u3000\ufeff]+|[\x00-\x20\u3000\ufeff]+$|[\t\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_AMP = re.compile(r"&(?:amp|#0*38|#[xX]0*26);")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_SAFE = "!$&'()*+,-./:;=?@_~%"

_MOBILE = re.compile(r"^(?:(?:www\d?|m|mobile|wap|3g|amp)\.)+(?=[^.]+\.)")
_MOBILE_SECOND = re.compile(r"(?<=\.)m\.(?=[^.]+\.[^.]+$)")
_HOME_PAGE = re.compile(
    r"[^/]*(?:/[a-z]{2}(?:-[a-z]{2})?)?(?:/(?:index|home)(?:\.\w+)?)?/?", re.IGNORECASE
)
_UNUSUAL_GLOB = re.compile(r"[?\[]|.\*.|^\*.*\*$")
_SLASHES = re.compile(r"//+")
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp|shtml)$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(?::|%3A)~(?::|%3A).*", re.DOTALL | re.IGNORECASE)  # text fragments
_AMP_PATH = re.compile(
    r"(?i);jsessionid=[^/]*|^/amp(?=/.)|/amp(?:\.html?)?/?$|\.amp(?=\.html?$)|\.amp$"
)
_ARCHIVE = re.compile(r"https?://web\.archive\.org/web/\d{4,14}(?:[a-z]{2}_)?/(https?:/+.+)")
_SECRET = re.compile(
    r"(?i)(?:^|[_-])(?:pass|passwd|password|pwd|secret|token|api_?key|key|auth|sig|sign|signature"
    r"|session|sid|credential|jwt|access|code)(?:$|[_-])|token$|secret$|key$"
)


def read_rules(name: str) -> dict[str, Any]:
    """Load one file of the cleaning rules."""
    # By path from the root package, since naming `aggregator.gather.cleaning` would import it.
    path = resources.files("aggregator").joinpath(f"gather/cleaning/rules/{name}.yaml")
    rules: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return rules


class Parts(NamedTuple):
    """A URL split by RFC 3986; None for a missing part."""

    scheme: str
    authority: str | None
    path: str
    query: str | None
    fragment: str | None

    def join(self) -> str:
        """Join the parts to a URL."""
        return (
            (f"{self.scheme}:" if self.scheme else "")
            + (f"//{self.authority}" if self.authority is not None else "")
            + self.path
            + (f"?{self.query}" if self.query is not None else "")
            + (f"#{self.fragment}" if self.fragment is not None else "")
        )


def split(url: str) -> Parts:
    """Split a URL into its parts, without normalizing; never raises."""
    match = _PARTS.fullmatch(url)
    if match is None:  # unreachable: the pattern matches every text
        return Parts("", None, url, None, None)
    scheme, authority, path, query, fragment = match.groups()
    return Parts(scheme or "", authority, path, query, fragment)


def strip(url: str) -> str:
    """Remove the whitespace and line breaks that browsers ignore; empty for an overlong URL."""
    if len(url) > MAX_URL_CHARACTERS:
        return ""
    if url.isprintable() and url == url.strip(" "):
        return url
    return _BLANKS.sub("", url)


def absolute(base: str, url: str) -> str:
    """Resolve a URL against `base`; empty if it is missing or malformed."""
    url = strip(url)
    if not url:
        return ""
    if url[:3].lower() == "www":
        url = with_scheme(url, base)
    if url.startswith("//") and not base:
        return "https:" + url
    if not base or is_web(url):
        return url
    if (origin := _PLAIN_ORIGIN.match(base)) and (rooted := _ROOTED.fullmatch(url)):
        return origin[1 if rooted[1] else 0] + url
    try:
        return urljoin(strip(base), url)
    except ValueError:
        return ""


def is_web(url: str) -> bool:
    """Return whether the URL is http or https and has a host."""
    return url[:4].lower() == "http" and bool(host(url))


@lru_cache(maxsize=8192)
def host(url: str) -> str:
    """Return the host of an http or https URL, in lower case and IDNA, without port; empty if none."""
    if plain := _PLAIN_HOST.match(url):
        return plain[1]
    scheme, authority, *_ = split(url)
    if scheme.lower() not in _DEFAULT_PORTS or not authority:
        return ""
    name = authority.rpartition("@")[2].lower()
    if plain := _HOST.fullmatch(name):
        return plain[1]
    return _parsed_host(name)


@lru_cache(maxsize=4096)
def _parsed_host(name: str) -> str:
    try:
        return ada_url.URL(f"https://{name}/").hostname.rstrip(".")
    except ValueError:
        return ""


def rfc3986(url: str) -> str:
    """Percent-encode all characters that RFC 3986 does not allow."""
    parts = split(strip(url))
    authority = parts.authority
    if authority is not None and not authority.isascii():
        user, at, name = authority.rpartition("@")
        name, colon, port = name.partition(":")
        authority = quote(user, safe=_SAFE) + at + (_parsed_host(name) or "invalid") + colon + port
    return Parts(
        parts.scheme,
        authority and _encode(authority, _SAFE + "[]"),
        _encode(parts.path, _SAFE),
        parts.query and _encode(parts.query, _SAFE),
        parts.fragment and _encode(parts.fragment, _SAFE),
    ).join()


def _encode(part: str, safe: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", part), safe=safe, errors="replace")


def redact(url: str) -> str:
    """Return the URL for logs, with user info and likely secrets in the query masked."""
    parts = split(_CONTROLS.sub("", url[:MAX_URL_CHARACTERS]))
    authority, query = parts.authority, parts.query
    if authority and "@" in authority:
        authority = "***@" + authority.rpartition("@")[2]
    if query:
        query = "&".join(_mask(pair) for pair in query.split("&"))
    return parts._replace(authority=authority, query=query).join()


def _mask(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}=***" if equals and value and _SECRET.search(unquote(name)) else pair


# --- tracking ------------------------------------------------------------------------------


class Globs:
    """Names and globs, of which a lower-case name may match one; fast to build and to query."""

    __slots__ = ("_ends", "_names", "_pattern", "_starts")

    def __init__(self, globs: Iterable[str]) -> None:
        plain = [glob.lower() for glob in globs]
        odd = [glob for glob in plain if _UNUSUAL_GLOB.search(glob)]
        rest = [glob for glob in plain if glob not in odd]
        self._names = frozenset(glob for glob in rest if "*" not in glob)
        self._starts = tuple(glob[:-1] for glob in rest if glob.endswith("*"))
        self._ends = tuple(glob[1:] for glob in rest if glob.startswith("*") and glob != "*")
        self._pattern = re.compile("|".join(translate(glob) for glob in odd)) if odd else None

    def match(self, name: str) -> bool:
        """Whether a name matches."""
        return (
            name in self._names
            or name.startswith(self._starts)
            or name.endswith(self._ends)
            or (self._pattern is not None and self._pattern.match(name) is not None)
        )


@dataclass(frozen=True, slots=True)
class _Site:
    hosts: Globs
    names: Globs
    fragments: re.Pattern[str] | None
    cut: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Tracking:
    names: Globs
    signed: Globs
    fragments: re.Pattern[str]
    key_only: Globs
    key_keeps: Globs
    same_hosts: dict[str, str]
    sites: tuple[_Site, ...]
    hosts: Globs  # union of all sites


def _load() -> _Tracking:
    rules = read_rules("tracking")
    sites = tuple(
        _Site(
            Globs(site["hosts"]),
            Globs(site.get("names", [])),
            re.compile(site["fragment"]) if "fragment" in site else None,
            re.compile(site["cut"]) if "cut" in site else None,
        )
        for site in rules["sites"]
    )
    return _Tracking(
        Globs(rules["names"]),
        Globs(rules["signed"]),
        re.compile(rules["fragment"]),
        Globs(rules["key"]["names"]),
        Globs(rules["key"]["except_hosts"]),
        rules["key"]["same_hosts"],
        sites,
        Globs(dict.fromkeys(name for site in rules["sites"] for name in site["hosts"])),
    )


_TRACKING = _load()


@lru_cache(maxsize=8192)
def without_tracking(url: str) -> str:
    """Remove tracking parameters and change nothing else; signed URLs stay complete."""
    name = host(url)
    if not name:
        return url
    if "&#" in url:
        url = _AMP.sub("&", url)
    sites = _sites(name)
    if "?" in url or "#" in url or any(site.cut for site in sites):
        parts = split(url)
        path, query, fragment = parts.path, parts.query, parts.fragment
        for site in sites:
            path = site.cut.sub("", path) if site.cut else path
        if query:
            query = _without_tracking_parameters(query, sites)
        if fragment and "~" in fragment:
            fragment = _DIRECTIVE.sub("", fragment) or None
        if fragment and _is_tracking_fragment(fragment, sites):
            fragment = None
        if (path, query, fragment) != (parts.path, parts.query, parts.fragment):
            url = Parts(parts.scheme, parts.authority, path, query, fragment).join()
    return url


@lru_cache(maxsize=4096)
def _sites(name: str) -> tuple[_Site, ...]:
    if not _TRACKING.hosts.match(name):
        return ()
    return tuple(site for site in _TRACKING.sites if site.hosts.match(name))


def _is_tracking_fragment(fragment: str, sites: tuple[_Site, ...]) -> bool:
    if _TRACKING.fragments.fullmatch(fragment):
        return True
    return any(site.fragments and site.fragments.fullmatch(fragment) for site in sites)


def _without_tracking_parameters(query: str, sites: tuple[_Site, ...]) -> str | None:
    pairs = _AMP.sub("&", query).split("&")
    names = [pair.partition("=")[0].lower() for pair in pairs]
    if any(_TRACKING.signed.match(name) for name in names):
        return query
    kept: list[str] = []
    for name, pair in zip(names, pairs, strict=True):
        if not _is_tracking_parameter(name, sites):
            kept.append(pair)
        elif "?" in pair:  # after a second question mark there is another query
            rest = _without_tracking_parameters(pair.partition("?")[2], sites)
            kept.extend([rest] if rest else [])
    if len(kept) == len(pairs):
        return "&".join(kept)
    return "&".join(pair for pair in kept if pair) or None


def _is_tracking_parameter(name: str, sites: tuple[_Site, ...]) -> bool:
    if "%" in name:
        name = unquote(name)
    return _TRACKING.names.match(name) or any(site.names.match(name) for site in sites)


# --- identity ------------------------------------------------------------------------------


def canonical(url: str) -> str:
    """Return the canonical form of a URL; empty if it is not http or https."""
    url = strip(url)
    name = host(url)
    if not name:
        return ""
    parts = split(without_tracking(url))
    scheme = parts.scheme.lower()
    port = _port(parts.authority or "")
    if port and port != _DEFAULT_PORTS[scheme]:
        name += f":{port}"
    fragment = parts.fragment if (parts.fragment or "").startswith("!") else None
    made = Parts(scheme, name, parts.path or "/", parts.query or None, fragment).join()
    # Removing the fragment or parameters may leave whitespace at the end.
    return canonical(made) if strip(made) != made else made


def _port(authority: str) -> str:
    port = authority.rpartition("@")[2].rpartition(":")[2]
    return port.lstrip("0") if port.isdigit() else ""


def same_key(url: str) -> str:
    """Return a key that is equal for all URLs of one page, whatever scheme, prefix or parameter order."""
    url = canonical(url)
    if inner := _ARCHIVE.fullmatch(url):
        url = canonical(re.sub(r":/+", "://", inner[1], count=1)) or url
    if not url:
        return ""
    _, authority, path, query, fragment = split(url)
    name = _MOBILE_SECOND.sub("", _MOBILE.sub("", authority or ""))
    name = _TRACKING.same_hosts.get(name, name)
    path = _INDEX.sub("/", _AMP_PATH.sub("", _SLASHES.sub("/", _unescaped(path))))
    pairs = sorted(_key_pairs(query or "", name))
    return (
        f"{name}{path.rstrip('/')}"
        + ("?" + "&".join(pairs) if pairs else "")
        + (f"#{fragment}" if fragment else "")
    )


def is_home_page(page: str) -> bool:
    """Return whether a page is that of a site or of one language of it; `page` is a `same_key`."""
    return "?" not in page and "#" not in page and _HOME_PAGE.fullmatch(page) is not None


def _key_pairs(query: str, name: str) -> list[str]:
    pairs = [_unescaped(pair) for pair in query.split("&") if pair]
    if _TRACKING.key_keeps.match(name):
        return pairs
    return [pair for pair in pairs if not _TRACKING.key_only.match(pair.lower())]


def _unescaped(part: str) -> str:
    """Decode the percent-escapes whose decoding does not change the meaning."""
    return _ESCAPED.sub(_unescape, part) if "%" in part else part


def _unescape(match: re.Match[str]) -> str:
    raw = bytes.fromhex(match[0].replace("%", ""))
    text = raw.decode("utf-8", "replace")
    if "\ufffd" in text:
        return match[0].upper()
    return "".join(
        c if c.isalnum() or c in "-._~" or not c.isascii() else f"%{ord(c):02X}" for c in text
    )
