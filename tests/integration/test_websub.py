"""A hub on loopback is told of editions that changed."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from aggregator.bootstrap import now
from aggregator.core.errors import BlockedAddress, FetchError, StoreError, Timeout
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers import open_poster, why_unreachable
from aggregator.publish.publisher import Publication
from aggregator.store.upkeep import Upkeep
from tests.integration.conftest import SEEDS, Opener
from tests.integration.hub import Hub, open_hub
from tests.waiting import HUNG

FEEDS = "http://127.0.0.1:8080/feeds"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Run a hub."""
    with open_hub() as one:
        yield one


def configured(hub: Hub, timeout: str = "10m") -> str:
    """Return a configuration that names the hub."""
    return (
        f"websub: {{hub: '{hub.address}'}}\n"
        f"fetch: {{allow_private: [127.0.0.1], timeout: {timeout}}}\n"
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
    app = application(configured(hub, "2s"))
    assert asyncio.run(asyncio.wait_for(app.run_once(), HUNG)).written
    assert not hub.ended.is_set()


class FailingUpkeep(Upkeep):
    """Fails after an edition is written, as a full disk does."""

    def forget(self, published: Publication) -> None:
        """Fail."""
        raise StoreError(f"no space left after {published.written}")


def test_an_edition_is_announced_although_the_run_fails_after_it(
    application: Opener, hub: Hub
) -> None:
    app = application(configured(hub))

    async def run() -> None:
        async with app.pipeline() as pipeline:
            upkeep = FailingUpkeep(
                store=app.store, settings=app.config.stories, folder=app.folder, clock=now
            )
            await dataclasses.replace(pipeline, upkeep=upkeep).run(app.pick(()))

    with pytest.raises(StoreError):
        asyncio.run(run())
    assert sorted(hub.told) == [f"{FEEDS}/merged.atom", f"{FEEDS}/merged.json"]


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


@pytest.mark.parametrize(
    ("status", "location", "asked", "result"),
    [
        (307, "/other", 2, 202),
        (308, "{hub}", 4, 308),
        (302, "/other", 1, 302),
        (307, "", 1, 307),
    ],
    ids=str,
)
def test_a_form_follows_the_redirects_that_keep_it(
    hub: Hub, status: int, location: str, asked: int, result: int
) -> None:
    """To another hub, some steps; a redirect to a page is an answer."""
    hub.moved = (status, location.format(hub=hub.address))
    assert asyncio.run(post(hub.address)) == result
    assert len(hub.told) == asked


async def post(url: str, *allowed: str) -> int:
    """Send a form to a hub."""
    poster = open_poster(FetchSettings(allow_private=allowed or ("127.0.0.1",)))
    try:
        return await poster.post(
            url, (("hub.mode", "publish"), ("hub.topic", "t"), ("hub.url", "t"))
        )
    finally:
        await poster.close()


@pytest.mark.parametrize(
    "location", ["http://10.0.0.1/", "http://169.254.169.254/", "ftp://x.example/"]
)
def test_a_redirect_leads_nowhere_inside(hub: Hub, location: str) -> None:
    hub.moved = (307, location)
    with pytest.raises(BlockedAddress):
        asyncio.run(post(hub.address))


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://nas.local/", "gopher://x.example/"])
def test_a_hub_may_not_be_anywhere(url: str) -> None:
    with pytest.raises(BlockedAddress):
        asyncio.run(post(url, "192.0.2.1"))


@pytest.mark.parametrize(
    ("url", "allowed", "why"),
    [
        ("https://news.example.org/", (), ""),
        ("https://news.example.org:8443/prefix/", (), ""),
        ("http://93.184.216.34/", (), ""),
        ("http://127.0.0.1:8080/", (), "127.0.0.1, a loopback address"),
        ("http://[::1]:8080/", (), "::1, a loopback address"),
        ("http://192.168.1.5/", (), "192.168.1.5, a private address"),
        ("http://2130706433/", (), "127.0.0.1, a loopback address"),
        ("http://localhost:8080/", (), "localhost is a name of an internal network"),
        ("http://nas/", (), "nas is a name of an internal network"),
        ("http://nas.lan.home.arpa/", (), "nas.lan.home.arpa is a name of an internal network"),
        ("http://127.0.0.1:8080/", ("127.0.0.1:9000",), "127.0.0.1, a loopback address"),
        ("http://127.0.0.1:8080/", ("127.0.0.1:8080",), ""),
        ("http://192.168.1.5/", ("192.168.0.0/16",), ""),
        ("http://nas/", ("nas:80",), ""),
    ],
    ids=str,
)
def test_whether_others_reach_us(url: str, allowed: tuple[str, ...], why: str) -> None:
    assert why_unreachable(url, FetchSettings(allow_private=allowed)) == why
