"""Addresses are judged before they are asked, the configured one and every redirect's."""

from urllib.parse import urlsplit

import pytest

from aggregator.core.errors import BlockedAddress, FetchError
from aggregator.gather.fetchers._guard import Allowed
from aggregator.gather.fetchers._hops import Hop, Route
from aggregator.text import urls

START = "http://feeds.example/news/rss.xml"


def route(*allowed: str, proxied: bool = False) -> Route:
    """Make a route that allows these."""
    return Route(Allowed(allowed), proxied=proxied)


@pytest.mark.parametrize(
    ("url", "asked", "server"),
    [
        (START, START, "feeds.example:80"),
        ("HTTPS://Feeds.EXAMPLE", "https://feeds.example/", "feeds.example:443"),
        ("http://feeds.example:8080/a#part", "http://feeds.example:8080/a", "feeds.example:8080"),
        ("http://feeds.example/a b?q=é", "http://feeds.example/a%20b?q=%C3%A9", "feeds.example:80"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example:80"),
        ("http://[2600:1406::1]/a", "http://[2600:1406::1]/a", "2600:1406::1:80"),
        ("http://feeds.example?x=1", "http://feeds.example/?x=1", "feeds.example:80"),
    ],
)
def test_the_first_address(url: str, asked: str, server: str) -> None:
    """An address is made fit to be asked."""
    hop = route().first(url)
    assert (hop.url, hop.server, hop.authorization) == (asked, server, "")


def test_user_info_becomes_a_header() -> None:
    """The address that goes on, to messages and documents, is without it."""
    hop = route().first("https://me:s%C3%A9cret%3A@feeds.example/a")
    assert hop.url == "https://feeds.example/a"
    assert hop.authorization == "Basic bWU6c8OpY3JldDo="


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feeds.example/rss",
        "http://",
        "http:///a",
        "http://feeds.example:0/",
        "http://feeds.example:99999/",
        "http://feeds.example:x/",
        "http://feeds.example/a\nb",
        "http://feeds.example\\@evil.example/",
        "http://[::1",
        "http://" + "a" * 9000,
        "http://xn--a.\uff0e\uff0e/",
        "ftp://feeds.example/",
        "file:///etc/passwd",
    ],
)
def test_addresses_that_cannot_be_asked(url: str) -> None:
    """They are errors of this source alone."""
    with pytest.raises(FetchError):
        route().first(url)


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/other", "http://feeds.example/other"),
        ("other?x=1", "http://feeds.example/news/other?x=1"),
        ("?page=2", "http://feeds.example/news/rss.xml?page=2"),
        ("//cdn.example/f", "http://cdn.example/f"),
        ("https://cdn.example/f#frag", "https://cdn.example/f"),
        ("https://cdn.example/a b", "https://cdn.example/a%20b"),
        ("https://cdn.example/\xe5\xb8\x83", "https://cdn.example/%E5%B8%83"),
        ("https://cdn.example/\xe9t\xe9", "https://cdn.example/%C3%A9t%C3%A9"),
    ],
)
def test_redirects(location: str, asked: str) -> None:
    """A redirect may be relative, and hold what should have been encoded."""
    there = route()
    assert there.follow(there.first(START), location).url == asked


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1.:80/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://metadata.google.internal/",
        "http://printer.local/",
        "http://user@feeds.example/",
        "http://feeds.example@evil.example/",
        "http://feeds.example\\@evil.example/",
        "http://feeds.example/\x00",
        "http://feeds.example/\ra",
        "ftp://feeds.example/a",
        "file:///etc/passwd",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "gopher://feeds.example/1",
        "ws://feeds.example/",
    ],
)
def test_redirects_that_are_refused(location: str) -> None:
    """No notation of an inner address, no other scheme, no disguise."""
    there = route()
    with pytest.raises(BlockedAddress, match="refused"):
        there.follow(there.first(START), location)


@pytest.mark.parametrize("location", ["http://[::1", "http://a:b/", "https://", "http://x:0/"])
def test_redirects_that_cannot_be_read(location: str) -> None:
    """They are errors too."""
    there = route()
    with pytest.raises(FetchError):
        there.follow(there.first(START), location)


def test_what_is_allowed_is_asked() -> None:
    """By address for its port, by name; an inner name waits for its look-up if addresses are allowed."""
    there = route("127.0.0.1:8801", "nas.local")
    assert there.is_own(there.first("http://127.0.0.1:8801/"))
    assert there.first("http://nas.local/").host == "nas.local"
    assert there.first("http://localhost:8801/").host == "localhost"
    assert not there.is_own(there.first(START))
    with pytest.raises(BlockedAddress):
        there.first("http://127.0.0.1:8802/")


def test_behind_a_proxy_names_are_judged_by_their_text() -> None:
    """The proxy looks names up, and its localhost is not ours."""
    there = route("127.0.0.1", "nas.local", proxied=True)
    assert there.first("http://nas.local/").host == "nas.local"
    with pytest.raises(BlockedAddress, match="internal network"):
        there.first("http://localhost/")


def hop(scheme: str, host: str, port: int) -> Hop:
    """Make a hop."""
    return Hop(url="", scheme=scheme, host=host, port=port)


@pytest.mark.parametrize(
    ("other", "trusted"),
    [
        (hop("http", "a.example", 80), True),
        (hop("https", "a.example", 443), True),
        (hop("https", "a.example", 8443), False),
        (hop("http", "a.example", 81), False),
        (hop("http", "b.example", 80), False),
        (hop("http", "a.example.evil.example", 80), False),
    ],
)
def test_secrets_stay_with_their_server(other: Hop, trusted: bool) -> None:
    """They go to the same server, and to its encrypted door, nowhere else."""
    assert hop("http", "a.example", 80).trusts(other) is trusted
    assert not hop("https", "a.example", 443).trusts(hop("http", "a.example", 80))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://straße.example/", "xn--strae-oqa.example"),
        ("https://STRASSE.example/", "strasse.example"),
        ("https://βόλος.example/", "xn--nxasmm1c.example"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://例え.example/", "xn--r8jz45g.example"),
        ("https://ｅｘａｍｐｌｅ.example/", "example.example"),
        ("https://例え。example/", "xn--r8jz45g.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ],
)
def test_hosts_are_read_as_browsers_do(url: str, host: str) -> None:
    """By UTS 46 without the transition of old: ß is no ss, which may be another's host."""
    assert route().first(url).host == host
    assert urls.host(url) == host
    assert urlsplit(route().first(url).url).hostname == host


def test_a_password_goes_to_the_host_that_was_written() -> None:
    start = route().first("https://me:word@straße.example/")
    assert start.authorization
    assert not start.trusts(route().follow(start, "https://strasse.example/"))
    assert start.trusts(route().follow(start, "https://xn--strae-oqa.example/"))


@pytest.mark.parametrize("url", ["https://a\u00ad\u200b.\u2024/", "https://\u0338.example/"])
def test_what_no_browser_takes_for_a_host_is_none(url: str) -> None:
    with pytest.raises(FetchError):
        route().first(url)
