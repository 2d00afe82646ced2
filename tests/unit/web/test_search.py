"""The search as a page and as a feed."""

from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import feedparser
import pytest
from lxml import html

from aggregator.store import SqlStore, open_store
from aggregator.web._access import FORM_POLICY
from tests.builders import (
    NOW,
    at,
    make_entry,
    make_grouping,
    make_key,
    make_publisher,
    make_spec,
    make_story,
)
from tests.stores import gather, group_apart
from tests.unit.web.fakes import BROKEN, Visitor, make_site, visit

SECRET = "s&cret"  # noqa: S105  made up
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """Open a store of fifty stories; one has two reports."""
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as one:
        ferry = make_entry(
            70,
            title="Ferry sinks",
            text=f"The ferry of {HOSTILE} sank.",
            publisher=make_publisher("b.org"),
        )
        gather(
            one,
            *(make_entry(n, published=at(n, days=-9)) for n in range(60)),
            ferry,
            make_entry(71, title="渡轮沉没", language="zh-Hans"),
        )
        one.save_grouping(make_grouping(make_story(make_key(70), make_key(1))))
        group_apart(one)
        while one.index(100, 600):
            pass
        yield one


@pytest.fixture
def client(store: SqlStore, tmp_path: Path) -> Visitor:
    """Return somebody who asks a site over that store."""
    return visit(make_site(tmp_path, store=store))


def page(client: Visitor, query: str) -> Any:
    """Return a page of the search."""
    answer = client.get(f"/search?{query}")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == FORM_POLICY
    return html.fromstring(answer.text)


def titles(found: Any) -> list[str]:
    """Return the titles that a page lists."""
    return list(found.xpath("//ol[@class='stories']//h2/a/text()"))


def test_the_page_has_a_form(client: Visitor) -> None:
    found = page(client, "")
    assert found.xpath("//form/@action") == ["/search"]
    assert found.xpath("//form//input/@name") == ["q", "publisher", "lang", "day"]
    assert not titles(found)


def test_it_lists_what_is_found(client: Visitor) -> None:
    found = page(client, "q=ferry&publisher=&lang=&day=")
    assert titles(found) == ["Ferry sinks"]
    assert found.xpath("//*[@class='count']/text()") == ["2 publishers"]
    assert found.xpath("//*[@class='chip']/bdi/text()") == ["B.Org"]
    assert "<script>alert(1)" in found.xpath("//p[@class='excerpt']")[0].text
    assert not found.xpath("//script | //img")
    assert titles(page(client, "q=%E6%B8%A1%E8%BC%AA")) == ["渡轮沉没"]  # in the other script
    assert "Nothing was found." in page(client, "q=nothing").text_content()


def test_its_pages_follow_each_other(client: Visitor) -> None:
    query, seen = "q=headline", list[str]()
    while query:
        found = page(client, query)
        seen += titles(found)
        query = next((urlsplit(one).query for one in found.xpath("//a[@rel='next']/@href")), "")
    assert seen == [f"Headline {n}" for n in reversed(range(60))]


