"""Telling a hub: what it has not heard is told again, ever less often, and outlives a restart."""

import asyncio
import json
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.core.errors import FetchError
from aggregator.websub import Announcer
from tests.fakes import FakeClock

HUB = "https://hub.example.org/"


class FakePoster:
    """Notes the topics it was told of; answers with each status in turn, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.told: list[str] = []
        self.closed = False
        self._statuses = list(statuses)

    async def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
        """Return the next status; 0 breaks the connection off."""
        assert url == HUB
        self.told.append(dict(form)["hub.topic"])
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if not status:
            raise FetchError("the connection broke off")
        return status

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


def test_a_topic_is_told_once(tmp_path: Path) -> None:
    poster = FakePoster(204)
    one = Announcer(HUB, poster, tmp_path / "hub.json", FakeClock())
    assert not one.is_due()
    one.note(["a", "b"])
    assert one.is_due()
    asyncio.run(one.ping())
    asyncio.run(one.ping())
    asyncio.run(one.close())
    assert (poster.told, one.is_due(), poster.closed) == (["a", "b"], False, True)


def test_what_failed_is_told_later_and_less_often(tmp_path: Path) -> None:
    poster, clock = FakePoster(500, 0, 302, 429, 202), FakeClock()
    one = Announcer(HUB, poster, tmp_path / "hub.json", clock)
    one.note(["a"])
    waits: list[int] = []
    asyncio.run(one.ping())
    while not one.is_due() and len(waits) < 1000 and len(poster.told) < 5:
        minutes = 0
        while not one.is_due():
            clock.pass_(timedelta(minutes=1))
            minutes += 1
        waits.append(minutes)
        asyncio.run(one.ping())
    assert waits == [1, 2, 4, 8]
    assert not one.is_due()


def test_a_hub_that_stays_away_is_given_up_until_the_next_edition(tmp_path: Path) -> None:
    poster, clock = FakePoster(0), FakeClock()
    one = Announcer(HUB, poster, tmp_path / "hub.json", clock)
    one.note(["a"])
    for _ in range(30):
        asyncio.run(one.ping())
        clock.pass_(timedelta(hours=6))
    assert len(poster.told) == 12
    one.note(["a"])
    assert one.is_due()


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    path, clock = tmp_path / "hub.json", FakeClock()
    Announcer(HUB, FakePoster(200), path, clock).note(["a"])
    poster = FakePoster(200)
    asyncio.run(Announcer(HUB, poster, path, clock).ping())
    assert poster.told == ["a"]
    assert not Announcer(HUB, poster, path, clock).is_due()


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 1}', '{"a": [1, "never"]}', '{"a": [1]}'])
def test_a_damaged_file_is_passed_over(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hub.json"
    path.write_text(content)
    assert not Announcer(HUB, FakePoster(200), path, FakeClock()).is_due()


def test_an_edition_that_comes_while_telling_is_told_as_well(tmp_path: Path) -> None:
    clock = FakeClock()

    class Slow(FakePoster):
        async def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
            """Let another edition come meanwhile, once."""
            if not self.told:
                clock.pass_(timedelta(seconds=1))
                one.note(["a"])
            return await super().post(url, form)

    poster = Slow(200)
    one = Announcer(HUB, poster, tmp_path / "hub.json", clock)
    one.note(["a"])
    asyncio.run(one.ping())
    assert one.is_due()
    asyncio.run(one.ping())
    assert (poster.told, one.is_due()) == (["a", "a"], False)


def test_a_disk_that_is_full_stops_nothing(tmp_path: Path) -> None:
    poster = FakePoster(200)
    one = Announcer(HUB, poster, tmp_path / "no" / "such" / "folder.json", FakeClock())
    one.note(["a"])
    asyncio.run(one.ping())
    assert poster.told == ["a"]


def test_an_edition_is_owed_before_it_is_written_whatever_fails_after(tmp_path: Path) -> None:
    poster, clock, path = FakePoster(204), FakeClock(), tmp_path / "hub.json"
    one = Announcer(HUB, poster, path, clock)
    one.owe("a")
    assert not one.is_due()  # it is being written
    again = Announcer(HUB, poster, path, clock)  # after a crash
    clock.pass_(timedelta(minutes=1))
    assert again.is_due()
    asyncio.run(again.ping())
    assert poster.told == ["a"]
    assert not Announcer(HUB, poster, path, clock).is_due()


def test_many_threads_owe_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    one = Announcer(HUB, FakePoster(204), tmp_path / "hub.json", FakeClock())
    threads = [threading.Thread(target=one.owe, args=(f"t{n}",)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((tmp_path / "hub.json").read_bytes())) == 50


def test_a_due_time_of_a_wrong_clock_is_not_waited_for(tmp_path: Path) -> None:
    clock = FakeClock()
    clock.pass_(timedelta(days=365))
    Announcer(HUB, FakePoster(204), tmp_path / "hub.json", clock).owe("a")
    clock.pass_(timedelta(days=-365))
    assert Announcer(HUB, FakePoster(204), tmp_path / "hub.json", clock).is_due()
