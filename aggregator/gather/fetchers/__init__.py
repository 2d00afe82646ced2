"""Gets documents from the outside world: one module a kind of source.

A module `KIND.py` makes `kind: KIND` known. It has `make(settings: FetchSettings) -> Fetcher`;
what it raises is FetchError or one of its children, within the deadline of the source, and
no message holds a secret of an address. Modules that begin with `_` are helpers.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from aggregator.core import plugins
from aggregator.core.ports import Fetcher, Poster
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._guard import Allowed, is_inner_name, literal, refusal


def open_poster(settings: FetchSettings) -> Poster:
    """Return what sends forms under the same rules; who opens it closes it."""
    # httpx takes a tenth of a second, and few configurations want this
    from aggregator.gather.fetchers._post import WebPoster  # noqa: PLC0415

    return WebPoster(settings)


def why_unreachable(url: str, settings: FetchSettings) -> str:
    """Say why others cannot reach an address, by its text alone; empty if they may."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    allowed = Allowed(settings.allow_private)
    if address := literal(host):
        return refusal(host, address, port, allowed)
    inner = "." not in host.rstrip(".") or is_inner_name(host)
    named = inner and not allowed.covers(host, None, port)
    return f"{host} is a name of an inner network" if named else ""


def open_fetchers(settings: FetchSettings) -> Mapping[str, Fetcher]:
    """Return a fetcher for each kind of source; who opens them closes them."""
    kinds = plugins.names(__name__)
    return {kind: plugins.load(__name__, kind).make(settings) for kind in kinds}
