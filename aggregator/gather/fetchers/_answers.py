"""Tells what a status means: a document, another address, nothing new, or an error with its cause."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus as Status

from aggregator.core.errors import FetchError, HTTPStatus
from aggregator.gather.fetchers._headers import quota_reset, retry_after
from aggregator.gather.fetchers._http import Answer

_DOCUMENTS = frozenset({200, 203, 206, 226})
_WHOLE = re.compile(r"bytes\s+0-(\d+)/(\d+|\*)\s*", re.IGNORECASE)
_DELTAS = ("vcdiff", "diffe", "gdiff")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
_PEEK = 8192  # bytes of an error page that are looked at
_CHECKS = (  # header, what its value begins with, who stands before the feed
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-datadome", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri"),
    ("server", "ddos-guard", "DDoS-Guard"),
)
_CHECK_PAGES = (b"just a moment", b"attention required", b"captcha", b"enable javascript", b"checking your browser")  # fmt: skip


def is_document(answer: Answer) -> bool:
    """Say whether the body is a whole document; a 206 may be, and a 226 if it is no difference."""
    if answer.status == 206:
        return _is_whole(answer.header("content-range"), answer.header("content-type"))
    if answer.status == 226:
        manipulated = answer.all("im").lower()
        return not any(delta in manipulated for delta in _DELTAS)
    return answer.status in _DOCUMENTS


def _is_whole(written: str, kind: str) -> bool:
    if not written:
        return not kind.lower().startswith("multipart/")
    found = _WHOLE.fullmatch(written)
    if not found or len(found[1]) > 18 or len(found[2]) > 18:
        return False
    return found[2] == "*" or int(found[1]) + 1 == int(found[2])


async def failure(answer: Answer) -> HTTPStatus:
    """Return the error for a status that brings no document."""
    wait = retry_after(answer) if answer.status in {429, 503} else None
    if not wait and answer.status == 429:
        wait = quota_reset(answer)
    return HTTPStatus(await _cause(answer), status=answer.status, retry_after=wait)


def location(answer: Answer) -> str:
    """Return where a redirect leads, as written; raises FetchError if it does not say."""
    target = answer.header("location")
    if not target:
        raise FetchError(f"{answer.status}: a redirect that does not say where to")
    return target


async def _cause(answer: Answer) -> str:
    status = answer.status
    words = f"{status} {_phrase(status)}".strip()
    if status == 401:
        return f"{words}: the server asks for a name and a password"
    if status == 410:
        return f"{words}: the feed was taken down for good"
    if status == 429:
        return f"{words}: the server wants to be asked less often"
    if status in {403, 503} and (who := await _browser_check(answer)):
        return f"{words}: {who} lets only browsers through to this feed"
    return words


def _phrase(status: int) -> str:
    try:
        return Status(status).phrase
    except ValueError:
        return ""


async def _browser_check(answer: Answer) -> str:
    """Say who asks for proof of a browser; empty if nobody does."""
    for name, start, who in _CHECKS:
        if (value := answer.header(name).lower()) and value.startswith(start):
            return who
    page = (await _peek(answer.pieces)).lower()
    return "a check" if any(words in page for words in _CHECK_PAGES) else ""


async def _peek(pieces: AsyncIterator[bytes]) -> bytes:
    start = b""
    async for piece in pieces:
        start += piece
        if len(start) >= _PEEK:
            break
    return start[:_PEEK]
