"""A hub on loopback is told of editions that changed."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from aggregator.errors import FetchError, Timeout
from aggregator.fetchers import open_poster
from aggregator.settings import FetchSettings
from tests.integration.conftest import SEEDS, Opener
from tests.integration.hub import Hub, open_hub

FEEDS = "http://127.0.0.1:8080/feeds"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Run a hub."""
    with open_hub() as one:
        yield one


def configured(hub: Hub) -> str:
    """Return a configuration that names the hub."""
    return (
        f"websub: {{hub: '{hub.address}'}}\n"
        "fetch: {allow_private: [127.0.0.1], timeout: 2s}\n"
        f"sources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n"
        "feeds: [{name: merged, formats: [atom, json]}, {name: own, token: secret-token-of-many-letters}]\n"
    )


def test_a_hub_is_told_of_what_changed(application: Opener, hub: Hub) -> None:
    app = application(configured(hub))
    asyncio.run(app.run_once())
    assert sorted(hub.told) == [f"{FEEDS}/merged.atom", f"{FEEDS}/merged.json"]
    link = f'<link rel="hub" href="{hub.address}"/>'
    assert link in (app.folder / "merged.atom").read_text("utf-8")
    assert 'rel="hub"' not in (app.folder / "own.atom").read_text("utf-8")
    named = json.loads((app.folder / "merged.json").read_bytes())["hubs"]
    assert named == [{"type": "WebSub", "url": hub.address}]
    asyncio.run(app.run_once(force=True))
    assert len(hub.told) == 2


def test_a_hub_that_is_down_stops_nothing_and_is_told_later(application: Opener, hub: Hub) -> None:
    hub.status = 503
    app = application(configured(hub))
    assert asyncio.run(app.run_once()).written
    left = json.loads((app.config.data / "websub.json").read_bytes())
    assert {topic: tries for topic, (tries, _) in left.items()} == {
        f"{FEEDS}/merged.atom": 1,
        f"{FEEDS}/merged.json": 1,
    }


def test_a_hub_that_hangs_holds_up_no_edition(application: Opener, hub: Hub) -> None:
    hub.hangs = True
    app = application(configured(hub))
    started = time.monotonic()
    assert asyncio.run(app.run_once()).written
    assert time.monotonic() - started < 9


@pytest.mark.parametrize("status", [202, 307, 500])
def test_a_form_is_sent_and_the_status_returned(hub: Hub, status: int) -> None:
    hub.status = status

    async def send() -> int:
        poster = open_poster(FetchSettings(allow_private=("127.0.0.1",)))
        try:
            form = (("hub.mode", "publish"), ("hub.topic", "t"), ("hub.url", "t"))
            return await poster.post(hub.address, form)
        finally:
            await poster.close()

    assert asyncio.run(send()) == status


def test_private_addresses_are_guarded(hub: Hub) -> None:
    async def send() -> int:
        poster = open_poster(FetchSettings())
        try:
            return await poster.post(hub.address, ())
        finally:
            await poster.close()

    with pytest.raises(FetchError):
        asyncio.run(send())
    assert hub.told == []


def test_a_deadline_holds(hub: Hub) -> None:
    hub.hangs = True

    async def send() -> int:
        poster = open_poster(
            FetchSettings(allow_private=("127.0.0.1",), timeout=timedelta(seconds=0.3))
        )
        try:
            form = (("hub.mode", "publish"), ("hub.topic", "t"), ("hub.url", "t"))
            return await poster.post(hub.address, form)
        finally:
            await poster.close()

    with pytest.raises(Timeout):
        asyncio.run(send())
