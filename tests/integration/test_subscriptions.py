"""A hub on loopback sends the news of a source: subscribed, verified, signed, published."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from aggregator.bootstrap import Application
from aggregator.core import leases
from aggregator.core.errors import StoreError
from aggregator.core.leases import Lease
from aggregator.core.model import SourceState
from aggregator.core.ports import LeaseStore, Store
from aggregator.daemon.daemon import Daemon
from aggregator.gather.fetchers import open_poster
from aggregator.web import Site, make_app
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox, Subscriber
from tests.fakes import FakeClock
from tests.integration import loopback
from tests.integration.conftest import Opener
from tests.integration.hub import CHALLENGE, Hub, open_hub
from tests.integration.test_daemon import daemon, free_port, get, wait_for
from tests.waiting import soon, until


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Run a hub."""
    with open_hub() as one:
        yield one


def feed(site: loopback.Site, hub: Hub | None, *numbers: int) -> bytes:
    """Return a feed with these entries, which names the hub."""
    link = f'<link rel="hub" href="{hub.address}"/>' if hub else ""
    entries = "".join(
        f"<entry><id>tag:news.example,2026:{n}</id><title>Item {n} of the day {n * 7}</title>"
        f'<link href="https://news.example/{n}"/><updated>2026-01-0{n}T10:00:00Z</updated>'
        f"<content>What happened at place number {n} was new.</content></entry>"
        for n in numbers
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><id>urn:news</id>'
        f'<updated>2026-01-01T10:00:00Z</updated><link rel="self" href="{site.address}/feed"/>'
        f"{link}{entries}</feed>"
    ).encode()


def configured(site: loopback.Site, port: int, *, subscribe: bool = True, prefix: str = "") -> str:
    """Return a configuration of one source, served on this port."""
    return (
        f"public_url: http://127.0.0.1:{port}{prefix}/\n"
        f"websub: {{subscribe: {str(subscribe).lower()}}}\n"
        "fetch: {allow_private: [127.0.0.1], timeout: 10m}\n"
        f"sources: [{{id: news, url: '{site.address}/feed'}}]\n"
        "feeds: [{name: merged, formats: [atom]}]\n"
    )


