"""Sends forms, through the same guard as feeds are fetched."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlencode

from aggregator.core.errors import Timeout
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._guard import Allowed
from aggregator.gather.fetchers._hops import Hop, Route
from aggregator.gather.fetchers._http import Web

_TYPE = "application/x-www-form-urlencoded"
_HOPS = 3
_SAME_AGAIN = frozenset({307, 308})  # ask for the same form elsewhere; others mean a page


class WebPoster:
    """ports.Poster over HTTP; follows the redirects that keep a form, and reads no answer."""

    def __init__(self, settings: FetchSettings) -> None:
        self._web = Web(settings)
        self._route = Route(Allowed(settings.allow_private), proxied=bool(settings.proxy))
        self._deadline = settings.timeout.total_seconds()

    async def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
        """Send a form and return the status; raises FetchError."""
        content = urlencode(form).encode("ascii")
        start = hop = self._route.first(url)
        status = 0
        try:
            async with asyncio.timeout(self._deadline):
                for _ in range(_HOPS + 1):
                    headers = _headers(start, hop)
                    async with self._web.ask("POST", hop.url, headers, content) as answer:
                        status, target = answer.status, answer.header("location")
                    if status not in _SAME_AGAIN or not target:
                        break
                    hop = self._route.follow(hop, target)
        except TimeoutError as error:
            raise Timeout("no answer in time") from error
        return status

    async def close(self) -> None:
        """Close all connections."""
        await self._web.close()


def _headers(start: Hop, hop: Hop) -> dict[str, str]:
    headers = {"Content-Type": _TYPE}
    if start.authorization and start.trusts(hop):
        headers["Authorization"] = start.authorization
    return headers
