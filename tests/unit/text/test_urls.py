"""Addresses: parts, hosts, canonical forms, keys, tracking, and what is hidden in logs."""

from urllib.parse import urljoin

import ada_url
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator.text import urls

urlish = st.text(st.sampled_from("htps:/.?#&=%@[]\\ a-zé中0129;~!\t\n"), max_size=60) | st.builds(
    "https://example.org/{}".format, st.text(max_size=40)
)


@pytest.mark.parametrize(
    ("base", "url", "wanted"),
    [
        ("https://a.example/b/c", "d.png", "https://a.example/b/d.png"),
        ("https://a.example/b/c", "/d", "https://a.example/d"),
        ("https://a.example/b", "//c.example/d", "https://c.example/d"),
        ("", "//c.example/d", "https://c.example/d"),
        ("", "d.png", "d.png"),
        ("https://a.example/", " https://b.example/\n", "https://b.example/"),
        ("https://a.example/", "ht\ntps://b.example/", "https://b.example/"),
        ("https://a.example/", "", ""),
        ("https://a.example/", "http://[::1", ""),
        ("https://a.example/", "x" * 20_000, ""),
        ("https://a.example/", "mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_absolute(base: str, url: str, wanted: str) -> None:
    assert urls.absolute(base, url) == wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://EXAMPLE.org:443/a", "example.org"),
        ("http://user:pw@a.example/", "a.example"),
        ("https://例子.example/", "xn--fsqu00a.example"),
        ("https://a.example./", "a.example"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://[::1]:8/", "[::1]"),
        ("ftp://a.example/", ""),
        ("https:///a", ""),
        ("https://a b/", ""),
        ("a.example", ""),
        ("", ""),
    ],
)
def test_host(url: str, wanted: str) -> None:
    assert urls.host(url) == wanted
    assert urls.is_web(url) == bool(wanted)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://a.example/b c", "https://a.example/b%20c"),
        ("https://a.example/中?q=文#字", "https://a.example/%E4%B8%AD?q=%E6%96%87#%E5%AD%97"),
        ("https://例子.example:8/a", "https://xn--fsqu00a.example:8/a"),
        ("https://[::1]/a[1]", "https://[::1]/a%5B1%5D"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/%41", "https://a.example/%41"),
        ('https://a.example/"<>', "https://a.example/%22%3C%3E"),
        ("https://例 子/", "https://invalid/"),
        ("", ""),
    ],
)
def test_rfc3986(url: str, wanted: str) -> None:
    assert urls.rfc3986(url) == wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://u:p@a.example/b", "https://***@a.example/b"),
        ("https://a.example/?token=1&b=2", "https://a.example/?token=***&b=2"),
        ("https://a.example/?api_key=1&X-Sig=", "https://a.example/?api_key=***&X-Sig="),
        ("https://a.example/\r\nforged", "https://a.example/forged"),
        ("https://a.example/?keyword=1", "https://a.example/?keyword=1"),
    ],
)
def test_redact(url: str, wanted: str) -> None:
    assert urls.redact(url) == wanted


