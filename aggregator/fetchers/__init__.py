"""Gets documents from the outside world: one module a kind of source.

A module `KIND.py` makes `kind: KIND` known. It has `make(settings: FetchSettings) -> Fetcher`;
what it raises is FetchError or one of its children, within the deadline of the source, and
no message holds a secret of an address. Modules that begin with `_` are helpers.
"""

from collections.abc import Mapping

from aggregator import plugins
from aggregator.ports import Fetcher, Poster
from aggregator.settings import FetchSettings


def open_poster(settings: FetchSettings) -> Poster:
    """Return what sends forms under the same rules; who opens it closes it."""
    # httpx takes a tenth of a second, and few configurations want this
    from aggregator.fetchers._post import WebPoster  # noqa: PLC0415

    return WebPoster(settings)


def open_fetchers(settings: FetchSettings) -> Mapping[str, Fetcher]:
    """Return a fetcher for each kind of source; who opens them closes them."""
    kinds = plugins.names(__name__)
    return {kind: plugins.load(__name__, kind).make(settings) for kind in kinds}
