"""Feeds narrowed by the query of their address."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.core.errors import StoreError
from aggregator.core.model import ShownStory
from aggregator.web import _query, _query_cache
from aggregator.web._query_cache import QueryFeedCache, QueueFull
from aggregator.web._site import published_files
from tests.builders import (
    make_publisher,
    make_shown,
    make_source,
    make_spec,
    make_state,
    make_stored,
)
from tests.fakes import FakeClock
from tests.unit.web.fakes import CONTENT, FakeReader, make_site, visit
from tests.waiting import soon

_ATOM = "{http://www.w3.org/2005/Atom}"
ODD = "a&b"
KNOWN = "s3cret-enough"
URL = "/feeds/merged.atom"


def stories() -> list[ShownStory]:
    b = make_publisher("b.org")
    return [
        make_shown(make_stored(1, title="Talks in Beijing"), make_stored(2, publisher=b)),
        make_shown(make_stored(3, title="北京会谈", language="zh-Hans", categories=("world",))),
        make_shown(make_stored(4, title="Beijing weather", source_id="weather")),
    ]


def titles(folder: Path, query: str, **kw: Any) -> list[str]:
    """Return the titles of the stories of the narrowed feed."""
    site = make_site(folder, *stories(), **kw)
    answer = visit(site).get(f"{URL}?{query}")
    assert answer.status_code == 200
    root = etree.fromstring(answer.content)
    return [str(one.findtext(f"{_ATOM}title")) for one in root.iter(f"{_ATOM}entry")]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("min_publishers=2", ["Talks in Beijing"]),
        ("lang=zh", ["北京会谈"]),
        ("category=World", ["北京会谈"]),
        ("category=sky", ["Beijing weather"]),
        ("category=sky&category=world", ["北京会谈", "Beijing weather"]),
        ("source=weather", ["Beijing weather"]),
        ("q=beijing", ["Talks in Beijing", "Beijing weather"]),
        ("q=beijing+talks", ["Talks in Beijing"]),
        ("q=talks&q=beijing", ["Talks in Beijing"]),
        ("q=/beijing/", ["Talks in Beijing", "Beijing weather"]),
        ("q=beijing&min_publishers=2", ["Talks in Beijing"]),
        ("limit=1", ["Talks in Beijing"]),
        ("limit=9999", ["Talks in Beijing", "北京会谈", "Beijing weather"]),
    ],
)
def test_a_query_narrows_the_feed(tmp_path: Path, query: str, kept: list[str]) -> None:
    sources = (make_source(id="weather", category="sky"),)
    assert titles(tmp_path, query, sources=sources) == kept


def test_the_conditions_of_the_feed_hold_on(tmp_path: Path) -> None:
    assert titles(tmp_path, "q=beijing", feeds=(make_spec(exclude=("weather",)),)) == [
        "Talks in Beijing"
    ]
    assert len(titles(tmp_path, "limit=50", feeds=(make_spec(limit=2),))) == 2


def test_the_self_link_holds_the_query_in_one_order(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, *stories()))
    first = client.get(f"{URL}?q=beijing&min_publishers=1&utm_source=x")
    second = client.get(f"{URL}?min_publishers=1&utm_medium=y&q=beijing")
    assert first.content == second.content
    root = etree.fromstring(first.content)
    links = {str(link.get("rel")): link.get("href") for link in root.findall(f"{_ATOM}link")}
    assert links["self"] == ("http://127.0.0.1:8080/feeds/merged.atom?min_publishers=1&q=beijing")
    assert root.findtext(f"{_ATOM}title") == "Merged news: beijing"


def test_each_query_is_a_feed_of_its_own(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, *stories()))
    ids = {
        etree.fromstring(client.get(f"{URL}?q={word}").content).findtext(f"{_ATOM}id")
        for word in ("a", "b", "c")
    }
    assert len(ids) == 3


def test_the_format_may_be_another(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path, *stories())).get(f"{URL}?format=json")
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    assert len(json.loads(answer.content)["items"]) == 3


def test_what_others_add_to_an_address_is_passed_over(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, *stories()))
    for query in ("utm_source=x", "_=1699", "1699", "fbclid=x", "token=anything", "token=", "&"):
        assert client.get(f"{URL}?{query}").content == CONTENT


def test_a_format_that_is_no_feed_is_not_narrowed(tmp_path: Path) -> None:
    site = make_site(tmp_path, feeds=(make_spec(formats=("dump",)),))
    (tmp_path / "merged.dumps.zip").write_bytes(b"zip")
    client = visit(site)
    assert client.get("/feeds/merged.dumps.zip?_=1").content == b"zip"
    answer = client.get("/feeds/merged.dumps.zip?q=x")
    assert (answer.status_code, "takes no parameters" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("format=exe", "format must be one of atom, rss, json, not “exe”."),
        ("min_publishers=many", "min_publishers must be a number from 1 to 9999, not “many”."),
        ("min_publishers=²", "not “²”."),
        ("min_publishers=0", "not “0”."),
        ("limit=-1", "limit must be a number from 1 to 9999, not “-1”."),
        ("limit=0", "limit must be a number from 1 to 9999, not “0”."),
        ("limit=00", "not “00”."),
        ("limit=99999", "not “99999”."),
        ("limit=5%00", "not “5?”."),
        ("lang=x%20y", "lang must be a language such as zh or zh-Hans, not “x y”."),
        ("lang=zh&lang=!", "not “!”."),
        ("source=nosuch", "There is no source “nosuch”."),
        ("limits=5", "Unknown parameter “limits”; did you mean &#39;limit&#39;?"),
        ("categories=world", "did you mean &#39;category&#39;?"),
        ("x=1&y=2", "Unknown parameter “x”; known: category, lang, source"),
        ("<b>=1", "Unknown parameter “&lt;b&gt;”"),
        ("category=", "category has no value: write category=… or omit it."),
        ("q=%20", "q has no value"),
        ("q", "q has no value"),
        ("q=a+b+c+d+e+f", "q can have at most 5 words."),
        ("q=" + "a" * 101, "The query is too long."),
        ("q=" + "a" * 5000, "The query is too long."),
        ("&".join(f"q={n}" for n in range(11)), "The query is too long."),
        ("format=atom&format=rss", "format is given more than once."),
        ("q=%00%E2%80%8B", "q: an empty word matches everything."),
        ("&".join(f"x={n}" for n in range(60)), "The query is too long."),
        ("q=<script>", None),
    ],
)
def test_a_query_that_makes_no_sense_is_told(
    tmp_path: Path, query: str, problem: str | None
) -> None:
    answer = visit(make_site(tmp_path)).get(f"{URL}?{query}")
    assert answer.status_code == (400 if problem else 200)
    assert (problem or "") in answer.text
    assert "<script>" not in answer.text


@given(st.text(max_size=60))
def test_any_query_is_read_or_told_in_a_sentence(query: str) -> None:
    pairs = parse_qsl(query, keep_blank_values=True)
    told = ""
    try:
        found = _query.parse([*pairs, ("q", query), ("limit", query)])
    except ValueError as error:
        told = str(error)
        found = None
    assert (1 <= found.limit <= 9999) if found else re.fullmatch(r"(?:.+[.?])?", told)


NOBODY = "None of the newest 3 stories fits"


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("category=nosuch", f"{NOBODY} category=nosuch."),
        ("category=nosuch&category=nor%20this", f"{NOBODY} category=nor this or category=nosuch."),
        ("lang=fr", f"{NOBODY} lang=fr."),
        ("min_publishers=3", f"{NOBODY} min_publishers=3."),
        ("q=nothing+beijing", f"{NOBODY} q=nothing."),
        ("lang=fr&q=nothing", f"{NOBODY} lang=fr or q=nothing."),
        ("lang=zh&q=weather", f"{NOBODY} all of it together."),
        ("source=weather&lang=zh", f"{NOBODY} all of it together."),
        ("q=<b>", f"{NOBODY} q=<b>."),
    ],
)
def test_an_empty_feed_says_why(tmp_path: Path, form: str, query: str, why: str) -> None:
    site = make_site(tmp_path, *stories(), sources=(make_source(id="weather", category="sky"),))
    answer = visit(site).get(f"{URL}?{query}&format={form}")
    assert answer.status_code == 200
    if form == "json":
        found = json.loads(answer.content)
        assert (found["items"], found["description"]) == ([], why)
        return
    feed = feedparser.parse(answer.content)
    assert feed.entries == []
    assert unescape(feed.feed.subtitle) == why


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ([], "This feed holds no story yet."),
        (stories()[:1], "The only story does not fit lang=fr."),
    ],
)
def test_a_small_feed_says_why_it_is_empty(
    tmp_path: Path, held: list[ShownStory], why: str
) -> None:
    answer = visit(make_site(tmp_path, *held)).get(f"{URL}?lang=fr&format=json")
    assert json.loads(answer.content)["description"] == why


def test_a_feed_with_stories_says_nothing(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path, *stories())).get(f"{URL}?lang=en&format=json")
    assert "description" not in json.loads(answer.content)


def test_a_source_that_is_gone_may_still_be_asked_for(tmp_path: Path) -> None:
    held = make_shown(make_stored(1, source_id="gone"))
    site = make_site(tmp_path, store=FakeReader(held, states={"gone": make_state()}))
    assert "Headline 1" in visit(site).get(f"{URL}?source=gone").text


def test_a_narrowed_feed_has_validators_and_is_kept_a_while(tmp_path: Path) -> None:
    clock = FakeClock()
    reader = Counting(*stories())
    client = visit(make_site(tmp_path, store=reader, clock=clock))
    first = client.get(f"{URL}?q=beijing")
    assert client.get(f"{URL}?q=beijing").headers["etag"] == first.headers["etag"]
    assert reader.read == 1
    clock.pass_(timedelta(minutes=6))
    held = {"If-Modified-Since": first.headers["last-modified"]}
    assert client.get(f"{URL}?q=beijing", headers=held).status_code == 304
    assert reader.read == 2


def test_a_copy_stays_while_the_store_does_not_change(tmp_path: Path) -> None:
    clock, reader = FakeClock(), Counting(*stories())
    reader.generation_ = "one"
    client = visit(make_site(tmp_path, store=reader, clock=clock))
    for _ in range(5):
        assert client.get(f"{URL}?q=beijing").status_code == 200
        clock.pass_(timedelta(minutes=6))
    assert reader.read == 1
    reader.generation_ = "two"
    client.get(f"{URL}?q=beijing")
    assert reader.read == 2


def test_a_feed_of_recent_stories_is_made_again_although_nothing_changed(tmp_path: Path) -> None:
    clock, reader = FakeClock(), Counting(*stories())
    reader.generation_ = "one"
    spec = make_spec(max_age=timedelta(days=1))
    client = visit(make_site(tmp_path, store=reader, clock=clock, feeds=(spec,)))
    client.get(f"{URL}?q=beijing")
    clock.pass_(timedelta(minutes=6))
    client.get(f"{URL}?q=beijing")
    assert reader.read == 2


def test_an_old_copy_is_served_while_a_new_one_is_made(tmp_path: Path) -> None:
    clock, reader = FakeClock(), Counting(*stories())
    site = make_site(tmp_path, store=reader, clock=clock)
    feed, wanted = published_files(site)["merged.atom"], _query.parse([("limit", "2")])
    assert wanted

    async def ask() -> None:
        cache = QueryFeedCache(site)
        first = await cache.get(feed, wanted)
        clock.pass_(timedelta(seconds=90))
        again = await asyncio.gather(*(cache.get(feed, wanted) for _ in range(100)))
        assert all(one is first for one in again)
        await soon(lambda: reader.read == 2)

    asyncio.run(ask())


def test_a_store_that_fails_leaves_the_copy(tmp_path: Path) -> None:
    clock, reader = FakeClock(), Counting(*stories())
    client = visit(make_site(tmp_path, store=reader, clock=clock))
    first = client.get(f"{URL}?q=beijing")
    reader.fail(StoreError("the database is locked"))
    clock.pass_(timedelta(seconds=90))
    assert client.get(f"{URL}?q=beijing").content == first.content
    clock.pass_(timedelta(hours=1))
    assert client.get(f"{URL}?q=beijing").status_code == 503


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    reader = Counting(*stories())
    client = visit(make_site(tmp_path, store=reader))
    for number in [*range(1, 67), 1]:
        client.get(f"{URL}?limit={number}")
    assert reader.read == 67


class Counting(FakeReader):
    """Counts how often the stories were read."""

    read = 0

    def newest_stories(self) -> Any:
        """Yield the stories."""
        self.read += 1
        return super().newest_stories()


def test_those_who_wait_too_many_are_sent_away(tmp_path: Path) -> None:
    site = make_site(tmp_path, *stories())
    feed = published_files(site)["merged.atom"]

    async def crowd() -> list[Any]:
        cache = QueryFeedCache(site)
        wanted = [_query.parse([("limit", str(number))]) for number in range(1, 15)]
        asked = (cache.get(feed, one) for one in wanted if one)
        return await asyncio.gather(*asked, return_exceptions=True)

    results = asyncio.run(crowd())
    assert [isinstance(one, QueueFull) for one in results] == [False] * 8 + [True] * 6


def test_a_crowd_is_asked_to_come_again(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, *stories()))
    answers = client.crowd(f"{URL}?limit={number}" for number in range(1, 15))
    assert [answer.status_code for answer in answers] == [200] * 8 + [503] * 6
    assert answers[-1].headers["retry-after"] == "30"


def test_many_who_ask_the_same_are_answered_with_one(tmp_path: Path) -> None:
    reader = Counting(*stories())
    site = make_site(tmp_path, store=reader)
    feed = published_files(site)["merged.atom"]
    wanted = _query.parse([("limit", "2")])
    assert wanted

    async def crowd() -> None:
        cache = QueryFeedCache(site)
        await asyncio.gather(*(cache.get(feed, wanted) for _ in range(5)))

    asyncio.run(crowd())
    assert reader.read == 1


@pytest.mark.parametrize("path", [URL, f"{URL}?q=beijing", "/", "/stories/{slug}"])
def test_what_is_private_is_for_those_who_know_the_token(tmp_path: Path, path: str) -> None:
    held = stories()
    specs = (make_spec(token=KNOWN), make_spec(name="open"))
    site = make_site(tmp_path, *held, feeds=specs)
    path = path.format(slug=held[0].story.id)
    client = visit(site)
    joined = "&" if "?" in path else "?"
    refused = 404 if "feeds" in path else 403
    assert client.get(path).status_code == refused
    assert client.get(f"{path}{joined}token=s3cret").status_code == refused
    answer = client.get(f"{path}{joined}token={KNOWN}")
    assert answer.status_code == 200
    if "feeds" in path:
        assert answer.headers["cache-control"] == "private, max-age=300"
        # In the links of what is made for this reader, as in those of what is published.
        links = re.findall(r'http://127[^"<]*', answer.text)
        assert answer.text.count("s3cret") == sum(f"token={KNOWN}" in link for link in links)
        assert [one for one in links if "/stories/" in one and KNOWN not in one] == []


def test_pages_carry_the_token_on_but_do_not_tell_of_private_feeds(tmp_path: Path) -> None:
    site = make_site(tmp_path, *stories(), feeds=(make_spec(token=ODD), make_spec(name="open")))
    page = visit(site).get("/?token=a%26b").text
    assert "?token=a%26b" in page
    assert "merged.atom" not in page
    assert "open.atom" in page


def test_reading_has_a_bound(tmp_path: Path) -> None:
    many = [replace(stories()[0])] * (_query_cache._MAX_STORIES_READ + 50)
    reader = FakeReader(*many)
    client = visit(make_site(tmp_path, store=reader, feeds=(make_spec(limit=5000),)))
    answer = client.get(f"{URL}?format=json")
    assert len(json.loads(answer.content)["items"]) == _query_cache._MAX_STORIES_READ


def test_what_is_kept_has_a_bound_in_bytes(tmp_path: Path) -> None:
    """Feeds of fifteen megabytes: two are kept, and the third one asks the store again."""
    big = make_shown(make_stored(1, html="<p>" + "x" * 15_000_000 + "</p>"))
    reads = 0

    class Counting(FakeReader):
        def newest_stories(self) -> Iterator[ShownStory]:
            nonlocal reads
            reads += 1
            return super().newest_stories()

    client = visit(make_site(tmp_path, store=Counting(big)))
    for word in "abca":
        assert client.get(f"{URL}?lang=en&q=headline&limit={ord(word)}").status_code == 200
    assert reads == 4
    assert client.get(f"{URL}?lang=en&q=headline&limit={ord('a')}").status_code == 200
    assert reads == 4