UNTRACKED = {
    "nothing": ("https://a.example/b", "https://a.example/b"),
    "all": ("https://a.example/b?utm_source=x&utm_medium=y", "https://a.example/b"),
    "order and coding stay": (
        "https://a.example/?q=a+b%20c&UTM_Source=x&q=%E4%B8%AD&z",
        "https://a.example/?q=a+b%20c&q=%E4%B8%AD&z",
    ),
    "escaped name": ("https://a.example/?utm%5Fsource=x&b=1", "https://a.example/?b=1"),
    "left-over entity": ("https://a.example/?b=1&amp;c=2&#038;fbclid=x", "https://a.example/?b=1&c=2"),
    "second question mark": ("https://a.example/?utm_source=x?b=1", "https://a.example/?b=1"),
    "only tracking in it": ("https://a.example/?utm_source=x?utm_id=1", "https://a.example/"),
    "empty pair": ("https://a.example/?&utm_id=1", "https://a.example/"),
    "empty pair alone": ("https://a.example/?&b", "https://a.example/?&b"),
    "value, not name": ("https://a.example/?q=utm_source", "https://a.example/?q=utm_source"),
    "content": ("https://a.example/?id=1&ref=main&source=x", "https://a.example/?id=1&ref=main&source=x"),
    "signed": (
        "https://a.example/?Signature=1&Expires=2&utm_id=3",
        "https://a.example/?Signature=1&Expires=2&utm_id=3",
    ),
    "fragment": ("https://a.example/b#utm_source=rss&utm_medium=x", "https://a.example/b"),
    "fragment of use": ("https://a.example/b?gclid=1#part", "https://a.example/b#part"),
    "fragment of a site": ("https://mp.weixin.qq.com/s?__biz=a==&scene=1#rd", "https://mp.weixin.qq.com/s?__biz=a=="),
    "of a site": ("https://www.bbc.co.uk/news/1?at_medium=RSS", "https://www.bbc.co.uk/news/1"),
    "not of another": ("https://a.example/?partner=rss", "https://a.example/?partner=rss"),
    "in a path": (
        "https://www.amazon.co.uk/dp/B0/ref=sr_1_1?keywords=x&th=1",
        "https://www.amazon.co.uk/dp/B0?th=1",
    ),
    "no web address": ("mailto:a@b.example?utm_source=x", "mailto:a@b.example?utm_source=x"),
}  # fmt: skip


@pytest.mark.parametrize(("url", "wanted"), UNTRACKED.values(), ids=UNTRACKED)
def test_without_tracking(url: str, wanted: str) -> None:
    assert urls.without_tracking(url) == wanted


@pytest.mark.parametrize(
    ("globs", "name", "matches"),
    [
        (["a.example"], "a.example", True),
        (["A.example"], "b.a.example", False),
        (["*.example"], "b.a.example", True),
        (["*.example"], "example", False),
        (["www.*"], "www.example", True),
        (["*"], "any", True),
        (["*mid*"], "amidst", True),
        (["*mid*"], "other", False),
        (["i[0-3].example"], "i2.example", True),
        (["i[0-3].example"], "i4.example", False),
        (["a?c"], "abc", True),
        (["a*c", "x"], "abbc", True),
        ([], "a", False),
    ],
)
def test_globs(globs: list[str], name: str, matches: bool) -> None:
    assert urls.Globs(globs).match(name) is matches


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("HTTP://EXAMPLE.org:80/A?utm_id=1#x", "http://example.org/A"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example:8443/?b", "https://a.example:8443/?b"),
        ("https://a.example/#!/p/1", "https://a.example/#!/p/1"),
        ("https://u:p@a.example/", "https://a.example/"),
        ("javascript:alert(1)", ""),
        ("/a", ""),
    ],
)
def test_canonical(url: str, wanted: str) -> None:
    assert urls.canonical(url) == wanted


