"""The WebSub callback: verifies subscriptions and receives pushed documents."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from aggregator.web.metrics import Metrics

_MAX_CONCURRENT_BODIES = 4
_BODY_TIMEOUT_SECONDS = 30.0
_NO_STORE = {"Cache-Control": "no-store"}
_RETRY_SOON = {"Retry-After": "30"}


class CallbackHandler(Protocol):
    """Knows our subscriptions; `most` is the maximum size of a pushed document in bytes."""

    most: int

    async def verify(self, path: str, question: Mapping[str, str]) -> str | None:
        """Return the challenge if the hub's request matches a subscription, else None."""

    def expects(self, path: str) -> int:
        """Return the status for a pushed document: 202 to accept it, else 404 or 410."""

    def receive(self, path: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Accept a document if its signature is valid; `headers` are in lower case."""


class HubCallback:
    """The endpoint that hubs call; it reads no body of an unknown subscription."""

    def __init__(
        self,
        handler: CallbackHandler | None,
        metrics: Metrics,
        *,
        timeout_seconds: float = _BODY_TIMEOUT_SECONDS,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._handler = handler
        self._metrics = metrics
        self._reading = 0

    async def answer(self, request: Request) -> Response:
        """Respond to a verification request, or receive a pushed document."""
        if self._handler is None:
            raise HTTPException(404)
        path = request.path_params["path"]
        if request.method == "POST":
            status = await self._receive(self._handler, path, request)
            self._metrics.record_answer("push", status)
            return Response(status_code=status, headers=_NO_STORE)
        challenge = None
        if request.method == "GET":
            challenge = await self._handler.verify(path, request.query_params)
        if challenge is None:
            raise HTTPException(404)
        return PlainTextResponse(challenge, headers=_NO_STORE)

    async def _receive(self, handler: CallbackHandler, path: str, request: Request) -> int:
        """Return the status, which is the same for a valid and an invalid signature."""
        status = handler.expects(path)
        if status != 202:
            raise HTTPException(status)
        if self._reading >= _MAX_CONCURRENT_BODIES:
            raise HTTPException(503, "Too many concurrent requests.", _RETRY_SOON)
        self._reading += 1
        try:
            async with asyncio.timeout(self._timeout_seconds):
                content = await _read_body(request, handler.most)
        except TimeoutError as error:
            raise HTTPException(408) from error
        except ClientDisconnect:
            return 400
        finally:
            self._reading -= 1
        handler.receive(path, content, request.headers)
        return status


async def _read_body(request: Request, max_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or len(declared) > 12 or int(declared) > max_bytes:
        raise HTTPException(413)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > max_bytes:
            raise HTTPException(413)
    return bytes(content)
