"""Whole texts over HTTP: what is asked of a server, what is stored, what is published."""

import asyncio
import gzip
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from aggregator.bootstrap import Application
from aggregator.core.model import Document
from aggregator.core.ports import Clock
from aggregator.core.report import RunReport
from aggregator.core.settings import FullText
from aggregator.gather.articles.article_gatherer import MAX_WAIT, page_source
from tests.builders import at, make_entry, make_source, make_state
from tests.fakes import FakeClock
from tests.integration.assembled import assembled
from tests.integration.conftest import Opener
from tests.integration.loopback import Site
from tests.integration.test_gathering import configured, fetch, item, rss
from tests.quality.article_pages import LAYOUTS, Piece

ATOM = "{http://www.w3.org/2005/Atom}"
TEASER = "A short teaser of the article that the feed gives, and not a word more."


def piece(n: int) -> Piece:
    return Piece(number=n, lang="en")


def page(n: int, layout: str = "bbc") -> bytes:
    """Return the page of article n."""
    return LAYOUTS[layout](piece(n))[0].encode()


def teased(site: Site, *numbers: int) -> bytes:
    """Return a feed that gives a teaser of each article."""
    return rss(*(item(n, TEASER, title=piece(n).title, link=f"{site.address}/page/{n}", guid=f"g{n}") for n in numbers))  # fmt: skip


def whole(site: Site, *, more: str = "", source: str = "full_text: true") -> str:
    """Return a configuration with one source whose whole texts are fetched."""
    text = configured(site, "/feed", more=f", spacing: 0s{more}")
    return text.replace("/feed'}", f"/feed', {source}}}")


def published(app: Application) -> list[Any]:
    """Return the entries of the published feed."""
    return etree.parse(app.folder / "merged.atom").getroot().findall(f"{ATOM}entry")


def contents(app: Application) -> str:
    return "".join(one.findtext(f"{ATOM}content") or "" for one in published(app))


def asked(site: Site, path: str) -> list[int]:
    """Return the states that requests of a path were answered with."""
    return [status for one, status in site.asked if one == path]


def test_the_whole_text_is_published_and_its_page_is_asked_for_once(
    application: Opener, site: Site
) -> None:
    app = application(whole(site))
    site.pages |= {"/feed": teased(site, 1, 2), "/page/1": page(1), "/page/2": page(2)}
    assert fetch(app).new == 2
    first = [(one.findtext(f"{ATOM}id"), one.findtext(f"{ATOM}updated")) for one in published(app)]
    for n in (1, 2):
        assert all(one in contents(app) for one in piece(n).paragraphs)
        assert not any(one in contents(app) for one in piece(n).others)
    site.pages["/feed"] = teased(site, 1, 2) + b"\n"  # fetched anew, with the same entries
    assert fetch(app).outcome == "unchanged"
    assert asked(site, "/page/1") == asked(site, "/page/2") == [200]
    assert asked(site, "/robots.txt") == [404]
    then = [(one.findtext(f"{ATOM}id"), one.findtext(f"{ATOM}updated")) for one in published(app)]
    assert then == first


def test_a_changed_entry_asks_again_conditionally(application: Opener, site: Site) -> None:
    app = application(whole(site))
    site.pages |= {"/feed": teased(site, 1), "/page/1": page(1)}
    fetch(app)
    site.pages["/feed"] = site.pages["/feed"].replace(TEASER.encode(), b"The bridge is now closed for good, the council said.")  # fmt: skip
    assert fetch(app).modified == 1
    assert asked(site, "/page/1") == [200, 304]
    assert piece(1).paragraphs[0] in contents(app)


@pytest.mark.parametrize(
    "source", ["full_text: false", "category: other", "full_text: {enabled: false}"]
)
def test_no_page_is_asked_for_without_the_key(application: Opener, site: Site, source: str) -> None:
    app = application(whole(site, source=source) + "categories: {world: {full_text: true}}\n")
    site.pages |= {"/feed": teased(site, 1), "/page/1": page(1)}
    assert fetch(app).new == 1
    assert [path for path, _ in site.asked] == ["/feed"]
    assert TEASER in contents(app)


