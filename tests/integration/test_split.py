"""The link "not the same story" of a published feed, followed as a reader follows it."""

import asyncio
import re
from html import unescape
from urllib.parse import urlsplit

from lxml import etree

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.web import Site, make_app
from tests.integration.conftest import SEEDS, Opener
from tests.unit.web.fakes import Visitor

ATOM = "{http://www.w3.org/2005/Atom}"
CONFIG = (
    f"sources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n"
    "feeds: [{name: merged, title: All, formats: [atom, rss, json], split_links: true}]\n"
)


def entries(app: Application) -> list[etree._Element]:
    """Return the entries of the Atom feed as it is published."""
    return etree.parse(app.folder / "merged.atom").getroot().findall(f"{ATOM}entry")


def links(app: Application) -> list[str]:
    """Return the paths of all links that split."""
    content = "".join(one.findtext(f"{ATOM}content", "") for one in entries(app))
    found = (urlsplit(unescape(one)) for one in re.findall(r'href="([^"]*/split/[^"]*)"', content))
    return [f"{one.path}?{one.query}" for one in found]


def test_a_reader_splits_a_story_of_the_feed(application: Opener) -> None:
    """One link in the feed; agreed to, the next run makes two stories of one, and they stay two."""
    app = application(CONFIG)
    asyncio.run(app.run_once())
    before = (app.folder / "merged.atom").read_bytes()
    asyncio.run(app.run_once(force=True))
    assert (app.folder / "merged.atom").read_bytes() == before
    assert len(entries(app)) == 4
    (path,) = links(app)
    assert (app.config.data / "links.key").stat().st_mode & 0o777 == 0o600
    site = Site(
        store=app.store,
        folder=app.folder,
        feeds=app.config.feeds,
        public_url=app.config.public_url,
        clock=bootstrap.now,
    )
    client = Visitor(make_app(site))
    assert client.get(path).status_code == 200
    assert app.store.decisions() == ()
    for _ in range(2):
        assert client.ask("POST", path, {}).status_code == 200
    assert [one.kind for one in app.store.decisions()] == ["split"]
    for _ in range(2):
        asyncio.run(app.run_once(force=True))
        assert len(entries(app)) == 5
        assert links(app) == []
    assert '<form method="post"' not in client.get(path).text
