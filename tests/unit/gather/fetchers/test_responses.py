"""A status that brings no document becomes an error that names its cause."""

import asyncio
from datetime import timedelta

import pytest

from aggregator.core.errors import FetchError
from aggregator.gather.fetchers._responses import failure, location
from tests.unit.gather.fetchers.responses import make_response


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (404, {}, b"", "404 Not Found"),
        (500, {}, b"<rss/>", "500 Internal Server Error"),
        (204, {}, b"", "204 No Content"),
        (799, {}, b"", "799"),
        (401, {"www_authenticate": "Basic realm=x"}, b"", "401 Unauthorized: the server asks for"),
        (410, {}, b"", "410 Gone: the feed was taken down"),
        (429, {}, b"", "429 Too Many Requests: the server wants"),
        (403, {}, b"no", "403 Forbidden"),
        (403, {"cf_mitigated": "challenge"}, b"", "403 Forbidden: Cloudflare lets only browsers"),
        (403, {"server": "ddos-guard"}, b"", "403 Forbidden: DDoS-Guard lets only browsers"),
        (403, {"x_amzn_waf_action": "captcha"}, b"", "403 Forbidden: AWS WAF lets only browsers"),
        (403, {}, b"<title>Just a moment...</title>", "403 Forbidden: a check lets only browsers"),
        (
            503,
            {},
            b"please ENABLE JavaScript",
            "503 Service Unavailable: a check lets only browsers",
        ),
        (403, {}, b"x" * 9000 + b"captcha", "403 Forbidden"),
    ],
)
def test_causes(status: int, headers: dict[str, str], body: bytes, words: str) -> None:
    """The cause is told as far as the server lets us see it."""
    error = asyncio.run(failure(make_response(status, body, headers)))
    assert error.status == status
    assert str(error).startswith(words)
    assert ("browsers" in words) == ("browsers" in str(error))


@pytest.mark.parametrize(
    ("status", "wait"), [(429, 60), (503, 60), (500, None), (403, None), (301, None)]
)
def test_who_may_ask_to_wait(status: int, wait: int | None) -> None:
    """Retry-After counts where it is meant for pollers."""
    error = asyncio.run(failure(make_response(status, retry_after="60")))
    assert error.retry_after == (wait and timedelta(seconds=wait))


def test_a_redirect_must_say_where_to() -> None:
    """None, and an empty one, are errors."""
    assert location(make_response(302, location="/a")) == "/a"
    for answer in (make_response(302), make_response(302, location="")):
        with pytest.raises(FetchError, match="without a Location"):
            location(answer)


def test_repeated_headers_are_joined() -> None:
    """One header may come in parts."""
    answer = make_response(cache_control="public")
    assert answer.all("cache-control") == answer.header("cache-control") == "public"
    assert answer.all("etag") == answer.header("etag") == ""
