"""Which URLs may come out of a wrapper: only public ones without credentials or controls."""

import ipaddress
import re
from urllib.parse import quote

import ada_url

from aggregator.text.urls import LONGEST, host, split

_FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\\\u202a-\u202e\u2066-\u2069]|%(?:0[0-9a-f]|1[0-9a-f]|7f|5c)",
    re.IGNORECASE,
)
_LEGAL = "!$&'()*+,-./:;=?@_~%[]#"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LEGAL_CHARS = r"[A-Za-z0-9!$&'()*+,./:;=?@_~\[\]#-]*+"
_LEGAL_URL = re.compile(rf"{_LEGAL_CHARS}(?:%[0-9A-Fa-f]{{2}}{_LEGAL_CHARS})*+")
_NAME = re.compile(r"(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.(?:[a-z]{2,}|xn--[a-z0-9-]+)")
# Names of private networks, and DNS services that resolve to an address within the name.
_PRIVATE_NAME = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|lan|home|home\.arpa|corp|private"
    r"|host|docker|kubernetes|cluster|nip\.io|sslip\.io|xip\.io|localtest\.me|lvh\.me|vcap\.me"
    r"|lacolhost\.com|burpcollaborator\.net|rbndr\.us)"
)
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


def escape_illegal(url: str) -> str:
    """Percent-encode the characters that are illegal in a URL, and nothing else."""
    if _LEGAL_URL.fullmatch(url):
        return url
    parts = split(url)
    if parts.authority and not parts.authority.isascii():
        name, colon, port = parts.authority.partition(":")
        url = parts._replace(authority=(host(f"https://{name}/") or name) + colon + port).join()
    return quote(_LONE_PERCENT.sub("%25", url), safe=_LEGAL, errors="replace")


def is_safe_target(url: str) -> bool:
    """Whether a URL is http(s) to a public host, without user info and control characters."""
    if len(url) > LONGEST or _FORBIDDEN.search(url):
        return False
    parts = split(url)
    if parts.scheme.lower() not in {"http", "https"} or not parts.authority:
        return False
    return "@" not in parts.authority and is_public_host(parts.authority)


def is_public_host(authority: str) -> bool:
    """Whether a host, with or without port and in any notation, is public."""
    plain = authority.lower()
    if _NAME.fullmatch(plain) and plain.isascii() and "xn--" not in plain:
        return not _PRIVATE_NAME.fullmatch(plain)
    try:
        name = ada_url.URL(f"https://{authority}/").hostname.rstrip(".")
    except ValueError:
        return False
    try:
        return _is_global(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return bool(_NAME.fullmatch(name)) and not _PRIVATE_NAME.fullmatch(name)


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return _is_global(inner)
        if address.teredo or any(address in network for network in _NAT64):
            return False
    return address.is_global and not address.is_multicast
