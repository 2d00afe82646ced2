"""Answers hubs: confirms what we asked them for, and takes the documents that they bring."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from aggregator.web.metrics import Metrics

_AT_ONCE = 4  # documents that are on their way to us
_SECONDS = 30.0  # that one may be
_FRESH = {"Cache-Control": "no-store"}
_SOON = {"Retry-After": "30"}


class Callbacks(Protocol):
    """Who knows what we asked of hubs; `most` is the size of a document in bytes."""

    most: int

    async def verify(self, path: str, question: Mapping[str, str]) -> str | None:
        """Return what confirms a hub's question; None if that is not what we want."""

    def expects(self, path: str) -> int:
        """Return the status for who brings a document here: 202 to bring it, 404, 410."""

    def receive(self, path: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Take a document, if it is signed; `headers` are in lower case."""


class Callback:
    """The address that hubs know; it reads no body that nobody waits for."""

    def __init__(
        self, callbacks: Callbacks | None, metrics: Metrics, *, seconds: float = _SECONDS
    ) -> None:
        self._seconds = seconds
        self._callbacks = callbacks
        self._metrics = metrics
        self._busy = 0

    async def answer(self, request: Request) -> Response:
        """Answer a hub's question, or take its document."""
        if self._callbacks is None:
            raise HTTPException(404)
        path = request.path_params["path"]
        if request.method == "POST":
            status = await self._take(self._callbacks, path, request)
            self._metrics.record_answer("push", status)
            return Response(status_code=status, headers=_FRESH)
        said = None
        if request.method == "GET":
            said = await self._callbacks.verify(path, request.query_params)
        if said is None:
            raise HTTPException(404)
        return PlainTextResponse(said, headers=_FRESH)

    async def _take(self, callbacks: Callbacks, path: str, request: Request) -> int:
        """Return the status: a signature that is wrong gets the same as one that is right."""
        status = callbacks.expects(path)
        if status != 202:
            raise HTTPException(status)
        if self._busy >= _AT_ONCE:
            raise HTTPException(503, "Too many at once.", _SOON)
        self._busy += 1
        try:
            async with asyncio.timeout(self._seconds):
                content = await _read(request, callbacks.most)
        except TimeoutError as error:
            raise HTTPException(408) from error
        except ClientDisconnect:
            return 400
        finally:
            self._busy -= 1
        callbacks.receive(path, content, request.headers)
        return status


async def _read(request: Request, most: int) -> bytes:
    said = request.headers.get("content-length", "0")
    if not said.isdigit() or len(said) > 12 or int(said) > most:
        raise HTTPException(413)
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > most:
            raise HTTPException(413)
    return bytes(content)
