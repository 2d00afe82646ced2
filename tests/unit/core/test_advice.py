"""Each cause has a mend of its own; what our own errors say is understood."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.core.advice import _FIXES, find_fix
from aggregator.core.errors import SourceError
from aggregator.core.model import Source
from aggregator.core.settings import FetchSettings
from aggregator.gather import probe
from aggregator.gather.fetchers import open_fetchers
from tests.integration.loopback import Site, serving

SOURCE = Source(id="gazette", url="https://user:hush@gazette.example/feed.xml?token=hush")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("404 Not Found", "aggregator sources add https://gazette.example/"),
        ("410 Gone: the feed was taken down for good", "aggregator sources remove gazette"),
        (
            "401 Unauthorized: the server asks for a name and a password",
            "${PASSWORD}@gazette.example",
        ),
        ("403 Forbidden", "fetch.user_agent"),
        ("403 Forbidden: Cloudflare lets only browsers through to this feed", "another feed"),
        ("429 Too Many Requests: the server limits the request rate", "longer interval:"),
        ("503 Service Unavailable", "fetched again on schedule"),
        ("more than 10 redirects", "copy the final URL"),
        ("no complete response within 15 s", "timeout: 1m"),
        ("no such host: gazette.example", "check the spelling"),
        ("DNS lookup failed for gazette.example", "/etc/resolv.conf"),
        ("refused: 10.0.0.1, a private address (fetch.allow_private)", "['gazette.example:443']"),
        (
            "the document is a web page, not a feed",
            "aggregator sources add https://gazette.example/",
        ),
        (
            "the document is a web page, not a feed; the page links to https://gazette.example/rss",
            "use url: https://gazette.example/rss",
        ),
        ("an empty document", "the response is empty"),
        ("larger than 15 MB (fetch.max_size)", "raise fetch.max_size"),
        ("no secure connection: certificate verify failed", "clock of this machine"),
        ("no connection to gazette.example: connection refused", "host and port"),
        ("cannot read /x/y: no such file or directory", "there is no such file"),
        ("cannot read /x/y: permission denied", "chmod u+r"),
        ("something nobody thought of", "aggregator sources test gazette"),
    ],
)
def test_the_mend_fits_the_cause(error: str, said: str) -> None:
    assert said in find_fix(error, SOURCE)
    assert "hush" not in find_fix(error, SOURCE)


def test_no_two_causes_share_a_mend() -> None:
    assert len(set(_FIXES.values())) == len(_FIXES)
    for text in _FIXES.values():
        assert text[:1].islower() or text.startswith("path:")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        site.pages |= {"/page": b"<html><body>x", "/blank": b" ", "/json": b'{"a": 1}'}
        for status in (401, 403, 404, 410, 429, 500, 503):
            site.statuses[f"/{status}"] = (status, {})
        site.statuses["/circle"] = (302, {"Location": "/circle"})
        site.statuses["/nowhere"] = (302, {})
        site.pages["/large"] = b"x" * 2000
        yield site


PATHS = [*(f"/{status}" for status in (401, 403, 404, 410, 429, 500, 503)), "/page", "/blank", "/json", "/circle", "/nowhere", "/large"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_what_fetchers_and_parsers_say_is_understood(site: Site, path: str) -> None:
    place = site.address.removeprefix("http://")
    settings = FetchSettings(allow_private=(place,), max_size=1000)
    assert "sources test" not in advised(Source(id="a", url=site.address + path), settings)


def test_what_files_and_guards_say_is_understood(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    settings = FetchSettings()
    for source in (
        Source(id="a", path=tmp_path / "missing"),
        Source(id="a", path=tmp_path),
        Source(id="a", path=tmp_path / "empty"),
        Source(id="a", kind="dump", path=tmp_path / "missing"),
        Source(id="a", url="http://127.0.0.1:1/"),
        Source(id="a", url="http://nas.home.arpa/"),
    ):
        assert "sources test" not in advised(source, settings)


def advised(source: Source, settings: FetchSettings) -> str:
    async def ask() -> str:
        fetchers = open_fetchers(settings)
        try:
            await probe.probe(source, fetchers)
        except SourceError as error:
            return find_fix(str(error), source)
        finally:
            await fetchers.close()
        return "it did not fail: sources test"

    return asyncio.run(ask())