SAME = [
    ("https://example.org/a", "http://www.example.org/a/"),
    ("https://m.example.org/a", "https://example.org/a#b"),
    ("https://en.m.example.org/a", "https://en.example.org/a"),
    ("https://example.org/a?b=1&c=2", "https://example.org/a?c=2&b=1&ref=x"),
    ("https://example.org/index.html", "https://example.org"),
    ("https://example.org/a/amp/", "https://example.org/a"),
    ("https://example.org/amp/a", "https://amp.example.org/a?amp=1"),
    ("https://example.org/a.amp.html", "https://example.org/a.html"),
    ("https://example.org//a", "https://example.org/a"),
    ("https://example.org/%7ea%2Db", "https://example.org/~a-b"),
    ("https://example.org/%E4%B8%AD", "https://example.org/中"),
    ("https://x.com/u/status/1?s=20", "https://mobile.twitter.com/u/status/1"),
    ("https://example.org/a;jsessionid=1F", "https://example.org/a?PHPSESSID=2"),
    ("https://web.archive.org/web/20200101000000/https://example.org/a", "https://example.org/a"),
    ("https://web.archive.org/web/2020id_/http:/example.org/a", "https://example.org/a"),
]
DIFFERENT = [
    ("https://example.org/a?id=1", "https://example.org/a?id=2"),
    ("https://example.org/A", "https://example.org/a"),
    ("https://example.org/a", "https://example.com/a"),
    ("https://example.org/a", "https://news.example.org/a"),
    ("https://example.org/a", "https://example.org/a/zh-hant/"),
    ("https://example.org/#!/1", "https://example.org/#!/2"),
    ("https://example.org/%2F", "https://example.org/"),
    ("https://example.org/%FF", "https://example.org/%FE"),
    ("https://github.com/o/r?ref=a", "https://github.com/o/r?ref=b"),
    ("https://m.com/a", "https://com/a"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_same_key(a: str, b: str) -> None:
    assert urls.same_key(a) == urls.same_key(b) != ""


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_key(a: str, b: str) -> None:
    assert urls.same_key(a) != urls.same_key(b)


def test_no_key_for_what_is_no_page() -> None:
    assert urls.same_key("mailto:a@b.example") == ""


@given(urlish)
def test_splits_and_joins_back(url: str) -> None:
    assert urls.split(url).join() == url


@example("https://example.org/ #a")
@example("https://example.org/? #a")
@example("https://example.org/?a=1 &utm_source=b")
@given(urlish)
def test_canonical_is_final(url: str) -> None:
    once = urls.canonical(url)
    assert urls.canonical(once) == once


@given(urlish)
def test_nothing_fails(url: str) -> None:
    urls.same_key(url)
    urls.redact(url)
    assert urls.rfc3986(url).isascii()
    assert urls.without_tracking(urls.without_tracking(url)) == urls.without_tracking(url)


@settings(max_examples=300)
@given(st.text(alphabet="/.?#;:ab1@%é\\[]-&=", max_size=12))
def test_the_short_way_from_the_root_is_that_of_the_standard(rest: str) -> None:
    base, url = "https://news.example.org:81/x/y?z#f", f"/{rest}"
    try:
        expected = urljoin(base, url)
    except ValueError:
        expected = ""
    assert urls.absolute(base, url) == expected


@example("1.")
@example("0xf")
@example("0x7f.1.")
@example("xn--a.example")
@given(st.text(alphabet="abAB019fFxXn.-_:@/?#\\%é[]", max_size=14))
def test_the_short_way_to_a_host_is_that_of_the_parser(rest: str) -> None:
    url = f"https://{rest}"
    try:
        expected = ada_url.URL(f"https://{urls.split(url).authority}/").hostname.rstrip(".")
    except ValueError:
        expected = ""
    assert urls.host(url) == expected


@pytest.mark.parametrize(
    ("base", "url", "found"),
    [
        ("https://a.example/x", "www.site.example/x", "https://www.site.example/x"),
        ("http://a.example/x", "www.site.example/x", "http://www.site.example/x"),
        ("", "www.site.example", "https://www.site.example"),
        ("", "WWW.Site.example:8080/x?y#z", "https://WWW.Site.example:8080/x?y#z"),
        ("https://a.example/x/", "www.page.html", "https://a.example/x/www.page.html"),
        ("https://a.example/x/", "wwwimages/1.png", "https://a.example/x/wwwimages/1.png"),
        ("https://a.example/x/", "www.", "https://a.example/x/www."),
        ("https://a.example/x/", "www/site.example", "https://a.example/x/www/site.example"),
    ],
)
def test_a_host_that_begins_with_www_is_an_address(base: str, url: str, found: str) -> None:
    assert urls.absolute(base, url) == found