def test_news_arrive_through_the_daemon(tmp_path: Path, site: loopback.Site, hub: Hub) -> None:
    """A signed document is a story within seconds; a restart keeps the lease, a new configuration ends it."""
    port, topic = free_port(), f"{site.address}/feed"
    site.pages["/feed"] = feed(site, hub, 1)
    config = tmp_path / "aggregator.yaml"
    config.write_text(f"data: data\n{configured(site, port, prefix='/news')}", encoding="utf-8")
    merged = f"http://127.0.0.1:{port}/news/feeds/merged.atom"
    with daemon(config, port):
        wait_for(b"Item 1 ", merged)
        until(lambda: topic in hub.callbacks)
        assert hub.callbacks[topic][0].startswith(f"http://127.0.0.1:{port}/news/websub/")
        assert hub.deliver(topic, feed(site, hub, 2)) == 202
        wait_for(b"Item 2 ", merged)
        assert hub.deliver(topic, feed(site, hub, 3), signature="sha256=00") == 202
    asked = len(site.asked)
    with daemon(config, port) as process:
        get(merged)
        assert hub.deliver(topic, feed(site, hub, 4), method="sha512") == 202
        wait_for(b"Item 4 ", merged)
        assert b"Item 3 " not in get(merged)
        assert hub.asked == [("subscribe", topic)]
        assert len(site.asked) == asked
        without = configured(site, port, prefix="/news", subscribe=False)
        config.write_text(f"data: data\n{without}", encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        until(lambda: topic not in hub.callbacks)
    assert hub.asked[1:] == [("unsubscribe", topic)]


_RSS = (
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>t</title>{}'
    "<item><title>One of the day</title><link>https://news.example/1</link></item></channel></rss>"
)
RSS = _RSS.format("")
LINKED = _RSS.format(
    '<atom:link rel="hub" href="{hub}"/><atom:link rel="self" href="https://news.example/topic"/>'
)
JSON = (
    '{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [],'
    ' "feed_url": "https://news.example/topic", "hubs": [{"type": "WebSub", "url": "{hub}"}]}'
)
HEAD = '<{hub}>; rel="hub", <https://news.example/topic>; rel="self"'


@pytest.mark.parametrize(
    ("document", "head", "topic"),
    [
        (LINKED, "", "https://news.example/topic"),
        (JSON, "", "https://news.example/topic"),
        (RSS, HEAD, "https://news.example/topic"),
        (LINKED.replace("{hub}", "https://other.example/"), HEAD, "https://news.example/topic"),
        (LINKED, '<https://news.example/x>; rel="self"', "https://news.example/topic"),
        (RSS, '<{hub}>; rel="hub"', ""),
    ],
    ids=["RSS", "JSON", "head", "head before document", "self alone", "hub alone"],
)
def test_a_hub_is_found_wherever_it_is_named(
    application: Opener, site: loopback.Site, document: str, head: str, topic: str
) -> None:
    """In the document or in the head of the answer; a 304 takes nothing away."""
    hub = "https://hub.example/"
    site.pages["/feed"] = document.replace("{hub}", hub).encode()
    site.statuses["/feed"] = (200, {"Link": head.replace("{hub}", hub)} if head else {})
    app = application(configured(site, 8080))
    expected = {"news": (hub, topic or f"{site.address}/feed")}
    for _ in range(2):
        asyncio.run(app.run_once())
        assert leases.topics(app.config.sources, app.store.source_states()) == expected
        site.statuses.clear()
    assert [status for _, status in site.asked] == [200, 304]


# --- with time in our hands ----------------------------------------------------------------


class Quiet(uvicorn.Server):
    """Serves, and leaves signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


class Follower:
    """A subscriber behind a server of its own, over a store that outlives it."""

    def __init__(self, application: Application, port: int) -> None:
        self.clock = FakeClock()
        self.inbox = Inbox(10**6)
        self.application = application
        self._port = port

    def make(self, store: LeaseStore | None = None) -> Subscriber:
        """Make a subscriber with our clock."""
        config = self.application.config
        return Subscriber(
            sources=config.sources,
            store=store or self.application.store,
            poster=open_poster(config.fetch),
            inbox=self.inbox,
            clock=self.clock,
            jitter=lambda: 0.5,
            callback=f"{config.public_url}websub/",
            most=1000,
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Subscriber]:
        """Serve the callbacks of a subscriber that knows what to ask, until the block ends."""
        subscriber = self.make()
        async with self.served(subscriber):
            await subscriber.align()
            yield subscriber
        await subscriber.close()

    @asynccontextmanager
    async def served(self, subscriber: Subscriber) -> AsyncIterator[None]:
        """Serve the callbacks of a subscriber until the block ends."""
        site = Site(
            store=self.application.store,
            folder=self.application.folder,
            feeds=self.application.config.feeds,
            public_url=self.application.config.public_url,
            clock=self.clock,
            callbacks=subscriber,
        )
        settings = uvicorn.Config(
            make_app(site), interface="asgi3", port=self._port, lifespan="off", log_config=None
        )
        server = Quiet(settings)
        serving = asyncio.create_task(server.serve())
        try:
            await soon(lambda: server.started)
            yield
        finally:
            server.should_exit = True
            await serving

    @property
    def lease(self) -> Lease:
        """The only lease."""
        (lease,) = self.application.store.leases()
        return lease


@pytest.fixture
def follower(application: Opener, site: loopback.Site, hub: Hub) -> Follower:
    """Open an application that has fetched a source which names the hub."""
    site.pages["/feed"] = feed(site, hub, 1)
    port = free_port()
    app = application(configured(site, port))
    asyncio.run(app.run_once())
    return Follower(app, port)


def test_a_lease_is_verified_renewed_and_outlives_a_restart(follower: Follower, hub: Hub) -> None:
    async def live() -> None:
        async with follower.opened() as one:
            await one.step()
            await soon(lambda: hub.callbacks)
            assert follower.lease.until == follower.clock.now + timedelta(hours=1)
            follower.clock.pass_(timedelta(minutes=36))
            assert not one.is_due()
            follower.clock.pass_(timedelta(minutes=1))
            await one.step()
            await soon(lambda: len(hub.answers) == 2)
        renewed = follower.lease
        assert renewed.until == follower.clock.now + timedelta(hours=1)
        async with follower.opened() as two:
            assert follower.lease == renewed
            assert not two.is_due()
            assert two.expects(renewed.path) == 202
        assert [mode for mode, _ in hub.asked] == ["subscribe"] * 2
        assert hub.forms[0] == hub.forms[1]
        assert hub.answers == [(200, CHALLENGE)] * 2

    asyncio.run(live())


def test_questions_that_are_not_ours_are_not_confirmed(follower: Follower, hub: Hub) -> None:
    hub.verifies = False

    async def ask() -> list[int]:
        async with follower.opened() as one:
            await one.step()
            form = hub.forms[0]
            wrong: list[dict[str, str]] = [
                {"topic": "https://other.example/"},
                {"mode": "unsubscribe"},
                {"challenge": ""},
            ]
            answers = [await asyncio.to_thread(hub.verify, form, **one) for one in wrong]
            guessed = form | {"hub.callback": form["hub.callback"][:-1]}
            answers.append(await asyncio.to_thread(hub.verify, guessed))
            assert one.live() == {}
            return [status for status, _ in answers]

    assert asyncio.run(ask()) == [404] * 4


def test_a_hub_that_is_down_or_denies_leaves_polling_as_it_is(follower: Follower, hub: Hub) -> None:
    hub.status = 503

    async def ask() -> None:
        async with follower.opened() as one:
            await one.step()
            assert (follower.lease.tries, one.live()) == (1, {})
            assert not one.is_due()
            hub.status = 202
            follower.clock.now = follower.lease.due
            await one.step()
            await soon(lambda: hub.callbacks)
            form = hub.forms[-1]
            assert await asyncio.to_thread(hub.verify, form, mode="denied", reason="full") == (
                200,
                "",
            )
            assert (one.live(), follower.lease.state) == ({}, "denied")
            topic = form["hub.topic"]
            assert await asyncio.to_thread(hub.deliver, topic, b"<feed/>") == 410

    asyncio.run(ask())


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_documents_are_taken_by_their_signature(
    follower: Follower, hub: Hub, site: loopback.Site, method: str
) -> None:
    topic = f"{site.address}/feed"

    async def bring() -> None:
        async with follower.opened() as one:
            await one.step()
            await soon(lambda: hub.callbacks)
            refused: list[dict[str, str]] = [
                {"signature": ""},
                {"signature": f"{method}=00"},
                {"link": '<https://other.example/>; rel="self"'},
            ]
            for other in refused:
                assert await asyncio.to_thread(hub.deliver, topic, b"<a/>", **other) == 202
            assert not follower.inbox
            assert await asyncio.to_thread(hub.deliver, topic, b"<a/>" * 251) == 413
            assert await asyncio.to_thread(hub.deliver, topic, b"<a/>", method=method) == 202
            assert [one for one, _ in follower.inbox.take()] == ["news"]

    asyncio.run(bring())


# --- the daemon's part ---------------------------------------------------------------------


def test_what_cannot_be_read_is_asked_for(
    follower: Follower, hub: Hub, site: loopback.Site
) -> None:
    """A document that is no feed costs nothing; its source is asked as before."""
    app, topic = follower.application, f"{site.address}/feed"

    async def bring() -> None:
        async with follower.opened() as one, app.pipeline() as pipeline:
            work = Daemon(app, pipeline, Metrics(), follower.inbox, one)
            await one.step()
            await soon(lambda: hub.callbacks)
            since = follower.clock.now
            assert one.live() == {"news": since}
            await asyncio.to_thread(hub.deliver, topic, feed(site, hub, 2))
            work.listen()  # what came before is read too
            merged = app.folder / "merged.atom"
            await soon(lambda: b"Item 2 " in merged.read_bytes())
            assert one.live() == {"news": since}
            follower.clock.pass_(timedelta(minutes=1))
            await asyncio.to_thread(hub.deliver, topic, b"<html>sorry</html>")
            await soon(lambda: one.live() == {"news": follower.clock.now})
            await work.drain()

    asyncio.run(bring())


def test_the_daemon_subscribes_and_outlives_what_fails(
    follower: Follower, hub: Hub, site: loopback.Site
) -> None:
    """What fails is logged; the source is asked as before, and so are hubs the next time."""
    app, inbox, topic = follower.application, follower.inbox, f"{site.address}/feed"

    async def work() -> None:
        async with app.subscriber(inbox) as one, app.pipeline() as pipeline:
            assert one
            daemon = Daemon(app, pipeline, Metrics(), inbox, one)
            daemon.listen()
            async with follower.served(one):
                await daemon.tick()
                await daemon.tick()
                await soon(lambda: hub.callbacks)
                before = one.live()["news"]
                pipeline.thread.close()
                await asyncio.to_thread(hub.deliver, topic, feed(site, hub, 2))
                await soon(lambda: one.live()["news"] > before)
            await daemon.drain()
        assert not inbox

    asyncio.run(work())
    assert hub.asked == [("subscribe", topic)]


class Stumbling:
    """LeaseStore that cannot be read the first time."""

    def __init__(self, store: Store) -> None:
        self.fails = True
        self.leases = store.leases
        self.save_lease = store.save_lease
        self.drop_lease = store.drop_lease
        self._store = store

    def source_states(self) -> Mapping[str, SourceState]:
        """Fail, once."""
        if self.fails:
            self.fails = False
            raise StoreError("the database is locked")
        return self._store.source_states()


def test_hubs_are_asked_again_after_a_failure_of_ours(follower: Follower, hub: Hub) -> None:
    app = follower.application

    async def work() -> None:
        store = Stumbling(app.store)
        one = follower.make(store)
        async with follower.served(one), app.pipeline() as pipeline:
            daemon = Daemon(app, pipeline, Metrics(), follower.inbox, one)
            await daemon.tick()
            await soon(lambda: not store.fails)
            assert hub.asked == []
            hub_task = daemon._subscriptions._updating.task
            assert hub_task
            await asyncio.wait({hub_task})
            await daemon.tick()
            await soon(lambda: hub.callbacks)
            await daemon.drain()
        await one.close()

    asyncio.run(work())


def test_subscribing_that_is_off_opens_nothing(application: Opener, site: loopback.Site) -> None:
    """Off, or where no hub could reach us."""

    async def opened(text: str) -> bool:
        async with application(text).subscriber(Inbox(1)) as one:
            return one is not None

    off = configured(site, 8080, subscribe=False)
    unreachable = configured(site, 8080).replace("127.0.0.1]", f"'{site.address[7:]}']")
    for text in (off, unreachable):
        assert not asyncio.run(opened(text))
    assert asyncio.run(opened(configured(site, 8080)))
