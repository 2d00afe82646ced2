"""Cookies go back to the site that set them, within one fetch."""

import pytest

from aggregator.gather.fetchers._cookies import Cookies
from aggregator.gather.fetchers._guard import Allowed
from aggregator.gather.fetchers._hops import Hop, Route

ROUTE = Route(Allowed(["127.0.0.0/8"]), proxied=False)


def hop(url: str) -> Hop:
    """Return an address, judged."""
    return ROUTE.first(url)


SENT = [
    ("https://a.example/f", "k=v", "https://a.example/f", "k=v"),
    ("https://a.example/f", "k=v; Path=/", "https://a.example/other/x", "k=v"),
    ("https://a.example/d/f", "k=v", "https://a.example/d/g", "k=v"),
    ("https://a.example/d/f", "k=v", "https://a.example/dx", ""),
    ("https://a.example/d/f", "k=v; Path=/d", "https://a.example/d/", "k=v"),
    ("https://a.example/f", "k=v; Path=/gate", "https://a.example/f", ""),
    ("https://a.example/", "k=v", "https://b.example/", ""),
    ("https://a.example/", "k=v", "https://www.a.example/", ""),
    ("https://a.example/", "k=v; Domain=a.example", "https://www.a.example/", "k=v"),
    ("https://www.a.example/", "k=v; Domain=.a.example; Path=/", "https://in.a.example/f", "k=v"),
    ("https://www.a.example/", "k=v; Domain=b.example", "https://b.example/", ""),
    ("https://www.a.example/", "k=v; Domain=example", "https://b.example/", ""),
    ("https://www.a.co.uk/", "k=v; Domain=co.uk", "https://b.co.uk/", ""),
    ("https://a.github.io/", "k=v; Domain=github.io", "https://b.github.io/", ""),
    ("https://a.example/", "k=v; Domain=xa.example", "https://xa.example/", ""),
    ("http://127.0.0.1:81/", "k=v; Domain=0.0.1", "http://127.0.0.1:81/", ""),
    ("http://127.0.0.1:81/", "k=v", "http://127.0.0.1:82/", ""),
    ("http://127.0.0.1:81/", "k=v", "http://127.0.0.2:81/", ""),
    ("http://a.example/", "k=v", "https://a.example/", "k=v"),
    ("https://a.example/", "k=v; Secure", "http://a.example/", ""),
    ("https://a.example/", "k=v; HttpOnly; SameSite=Lax", "https://a.example/", "k=v"),
    ("https://a.example/", 'k="v w"', "https://a.example/", 'k="v w"'),
    ("https://a.example/", "k=", "https://a.example/", "k="),
    ("https://a.example/", "k", "https://a.example/", ""),
    ("https://a.example/", "k=a\x01b", "https://a.example/", ""),
    ("https://a.example/", "k k=v", "https://a.example/", ""),
    ("https://a.example/", "k=" + "x" * 5000, "https://a.example/", ""),
]


@pytest.mark.parametrize(("setter", "header", "url", "sent"), SENT)
def test_where_a_cookie_goes(setter: str, header: str, url: str, sent: str) -> None:
    cookies = Cookies()
    cookies.store(hop(setter), [header])
    assert cookies.header(hop(url)) == sent


def test_a_cookie_is_set_anew_and_taken_back() -> None:
    cookies, here = Cookies(), hop("https://a.example/")
    cookies.store(here, ["a=1; Path=/", "b=2; Path=/"])
    cookies.store(here, ["a=3; Path=/", "b=; Path=/; Max-Age=0"])
    assert cookies.header(here) == "a=3"


def test_cookies_are_bounded() -> None:
    cookies, here = Cookies(), hop("https://a.example/")
    cookies.store(here, (f"k{n}={'x' * 1000}" for n in range(1_000)))
    assert len(cookies.header(here)) <= 8_192
