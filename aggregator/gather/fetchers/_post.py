"""Sends forms through the same client and guard as fetches."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlencode

from aggregator.core.errors import Timeout
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers._guard import Allowed
from aggregator.gather.fetchers._hops import Hop, Route
from aggregator.gather.fetchers._http import HTTPClient

_FORM_TYPE = "application/x-www-form-urlencoded"
_MAX_REDIRECTS = 3
_REPOST_STATUSES = frozenset({307, 308})  # other redirects turn a POST into a GET


class WebPoster:
    """ports.Poster over HTTP; follows only redirects that repeat the POST, and reads no body."""

    def __init__(self, settings: FetchSettings) -> None:
        self._client = HTTPClient(settings)
        self._route = Route(Allowed(settings.allow_private), proxied=bool(settings.proxy))
        self._deadline = settings.timeout.total_seconds()

    async def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
        """Send a form and return the status; raises FetchError."""
        content = urlencode(form).encode("ascii")
        start = hop = self._route.first(url)
        status = 0
        try:
            async with asyncio.timeout(self._deadline):
                for _ in range(_MAX_REDIRECTS + 1):
                    headers = _headers(start, hop)
                    async with self._client.request("POST", hop.url, headers, content) as response:
                        status, target = response.status, response.header("location")
                    if status not in _REPOST_STATUSES or not target:
                        break
                    hop = self._route.follow(hop, target)
        except TimeoutError as error:
            raise Timeout("no response in time") from error
        return status

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def _headers(start: Hop, hop: Hop) -> dict[str, str]:
    headers = {"Content-Type": _FORM_TYPE}
    if start.authorization and start.trusts(hop):
        headers["Authorization"] = start.authorization
    return headers