def test_what_was_asked_stands_in_the_form(client: Visitor) -> None:
    found = page(client, f"q={quote(HOSTILE)}&since=2026-01-01")
    assert found.xpath("//input[@name='q']/@value") == [HOSTILE]
    assert found.xpath("//input[@name='since']/@value") == ["2026-01-01"]
    assert not found.xpath("//script | //img")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("q=%21%3F", "q needs a word"),
        ("q=-ferry", "q needs a word"),
        ("q=%00", "q needs a word"),
        ("q=%FF%FE%C0", "q needs a word"),
        ("q=" + "x" * 201, "at most 200 characters"),
        ("q=" + "x" * 501, "at most 500 characters"),
        ("q=" + "x" * 5000, "too long"),
        ("q=" + "%20".join("abcdefghijklmn"), "at most 12 words"),
        ("q=a*", "two characters before"),
        ("q=ab*+cd*+ef*+gh*", "at most 3 words"),
        ("q=x&q=y", "more than once"),
        ("q=x&publishe=y", "did you mean"),
        ("q=x&lang=%3F", "lang must be"),
        ("q=x&lang=" + "z" * 101, "lang must be"),
        ("q=x&day=2026-02-30", "day must be"),
        ("q=x&day=9999-12-31", "day must be"),
        ("q=x&until=tomorrow", "until must be"),
        ("q=x&before=-1", "before must be"),
        ("q=x&before=" + "9" * 19, "before must be"),
        ("q=x&before=%D9%A1", "before must be"),
        ("q=x&format=exe", "format must be"),
        ("format=atom", "q needs a word"),
        ("&".join(f"a{n}=1" for n in range(60)), "too long"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    client: Visitor, query: str, problem: str
) -> None:
    answer = client.get(f"/search?{query}")
    assert answer.status_code == 400
    assert problem in unescape(answer.text)


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE entry; --", '" OR 1=1', "a* NEAR b*", "title:ferry", "^ferry", "{a b}: c", "a AND NOT b",
        "\\", "%", "_", "a'b", 'a"b', "a:*", "a & b | !c", "<->", "\ud7ff", "𠀀𠀁", "ﷺ", "e" + "\u0301" * 150, "的" * 200,
        "(" * 190 + "a", '"' * 151 + "a", "-" * 100 + " a",
    ],
)  # fmt: skip
def test_no_query_breaks_the_search(client: Visitor, query: str) -> None:
    for form in ("", "&format=json"):
        assert client.get(f"/search?q={quote(query)}{form}").status_code in {200, 400}
    assert titles(page(client, "q=ferry")) == ["Ferry sinks"]


@pytest.mark.parametrize(
    ("format_", "kind"),
    [("atom", "application/atom+xml"), ("rss", "application/rss+xml"), ("json", "application/feed+json")],
)  # fmt: skip
def test_results_are_a_feed(client: Visitor, format_: str, kind: str) -> None:
    path = f"/search?q=ferry&format={format_}"
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert "Ferry sinks" in answer.text
    assert "http://127.0.0.1:8080/search?format=" in answer.text.replace("&amp;", "&")
    assert client.get(path, {"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_reader_takes_the_feed(client: Visitor) -> None:
    (link,) = page(client, "q=headline").xpath(
        "//link[@rel='alternate' and @title='headline']/@href"
    )
    parsed = feedparser.parse(client.get(link).content)
    assert not parsed.bozo
    assert parsed.feed.title == "Search: headline"
    assert len(parsed.entries) == 50
    assert len({one.id for one in parsed.entries}) == 50
    empty = feedparser.parse(client.get("/search?q=nothing&format=atom").content)
    assert empty.feed.subtitle == "Nothing was found."


def test_it_is_private_with_the_pages(store: SqlStore, tmp_path: Path) -> None:
    site = make_site(
        tmp_path, store=store, feeds=(make_spec(), make_spec(name="own", token=SECRET))
    )
    client = visit(site)
    assert client.get("/search?q=ferry").status_code == 403
    assert client.get("/search?q=ferry&format=atom").status_code == 403
    found = page(client, "q=ferry&token=s%26cret")
    assert found.xpath("//input[@name='token']/@value") == ["s&cret"]
    (feed,) = found.xpath("//link[@title='ferry']/@href")
    assert parse_qs(urlsplit(feed).query) == {
        "q": ["ferry"],
        "format": ["atom"],
        "token": ["s&cret"],
    }
    assert "token=s%26cret" in client.get(feed).text
    (story,) = found.xpath("//ol//h2/a/@href")
    assert story.endswith("?token=s%26cret")


def test_the_token_of_nobody_is_not_repeated(client: Visitor) -> None:
    assert "secret" not in client.get("/search?q=ferry&token=secret").text


def test_it_can_be_turned_off(store: SqlStore, tmp_path: Path) -> None:
    assert visit(make_site(tmp_path, store=store, search=False)).get("/search").status_code == 404


def test_what_is_not_indexed_is_said(store: SqlStore, client: Visitor) -> None:
    gather(store, make_entry(90))
    assert "1 entry is not indexed yet" in page(client, "q=ferry").text_content()


def test_a_store_that_fails_is_said(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path, store=BROKEN)).get("/search?q=ferry")
    assert answer.status_code == 503


def test_too_many_at_once_are_told_to_come_back(client: Visitor) -> None:
    answers = client.crowd([f"/search?q=headline+{n}" for n in range(60)])
    assert {one.status_code for one in answers} <= {200, 503}
    assert sum(one.status_code == 200 for one in answers) >= 2
    assert all("retry-after" in one.headers for one in answers if one.status_code == 503)
