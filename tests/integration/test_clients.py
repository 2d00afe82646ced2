"""A reader of everyday use subscribes to the feed as it is served."""

import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from aggregator.core.model import Edition
from aggregator.core.plugins import Plugins
from aggregator.core.settings import DigestSpec, FeedSpec
from aggregator.publish import files
from aggregator.publish.publisher import Publisher
from aggregator.publish.renderers import atom
from aggregator.store import open_store
from aggregator.web import Site, make_app
from tests.builders import at, make_edition, make_entries, make_shown, make_spec, make_stored
from tests.fakes import FakeClock
from tests.stores import gather, group_apart
from tests.unit.web.fakes import FakeReader
from tests.waiting import HUNG

NEWSBOAT = shutil.which("newsboat")


@contextmanager
def serve(folder: Path, *feeds: FeedSpec) -> Iterator[str]:
    """Serve the folder's feeds on a free port of loopback; yield the root address."""
    site = Site(
        store=FakeReader(),
        folder=folder,
        feeds=feeds or (make_spec(),),
        public_url="http://127.0.0.1/",
        clock=FakeClock(),
    )
    settings = uvicorn.Config(
        make_app(site), host="127.0.0.1", port=0, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(HUNG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsboat:
    """The reader with a home of its own."""

    home: Path
    url: str

    def reload(self) -> dict[str, tuple[str, str]]:
        """Ask for the feed; return title and link of all entries by id."""
        (self.home / "urls").write_text(f"{self.url}\n")
        (self.home / "config").write_text("auto-reload no\ndownload-retries 1\n")
        assert NEWSBOAT
        subprocess.run(
            [NEWSBOAT, "-u", "urls", "-C", "config", "-c", "cache.db", "-x", "reload"],
            cwd=self.home,
            check=True,
            timeout=HUNG,
            capture_output=True,
            env={**os.environ, "HOME": str(self.home)},
        )
        with sqlite3.connect(self.home / "cache.db") as cache:
            rows = cache.execute("select guid, title, url from rss_item where deleted = 0")
            found = {guid: (title, url) for guid, title, url in rows.fetchall()}
        cache.close()
        return found


def written(folder: Path, *titles: str) -> Edition:
    """Publish an edition of stories with these titles; story n keeps its id."""
    stories = tuple(
        make_shown(
            make_stored(n, title=title, link=f"https://example.org/世界 {n}?a=1&b=[2]"),
            make_stored(n + 100, published=at(-1)),
        )
        for n, title in enumerate(titles, 1)
    )
    edition = make_edition(*stories)
    files.write(folder / "merged.atom", atom.render(edition))
    return edition


@pytest.mark.skipif(NEWSBOAT is None, reason="newsboat is not installed")
def test_newsboat_takes_every_story_once_and_edits_in_place(tmp_path: Path) -> None:
    feeds, home = tmp_path / "feeds", tmp_path / "home"
    home.mkdir()
    edition = written(feeds, "布林肯会晤习近平", "A & B <b>", "Three")
    with serve(feeds) as root:
        reader = Newsboat(home=home, url=f"{root}/feeds/merged.atom")
        first = reader.reload()
        assert set(first) == {shown.story.id for shown in edition.stories}
        assert {title for title, _ in first.values()} == {"布林肯会晤习近平", "A & B ‹b›", "Three"}
        assert first[edition.stories[0].story.id][1] == (
            "https://example.org/%E4%B8%96%E7%95%8C%201?a=1&b=%5B2%5D"
        )
        assert reader.reload() == reader.reload() == first
        written(feeds, "布林肯会晤习近平（更新）", "A & B <b>", "Three", "Four")
        second = reader.reload()
    assert len(second) == 4
    assert second[edition.stories[0].story.id][0] == "布林肯会晤习近平（更新）"
    for shown in edition.stories[1:]:
        assert second[shown.story.id] == first[shown.story.id]


@pytest.mark.skipif(NEWSBOAT is None, reason="newsboat is not installed")
def test_newsboat_takes_digests_and_ordered_feeds_once(tmp_path: Path) -> None:
    feeds, home = tmp_path / "feeds", tmp_path / "home"
    home.mkdir()
    specs = (
        make_spec(name="daily", title="Daily", digest=DigestSpec()),
        make_spec(name="top", title="Top", order="top", max_age=timedelta(days=300)),
    )
    clock = FakeClock()
    with closing(open_store("sqlite", data=tmp_path, now=clock())) as store:
        publisher = Publisher(
            store=store,
            renderers=Plugins("aggregator.publish.renderers"),
            sources=(),
            feeds=specs,
            folder=feeds,
            public_url="http://127.0.0.1/",
            clock=clock,
        )
        found: dict[str, list[dict[str, tuple[str, str]]]] = {"daily": [], "top": []}
        with serve(feeds, *specs) as root:
            for day in range(3):
                gather(store, *make_entries(range(day * 10, day * 10 + 5)), now=clock())
                group_apart(store, first_published=clock(), updated=clock())
                publisher.run()
                clock.pass_(timedelta(days=1))
                for name, seen in found.items():
                    (home / name).mkdir(exist_ok=True)
                    reader = Newsboat(home=home / name, url=f"{root}/feeds/{name}.atom")
                    seen += [reader.reload(), reader.reload()]
    assert [len(one) for one in found["daily"]] == [0, 0, 1, 1, 2, 2]
    assert {title for title, _ in found["daily"][-1].values()} == {
        "Daily, 3 March 2026",
        "Daily, 4 March 2026",
    }
    assert [len(one) for one in found["top"]] == [5, 5, 10, 10, 15, 15]
