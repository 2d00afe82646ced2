"""A hub on loopback sends the news of a source: subscribed, verified, signed, published."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import loopback
from tests.integration.hub import Hub, open_hub
from tests.integration.test_daemon import daemon, free_port, get, wait_for


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
        "fetch: {allow_private: [127.0.0.1], timeout: 5s}\n"
        f"sources: [{{id: news, url: '{site.address}/feed'}}]\n"
        "feeds: [{name: merged, formats: [atom]}]\n"
    )


def test_news_arrive_through_the_daemon(tmp_path: Path, site: loopback.Site, hub: Hub) -> None:
    """Subscribed after the first fetch; a signed document is a story within seconds; a restart keeps all."""
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
    with daemon(config, port):
        get(merged)
        assert hub.deliver(topic, feed(site, hub, 4), method="sha512") == 202
        wait_for(b"Item 4 ", merged)
        assert b"Item 3 " not in get(merged)
        assert hub.asked == [("subscribe", topic)]
        assert len(site.asked) == asked
    config.write_text(
        f"data: data\n{configured(site, port, prefix='/news', subscribe=False)}", encoding="utf-8"
    )
    with daemon(config, port):
        until(lambda: topic not in hub.callbacks)
    assert hub.asked[1:] == [("unsubscribe", topic)]


def until(true: object, within: float = 20.0) -> None:
    """Wait until something is so."""
    assert callable(true)
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
