"""Whether readers get to the server by the address that the configuration gives it."""

import ipaddress
from urllib.parse import urlsplit

DEFAULT_PORT = 8080
_DEFAULTS = {"http": 80, "https": 443}
_NAMES = frozenset({"localhost", "ip6-localhost"})


def port_doubt(public_url: str, port: int = DEFAULT_PORT) -> str:
    """Say of `public_url` that it names another port than the one served; '' if it may be right.

    An address without a port, or with https, is that of another server which passes requests on.
    """
    public = urlsplit(public_url)
    named = public.port or _DEFAULTS.get(public.scheme, port)
    local = _is_loopback(public.hostname or "")
    if named == port or not (local or (public.scheme == "http" and public.port)):
        return ""
    return (
        f"names port {named}, but port {port} is served: links in the feeds lead nowhere, unless "
        f"another server passes requests on; change it, or start with --port {named}"
    )


def host_doubt(public_url: str, host: str) -> str:
    """Say of `public_url` that readers elsewhere cannot use it, if the server is bound for them."""
    if _is_loopback(host) or not _is_loopback(urlsplit(public_url).hostname or ""):
        return ""
    return (
        f"is {public_url}, which leads readers on other machines to themselves, and requests by other "
        "names are refused: set it to the address that readers use"
    )


def _is_loopback(host: str) -> bool:
    name = host.strip("[]").lower()
    if name in _NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
