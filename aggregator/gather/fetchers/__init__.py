"""Fetches documents, with one module for each kind of source.

A module `KIND.py` implements `kind: KIND`. It defines `make(settings: FetchSettings) -> Fetcher`.
A fetcher raises FetchError or one of its subclasses, before the deadline of the source, and its
messages never contain secrets from a URL. Modules whose names begin with `_` are helpers.
"""

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast
from urllib.parse import urlsplit

from aggregator.core import plugins
from aggregator.core.ports import Fetcher, Poster
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._guard import Allowed, is_internal_name, literal, refusal

# httpx imports its command line, with rich and click, in more time than itself. It expects an
# ImportError where they are not installed, which None gives.
sys.modules.setdefault("httpx._main", cast("ModuleType", None))


def check_settings(settings: FetchSettings) -> None:
    """Raise ConfigError for settings with which no fetcher can be made."""
    if settings.proxy:
        from aggregator.gather.fetchers._http import proxy_of  # noqa: PLC0415  slow, as below

        proxy_of(settings)


def open_poster(settings: FetchSettings) -> Poster:
    """Return a client that sends forms under the same rules; the caller closes it."""
    # Imported here: httpx takes 0.1 s to import, and few configurations need it.
    from aggregator.gather.fetchers._post import WebPoster  # noqa: PLC0415

    return WebPoster(settings)


def why_unreachable(url: str, settings: FetchSettings) -> str:
    """Return why a URL is unreachable from other networks, judging by its text; empty if it is not."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    allowed = Allowed(settings.allow_private)
    if address := literal(host):
        return refusal(host, address, port, allowed)
    internal = "." not in host.rstrip(".") or is_internal_name(host)
    blocked = internal and not allowed.covers(host, None, port)
    return f"{host} is a name of an internal network" if blocked else ""


class Fetchers(Mapping[str, Fetcher]):
    """A fetcher for each kind of source, made when it is first asked for."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._made: dict[str, Fetcher] = {}

    def __getitem__(self, kind: str) -> Fetcher:
        if kind not in self._made:
            self._made[kind] = plugins.Plugins(__name__)[kind].make(self._settings)
        return self._made[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(plugins.names(__name__))

    def __len__(self) -> int:
        return len(plugins.names(__name__))

    async def close(self) -> None:
        """Close those that were made."""
        for fetcher in self._made.values():
            await fetcher.close()


def open_fetchers(settings: FetchSettings) -> Fetchers:
    """Return a fetcher for each kind of source; the caller closes them."""
    return Fetchers(settings)