@pytest.mark.parametrize(
    ("robots", "is_allowed"),
    [
        ("User-agent: *\nDisallow: /page/", False),
        ("User-agent: storyfold\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: storyfold\nAllow: /page/", True),
        ("User-agent: *\nDisallow: /other", True),
        ("<html>no such page</html>", True),
        (" ", True),
    ],
)
def test_robots_txt_is_asked_first_and_obeyed(
    application: Opener, site: Site, robots: str, is_allowed: bool
) -> None:
    app = application(whole(site))
    site.pages |= {"/feed": teased(site, 1), "/page/1": page(1), "/robots.txt": robots.encode()}
    assert fetch(app).new == 1
    assert [path for path, _ in site.asked] == ["/feed", "/robots.txt"] + ["/page/1"] * is_allowed
    assert (piece(1).paragraphs[0] in contents(app)) == is_allowed
    assert (TEASER in contents(app)) == (not is_allowed)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, {}),
        (403, {}),
        (503, {}),
        (302, {"Location": "/page/1"}),
        (302, {"Location": "http://10.0.0.1/secret"}),
        (302, {"Location": "http://[::1]:1/"}),
        (302, {"Location": "/"}),
        (200, {"Content-Type": "application/pdf"}),
        (200, {"Content-Length": "100000000"}),
    ],
)
def test_a_page_that_fails_costs_the_text_not_the_entry(
    application: Opener, site: Site, status: int, headers: dict[str, str]
) -> None:
    app = application(whole(site, more=", max_size: 1MB"))
    site.pages |= {"/feed": teased(site, 1, 2), "/page/1": page(1), "/page/2": page(2)}
    site.pages["/"] = page(3)
    site.statuses["/page/1"] = (status, headers)
    assert fetch(app).new == 2
    assert len(published(app)) == 2
    assert TEASER in contents(app)
    assert piece(2).paragraphs[0] in contents(app)


async def _run(app: Application, clock: Clock, max_wait: timedelta) -> RunReport:
    async with assembled(app, clock) as made:
        assert made.articles is not None
        pipeline = replace(made, articles=replace(made.articles, max_wait=max_wait))
        return await pipeline.run(app.pick(()))


def run_at(app: Application, clock: Clock, max_wait: timedelta = MAX_WAIT) -> RunReport:
    """Run once at the time of a clock."""
    return asyncio.run(_run(app, clock, max_wait))


@pytest.mark.parametrize("status", [503, 429, 500])
def test_a_page_that_fails_for_now_is_tried_again(
    application: Opener, site: Site, status: int
) -> None:
    app, clock = application(whole(site)), FakeClock()
    site.pages |= {"/feed": teased(site, 1), "/page/1": page(1)}
    site.statuses["/page/1"] = (status, {})
    for _ in range(2):  # not again at once
        run_at(app, clock)
        assert asked(site, "/page/1") == [status]
        clock.pass_(timedelta(minutes=5))
    before = published(app)[0].findtext(f"{ATOM}updated")
    del site.statuses["/page/1"]
    clock.pass_(timedelta(minutes=10))
    run_at(app, clock)
    assert asked(site, "/page/1") == [status, 200]
    assert piece(1).paragraphs[0] in contents(app)
    assert published(app)[0].findtext(f"{ATOM}updated") == before


def test_a_page_that_always_fails_is_given_up(application: Opener, site: Site) -> None:
    app, clock = application(whole(site)), FakeClock()
    site.pages["/feed"] = teased(site, 1)
    site.statuses["/page/1"] = (503, {})
    for _ in range(9):
        run_at(app, clock)
        clock.pass_(timedelta(days=1))
    assert len(asked(site, "/page/1")) == 4
    assert TEASER in contents(app)


def test_grouping_waits_for_a_slow_page_no_longer_than_it_may(
    application: Opener, site: Site
) -> None:
    app, clock = application(whole(site)), FakeClock()
    site.pages |= {"/feed": teased(site, 1, 2), "/page/1": page(1), "/page/2": page(2)}
    site.hanging.add("/page/1")
    run_at(app, clock, max_wait=timedelta(seconds=2))
    assert len(published(app)) == 2
    assert piece(2).paragraphs[0] in contents(app)
    assert TEASER in contents(app)
    site.hanging.clear()
    site.ended.set()
    run_at(app, clock)
    assert all(piece(n).paragraphs[0] in contents(app) for n in (1, 2))


def test_an_entry_that_waits_is_not_grouped_before_a_minute(
    application: Opener, site: Site
) -> None:
    """A run that is killed while it fetches a page costs the entry a minute."""
    app, clock = application(whole(site)), FakeClock()
    site.pages["/feed"] = teased(site, 1)
    source, state = app.config.sources[0], make_state()
    app.store.save_gathered(source, [make_entry(1)], state, now=clock(), initial=None)
    assert app.store.ungrouped(9, clock()) == ()
    assert app.store.ungrouped(9, clock() + timedelta(seconds=61)) != ()
    assert app.store.sources_with_articles_due(clock()) == {source.identity}


