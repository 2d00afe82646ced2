"""The health feed tells what happened to the service and its sources, and keeps it over a restart."""

import asyncio
import dataclasses
from pathlib import Path
from xml.etree import ElementTree as ET

from aggregator.bootstrap import Application
from aggregator.core.threads import StoreThread
from aggregator.daemon.health_watch import HealthWatch
from aggregator.publish import health_feed
from aggregator.web.monitor import Monitor
from tests.builders import NOW, make_state
from tests.fakes import FakeClock
from tests.integration.conftest import Opener

ATOM = "{http://www.w3.org/2005/Atom}"
CONFIG = "health_feed: true\nsources: [{id: news, url: 'https://news.example/feed'}]\n"


class Watched:
    """A watch whose clock, disk and monitor are in our hands."""

    def __init__(self, app: Application) -> None:
        self.app, self.clock, self.monitor = app, FakeClock(), Monitor()
        self.free = 10**9

    def look(self, times: int = 1) -> list[str]:
        """Look in a process of its own, as after a restart; return the titles, oldest first."""

        async def run() -> None:
            thread = StoreThread()
            watch = HealthWatch(
                self.app.config,
                self.app.store,
                monitor=self.monitor,
                thread=thread,
                clock=self.clock,
                free_bytes=lambda _: self.free,
            )
            for _ in range(times):
                await watch.look()
            thread.close()

        asyncio.run(run())
        return [title for title, _ in reversed(self.entries())]

    def entries(self) -> list[tuple[str, str]]:
        """Return the titles and ids of the published entries, newest first."""
        path = self.app.config.data / health_feed.FILE
        if not path.exists():
            return []
        feed = ET.fromstring(path.read_bytes())  # noqa: S314  ours
        return [
            (entry.findtext(f"{ATOM}title") or "", entry.findtext(f"{ATOM}id") or "")
            for entry in feed.iter(f"{ATOM}entry")
        ]


def test_what_goes_wrong_is_told_once_and_what_is_well_again(application: Opener) -> None:
    watched = Watched(application(CONFIG))
    assert watched.look() == []
    watched.free = 10**6
    assert watched.look(3) == ["The disk is nearly full"]
    watched.free = 250 * 10**6
    assert len(watched.look()) == 1
    watched.free, watched.monitor.config_is_faulty = 10**9, True
    assert watched.look()[1:] == [
        "The disk has room again",
        "The configuration file is faulty",
    ]
    watched.monitor.config_is_faulty = False
    watched.monitor.record_backup("no space left")
    assert watched.look()[3:] == ["A backup has failed", "The configuration file is in order again"]
    watched.monitor.record_backup("")
    watched.monitor.network_is_down = True
    assert watched.look()[5:] == [
        "A backup was made again",
        "Network unreachable: no source answers",
    ]
    watched.monitor.network_is_down = False
    assert watched.look()[7:] == ["Over: network unreachable: no source answers"]


def test_ids_stay_and_sources_are_compared_over_a_restart(application: Opener) -> None:
    app = application(CONFIG)
    watched = Watched(app)
    state = make_state(url="https://news.example/feed")
    app.store.save_states({"news": state})
    watched.look()
    app.store.save_states({"news": dataclasses.replace(state, gone=True, error="410")})
    assert watched.look() == ["Source news was taken down for good"]
    before = watched.entries()
    app.store.save_states({"news": state})
    assert watched.look()[1:] == ["Source news works again"]
    assert watched.entries()[1:] == before


def test_nothing_is_written_unless_it_is_wanted(application: Opener) -> None:
    watched = Watched(application("sources: []\n"))
    watched.free = 0
    watched.look()
    assert not list(watched.app.config.data.glob("health.*"))


def test_it_is_published_as_soon_as_that_is_possible_again(application: Opener) -> None:
    watched = Watched(application(CONFIG))
    hurdle = watched.app.config.data / "health.json"
    hurdle.mkdir()
    watched.free = 0
    assert watched.look() == []
    hurdle.rmdir()
    assert watched.look() == ["The disk is nearly full"]


def test_a_damaged_record_begins_anew(application: Opener) -> None:
    watched = Watched(application(CONFIG))
    path: Path = watched.app.config.data / "health.json"
    path.write_bytes(b"\xff{")
    assert watched.look() == []
    assert path.read_bytes()[:1] == b"{"
    assert str(NOW.year) in (watched.app.config.data / health_feed.FILE).read_text("utf-8")
