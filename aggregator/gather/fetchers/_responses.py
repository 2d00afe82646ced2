"""Interprets status codes: a document, a redirect, not modified, or an error with its cause."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus as Status

from aggregator.core.errors import FetchError, HTTPStatus
from aggregator.gather.fetchers._headers import quota_reset, retry_after
from aggregator.gather.fetchers._http import Response

_DOCUMENT_STATUSES = frozenset({200, 203, 206, 226})
_COMPLETE_RANGE = re.compile(r"bytes\s+0-(\d+)/(\d+|\*)\s*", re.IGNORECASE)
_DELTA_ENCODINGS = ("vcdiff", "diffe", "gdiff")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
_MAX_PEEK_BYTES = 8192  # of an error page
_BROWSER_CHECKS = (  # header, prefix of its value, service that protects the feed
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-datadome", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri"),
    ("server", "ddos-guard", "DDoS-Guard"),
)
_BROWSER_CHECK_PHRASES = (b"just a moment", b"attention required", b"captcha", b"enable javascript", b"checking your browser")  # fmt: skip


def is_document(response: Response) -> bool:
    """Return whether the body is a complete document; a 206 can be, and a 226 without a delta."""
    if response.status == 206:
        return _is_complete(response.header("content-range"), response.header("content-type"))
    if response.status == 226:
        manipulated = response.all("im").lower()
        return not any(delta in manipulated for delta in _DELTA_ENCODINGS)
    return response.status in _DOCUMENT_STATUSES


def _is_complete(content_range: str, content_type: str) -> bool:
    if not content_range:
        return not content_type.lower().startswith("multipart/")
    found = _COMPLETE_RANGE.fullmatch(content_range)
    if not found or len(found[1]) > 18 or len(found[2]) > 18:
        return False
    return found[2] == "*" or int(found[1]) + 1 == int(found[2])


async def failure(response: Response) -> HTTPStatus:
    """Return the error for a status that carries no document."""
    wait = retry_after(response) if response.status in {429, 503} else None
    if not wait and response.status == 429:
        wait = quota_reset(response)
    return HTTPStatus(await _cause(response), status=response.status, retry_after=wait)


def location(response: Response) -> str:
    """Return the target of a redirect, as written; raises FetchError if it is missing."""
    target = response.header("location")
    if not target:
        raise FetchError(f"{response.status}: a redirect without a Location header")
    return target


async def _cause(response: Response) -> str:
    status = response.status
    line = f"{status} {_phrase(status)}".strip()
    if status == 401:
        return f"{line}: the server asks for a name and a password"
    if status == 410:
        return f"{line}: the feed was taken down for good"
    if status == 429:
        return f"{line}: the server limits the request rate"
    if status in {403, 503} and (service := await _browser_check(response)):
        return f"{line}: {service} lets only browsers through to this feed"
    return line


def _phrase(status: int) -> str:
    try:
        return Status(status).phrase
    except ValueError:
        return ""


async def _browser_check(response: Response) -> str:
    """Return the service that lets only browsers through; empty if there is none."""
    for name, prefix, service in _BROWSER_CHECKS:
        if (value := response.header(name).lower()) and value.startswith(prefix):
            return service
    page = (await _peek(response.pieces)).lower()
    return "a check" if any(phrase in page for phrase in _BROWSER_CHECK_PHRASES) else ""


async def _peek(pieces: AsyncIterator[bytes]) -> bytes:
    start = b""
    async for piece in pieces:
        start += piece
        if len(start) >= _MAX_PEEK_BYTES:
            break
    return start[:_MAX_PEEK_BYTES]