def test_requests_to_one_host_are_spaced(application: Opener, site: Site) -> None:
    """Pages, robots.txt and feeds share the pause between two requests to a host."""
    site.address = site.address.replace("127.0.0.1", "localhost")  # by name it is no own server
    text = whole(site).replace("spacing: 0s", "spacing: 400ms")
    app = application(text.replace("[127.0.0.1]", '[127.0.0.1, "::1"]'))
    site.pages |= {"/feed": teased(site, 1, 2, 3)} | {f"/page/{n}": page(n) for n in (1, 2, 3)}
    fetch(app)
    assert [path for path, _ in site.asked][:2] == ["/feed", "/robots.txt"]
    assert {path for path, _ in site.asked[2:]} == {"/page/1", "/page/2", "/page/3"}
    assert site.times[-1] - site.times[0] >= 3 * 0.4  # four pauses, the first answer may be late


def test_a_secret_header_goes_to_the_source_s_own_host_only() -> None:
    source = make_source(
        url="https://a.example/feed", headers=(("Authorization", "x"), ("Accept", "y"))
    )
    own = page_source(source, "https://a.example/1", FullText())
    other = page_source(source, "https://b.example/1", FullText())
    assert own.headers == source.headers
    assert [name for name, _ in other.headers] == ["Accept"]


def test_an_undated_entry_gets_the_date_of_its_article(application: Opener, site: Site) -> None:
    app = application(whole(site))
    dated = teased(site, 1)
    site.pages["/feed"] = re.sub(rb"<pubDate>.*?</pubDate>", b"", dated)
    site.pages["/page/1"] = page(1)
    fetch(app)
    (entry,) = published(app)
    assert entry.findtext(f"{ATOM}published") == piece(1).date.isoformat()
    assert entry.find(f"{ATOM}author/{ATOM}name").text == piece(1).author


def test_the_text_goes_when_the_page_no_longer_has_it(application: Opener, site: Site) -> None:
    app = application(whole(site))
    site.pages |= {"/feed": teased(site, 1), "/page/1": page(1)}
    fetch(app)
    site.statuses["/page/1"] = (404, {})
    new = "The bridge is now closed for good, the council said."
    site.pages["/feed"] = site.pages["/feed"].replace(TEASER.encode(), new.encode())
    fetch(app)
    assert new in contents(app)
    assert piece(1).paragraphs[0] not in contents(app)


async def _push(app: Application, document: Document) -> list[str]:
    """Take a pushed document, then fetch what is due; return what the feed holds after each."""
    async with assembled(app, FakeClock()) as pipeline:
        await pipeline.take([(app.config.sources[0], document)])
        found = [contents(app)]
        for _ in range(2):
            await pipeline.fetch_articles(busy=["another"])
            found.append(contents(app))
        assert not await pipeline.fetch_articles()
    return found


def test_pages_of_pushed_entries_are_fetched_by_the_next_tick(
    application: Opener, site: Site
) -> None:
    app = application(whole(site))
    site.pages["/page/1"] = page(1)
    document = Document(name="pushed", content=teased(site, 1))
    before, after, last = asyncio.run(_push(app, document))
    assert before == ""  # the entry waits for its text
    assert piece(1).paragraphs[0] in after == last
    assert asked(site, "/page/1") == [200]


def test_a_source_that_is_busy_is_left_to_its_run(application: Opener, site: Site) -> None:
    app = application(whole(site))
    source, state = app.config.sources[0], make_state()
    entry = make_entry(1, link=f"{site.address}/page/1")
    app.store.save_gathered(source, [entry], state, now=FakeClock()(), initial=None)

    async def _tick() -> bool:
        async with app.pipeline() as pipeline:
            return await pipeline.fetch_articles(busy=[source.id])

    assert not asyncio.run(_tick())
    assert site.asked == []


@pytest.mark.parametrize("size", [100_000_000, 3_000_000])
def test_a_compressed_bomb_is_stopped_at_the_limit(
    application: Opener, site: Site, size: int
) -> None:
    app = application(whole(site, more=", max_size: 2MB"))
    bomb = gzip.compress(b"<p>" + b" " * size, 1)
    site.pages |= {"/feed": teased(site, 1), "/page/1": bomb}
    site.statuses["/page/1"] = (200, {"Content-Encoding": "gzip"})
    assert fetch(app).new == 1
    assert TEASER in contents(app)
    assert app.store.articles_due("sfeed", at(days=9999), 9) == ()  # it is not tried again


def test_a_page_that_drips_ends_at_its_deadline(application: Opener, site: Site) -> None:
    app = application(whole(site, source="full_text: {timeout: 1s}"))
    site.pages |= {"/feed": teased(site, 1), "/page/1": page(1)}
    site.hanging.add("/page/1")
    assert fetch(app).new == 1
    assert TEASER in contents(app)
