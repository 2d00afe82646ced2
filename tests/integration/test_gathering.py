"""Fetch after fetch: what is new once, what is shown newest, what enters the feed."""

import asyncio
from html import escape
from typing import Any

import pytest
from lxml import etree

from aggregator.core.report import SourceReport
from tests.integration.conftest import Opener
from tests.integration.loopback import Site

ATOM = "{http://www.w3.org/2005/Atom}"
FOOTER = "<p>Read more from our desk in the daily letter, which comes each morning at seven.</p>"
DAM = (
    "The dam of the Green Stone reservoir has a crack twelve metres long, the office of the "
    "reservoir said on Monday evening, and twenty thousand people in three towns were told to leave."
)


def item(
    n: int, text: str, *, title: str = "", link: str = "https://news.example/", **kw: str
) -> str:
    """Return item n of a feed, of day n of a month."""
    named = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in kw.items())
    heading = f"<title>{escape(title)}</title>" if title else ""
    return (
        f"<item>{heading}<link>{link}</link><pubDate>{n % 28 + 1:02} Feb 2026 06:00:00 GMT</pubDate>"
        f"<description>{escape(text)}</description>{named}</item>"
    )


def rss(*items: str) -> bytes:
    """Return a feed of these items."""
    head = "<title>News</title><link>https://news.example/</link>"
    return f'<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def fetch(app: Any, source: str = "") -> SourceReport:
    """Run once; return the report of a source, the first if none is named."""
    report = asyncio.run(app.run_once())
    found: SourceReport = next(one for one in report.sources if source in one.id)
    return found


def configured(site: Site, *paths: str, more: str = "") -> str:
    """Return a configuration with a source for each path."""
    sources = ", ".join(f"{{id: s{path[1:]}, url: '{site.address}{path}'}}" for path in paths)
    return f"fetch: {{allow_private: [127.0.0.1]{more}}}\nsources: [{sources}]\n"


def sold(n: int) -> str:
    """Return a text of its own, with the footer of all."""
    colour = ("red", "green", "blue", "grey")[n % 4]
    return f"<p>A {colour} house with the number {n * 37} was sold to a buyer from town {n}.</p>{FOOTER}"


def test_a_learned_footer_makes_nothing_new(application: Opener, site: Site) -> None:
    app = application(configured(site, "/a"))
    found = []
    for count in (12, 12, 13, 13):
        site.pages["/a"] = rss(*(item(n, sold(n)) for n in range(count)))
        report = fetch(app)
        found.append((report.new, report.modified))
    assert found == [(12, 0), (0, 0), (1, 0), (0, 0)]
    assert app.store.learned_blocks()


@pytest.mark.parametrize(
    ("before", "after", "modified"),
    [
        pytest.param("<p>3 dead.</p>", "<p>52 dead.</p>", 1, id="a number"),
        pytest.param(f"<p>{DAM}</p><p>Go</p>", f"<p>{DAM}</p><p>Stay</p>", 1, id="a short block"),
        pytest.param(f"<p>{DAM} … 12 views</p>", f"<p>{DAM} … 13 views</p>", 0, id="a counter"),
        pytest.param(
            '<p>a</p><img src="https://i.example/a.png">',
            '<p>a</p><img src="https://i.example/b.png">',
            0,
            id="an image",
        ),
    ],
)
def test_the_newest_is_shown(
    application: Opener, site: Site, before: str, after: str, modified: int
) -> None:
    app = application(configured(site, "/a"))
    seen = []
    for text in (before, after):
        site.pages["/a"] = rss(item(1, text, title="Report", guid="g"))
        report = fetch(app)
        root = etree.parse(app.folder / "merged.atom").getroot()
        (entry,) = root.findall(f"{ATOM}entry")
        seen.append((entry.findtext(f"{ATOM}content", ""), entry.findtext(f"{ATOM}updated")))
    assert report.modified == modified
    assert report.outcome == ("ok" if modified else "unchanged")
    assert seen[0][0] != seen[1][0]
    assert (seen[0][1] != seen[1][1]) is bool(modified)
    assert fetch(app).outcome == "unchanged"


def test_a_story_that_a_hidden_entry_founded_enters_when_it_is_shown(
    application: Opener, site: Site
) -> None:
    """It stands first in the feed then, as what was published last."""
    app = application(configured(site, "/old", "/new", more=", initial: 1"))
    others = [
        item(
            n,
            f"Something else happened on day {n} in town {n * 17}.",
            title=f"Other {n}",
            guid=f"o{n}",
        )
        for n in (8, 9)
    ]
    hidden = item(7, DAM, title="Crack in the dam of the Green Stone reservoir", guid="dam")
    site.pages["/old"] = rss(*others, hidden)
    site.pages["/new"] = rss(others[0])
    fetch(app)
    feed = app.folder / "merged.atom"
    assert "Green Stone" not in feed.read_text()
    report = item(
        7,
        DAM,
        title="Crack in the dam of the Green Stone reservoir",
        guid="d",
        link="https://x.example/dam",
    )
    site.pages["/new"] = rss(report, others[0])
    assert fetch(app, "new").new == 1
    first = etree.parse(feed).getroot().find(f"{ATOM}entry")
    assert first is not None
    assert "Green Stone" in first.findtext(f"{ATOM}title", "")
    assert len(app.store.stories([first.findtext(f"{ATOM}id", "")])[0].entries) == 2
