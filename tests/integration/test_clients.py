"""A reader of everyday use subscribes to the feed as it is served."""

import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from aggregator.core.model import Edition
from aggregator.publish import files
from aggregator.publish.renderers import atom
from aggregator.web import Site, make_app
from tests.builders import at, make_edition, make_shown, make_spec, make_stored
from tests.fakes import FakeClock
from tests.unit.web.fakes import FakeReader
from tests.waiting import HUNG

NEWSBOAT = shutil.which("newsboat")


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve the folder's feeds on a free port of loopback; yield the root address."""
    site = Site(
        store=FakeReader(),
        folder=folder,
        feeds=(make_spec(),),
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
