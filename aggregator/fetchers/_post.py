"""Sends forms, through the same guard as feeds are fetched."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlencode

from aggregator.errors import Timeout
from aggregator.fetchers._http import Web
from aggregator.settings import FetchSettings

_TYPE = "application/x-www-form-urlencoded"


class WebPoster:
    """ports.Poster over HTTP; follows no redirect and reads no answer."""

    def __init__(self, settings: FetchSettings) -> None:
        self._web = Web(settings)
        self._deadline = settings.timeout.total_seconds()

    async def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
        """Send a form and return the status; raises FetchError."""
        content = urlencode(form).encode("ascii")
        try:
            async with asyncio.timeout(self._deadline):
                async with self._web.ask("POST", url, {"Content-Type": _TYPE}, content) as answer:
                    return answer.status
        except TimeoutError as error:
            raise Timeout("no answer in time") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._web.close()
