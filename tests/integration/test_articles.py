"""Whole texts over HTTP: what is asked of a server, what is stored, what is published."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from aggregator.bootstrap import Application
from tests.integration.conftest import Opener
from tests.integration.loopback import Site
from tests.integration.test_gathering import configured, fetch, item, rss
from tests.quality.article_pages import LAYOUTS, Page, Piece

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
def test_no_page_is_asked_for_without_the_key(
    application: Opener, site: Site, source: str
) -> None:
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


def test_a_page_that_fails_for_now_is_tried_again(
    application: Opener, site: Site, clock: Any
) -> None:
    app = application(whole(site))
    site.pages |= {"/feed": teased(site, 1), "/page/1": page(1)}
    site.statuses["/page/1"] = (503, {})
    fetch(app)
    before = published(app)[0].findtext(f"{ATOM}updated")
    fetch(app)
    assert asked(site, "/page/1") == [503]
    del site.statuses["/page/1"]
    (task,) = app.store.articles_due("s" + "feed", clock() + timedelta(hours=1), 9)
    assert task.tries == 1
    clock.pass_(timedelta(hours=1))
    fetch(app)
    assert asked(site, "/page/1") == [503, 200]
    assert piece(1).paragraphs[0] in contents(app)
    assert published(app)[0].findtext(f"{ATOM}updated") == before
