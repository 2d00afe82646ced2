"""What readers are told: whether `public_url` leads to the server, and which hub feeds name."""

import ipaddress
from urllib.parse import urlsplit

from aggregator.text import urls

DEFAULT_PORT = 8080
_SCHEME_PORTS = {"http": 80, "https": 443}
_LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})


def port_warning(public_url: str, port: int = DEFAULT_PORT) -> str:
    """Return a warning if `public_url` names another port than the one served, else ''.

    A remote URL with https or without a port is assumed to be that of a reverse proxy.
    """
    public = urlsplit(public_url)
    named = public.port or _SCHEME_PORTS.get(public.scheme, port)
    local = _is_loopback(public.hostname or "")
    if named == port or not (local or (public.scheme == "http" and public.port)):
        return ""
    return (
        f"names port {named}, but port {port} is served: links in the feeds are broken, unless a "
        f"reverse proxy forwards requests; change it, or start with --port {named}"
    )


def host_warning(public_url: str, host: str) -> str:
    """Return a warning if the server accepts remote readers but `public_url` is a loopback URL."""
    if _is_loopback(host) or not _is_loopback(urlsplit(public_url).hostname or ""):
        return ""
    return (
        f"is {public_url}, which readers on other machines cannot use, and requests for other host "
        "names are refused: set it to the URL that readers use"
    )


def public_hub(hub: str) -> str:
    """Return the hub that feeds name; empty if its URL holds a secret, which only we may use."""
    return hub if urls.redact(hub) == hub else ""


def _is_loopback(host: str) -> bool:
    name = host.strip("[]").lower()
    if name in _LOOPBACK_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
