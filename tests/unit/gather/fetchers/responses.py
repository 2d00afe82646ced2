"""Makers of responses, as they come from a server."""

from collections.abc import AsyncIterator, Iterable, Mapping

from aggregator.gather.fetchers._http import Response

_NONE: Mapping[str, str] = {}


async def pieces(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the parts one after the other."""
    for part in parts:
        yield part


def make_response(
    status: int = 200, body: bytes = b"", headers: Mapping[str, str] = _NONE, **more: str
) -> Response:
    """Make a response; `_` in the names of headers stands for `-`."""
    named = tuple((name.replace("_", "-"), value) for name, value in {**headers, **more}.items())
    return Response(status=status, headers=named, pieces=pieces([body]))
