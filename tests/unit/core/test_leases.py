"""Subscriptions to hubs are decided by values alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core import leases
from aggregator.core.model import FeedInfo, SourceState
from tests.builders import NOW, at, make_lease, make_source

HUB, TOPIC = "https://hub.example/", "https://example.org/feed.xml"
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        (f'<{HUB}>; rel="hub", <{TOPIC}>; rel="self"', {"hub": HUB, "self": TOPIC}),
        (f"<{HUB}>;rel=hub,<{TOPIC}>;rel=self", {"hub": HUB, "self": TOPIC}),
        (f'<{HUB}>; title="a, b; c"; REL = "Other HUB"', {"hub": HUB}),
        (f"<{HUB}>; rel=hub, <https://b.example/>; rel=hub", {"hub": HUB}),
        ("<../hub>; rel=hub", {"hub": "https://example.org/hub"}),
        ("<//hub.example/x>; rel=hub", {"hub": "https://hub.example/x"}),
        ("<https://x.example/>; rel=next", {}),
        ("<https://x.example/>; rev=hub", {}),
        ("<https://x.example/>", {}),
        ("<javascript:alert(1)>; rel=hub", {}),
        ("<ftp://x.example/>; rel=hub", {}),
        (f"<https://x.example/{'a' * 3000}>; rel=hub", {}),
        ("<<<<>>;;rel=rel=", {}),
        ("<https://x.example/>; rel=hub " * 3, {"hub": "https://x.example/"}),
        ("<https://x.example/>; rel=next, " * 60 + f"<{HUB}>; rel=hub", {}),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_links(header: str, expected: dict[str, str]) -> None:
    """Hub and self are found, the first of each; nothing else is."""
    assert dict(leases.links(header, "https://example.org/a/feed.xml")) == expected


@given(st.text(alphabet='<>;="rel hubsf,:/.', max_size=300))
def test_any_link_header_is_read(header: str) -> None:
    """Whatever stands there, reading it ends well."""
    assert all(rel in {"hub", "self"} for rel, _ in leases.links(header, TOPIC))


@pytest.mark.parametrize(
    ("source", "info", "topic"),
    [
        ({}, {"hub": HUB, "self_url": "https://example.org/self"}, "https://example.org/self"),
        ({}, {"hub": HUB}, TOPIC),
        ({}, {"self_url": TOPIC}, ""),
        ({}, {"hub": "mailto:x@hub.example"}, ""),
        ({}, {"hub": HUB, "self_url": "urn:x"}, ""),
        ({}, {"hub": HUB + "a" * 2000}, ""),
        ({"paused": True}, {"hub": HUB}, ""),
        ({"kind": "dump"}, {"hub": HUB}, ""),
        ({"url": ""}, {"hub": HUB, "self_url": TOPIC}, ""),
        ({"headers": (("Authorization", "x"),)}, {"hub": HUB}, ""),
        ({"url": "https://me:secret@example.org/feed.xml"}, {"hub": HUB, "self_url": TOPIC}, ""),
        ({}, {"hub": HUB, "self_url": f"{TOPIC}?token=secret"}, ""),
    ],
    ids=str,
)
def test_which_sources_have_a_topic(
    source: dict[str, object], info: dict[str, str], topic: str
) -> None:
    """Feeds that name a hub, and are asked without secrets."""
    states = {"example": SourceState(info=FeedInfo(**info))}  # type: ignore[arg-type]
    found = leases.topics([make_source(**source)], states)
    assert found == ({"example": (info["hub"], topic)} if topic else {})
    assert leases.topics([make_source(**source)], {}) == {}


def test_what_comes_to_nothing_is_asked_ever_less_often() -> None:
    lease, waits = make_lease(), []
    for _ in range(12):
        now = lease.due
        lease = leases.ask(lease, now, 0.0)
        waits.append((lease.due - now) // timedelta(minutes=1))
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]


@pytest.mark.parametrize(
    ("seconds", "length", "renewal"),
    [
        ("864000", 10 * DAY, timedelta(hours=160)),
        ("3600", timedelta(hours=1), timedelta(minutes=40)),
        ("1", timedelta(seconds=1), timedelta(minutes=10)),
        ("0", timedelta(0), timedelta(minutes=10)),
        ("99999999999", 30 * DAY, 20 * DAY),
        ("9" * 999, 30 * DAY, 20 * DAY),
        ("", DAY, timedelta(hours=16)),
        ("-5", DAY, timedelta(hours=16)),
        ("ten", DAY, timedelta(hours=16)),
        ("١٢", DAY, timedelta(hours=16)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_lease_is_bounded_and_renewed_in_time(
    seconds: str, length: timedelta, renewal: timedelta
) -> None:
    tried = leases.ask(make_lease(), NOW, 0.5)
    lease = leases.verify(tried, seconds, NOW, 0.0)
    assert (lease.until, lease.due, lease.since, lease.tries) == (
        NOW + length,
        NOW + renewal,
        NOW,
        0,
    )
    assert leases.verify(tried, seconds, NOW, 0.99).due <= lease.due
    assert leases.is_live(lease, NOW) == (length > timedelta(0))
    assert not leases.is_live(lease, NOW + length)


def test_a_renewal_goes_on_and_a_gap_begins_anew() -> None:
    lease = leases.verify(make_lease(), "3600", NOW, 0.0)
    assert leases.verify(lease, "3600", at(0.9), 0.0).since == NOW
    assert leases.verify(lease, "3600", at(2), 0.0).since == at(2)


def test_a_clock_that_was_wrong_stops_nothing() -> None:
    """A lease that was written far ahead is not believed, and asked for anew."""
    ahead = leases.verify(make_lease(), "864000", at(days=4000), 0.0)
    assert leases.is_due(ahead, NOW)
    assert not leases.is_live(ahead, NOW)
    lease = leases.verify(ahead, "9" * 9, NOW, 0.0)
    assert leases.is_live(lease, NOW)
    assert not leases.is_due(lease, NOW)


def test_a_hub_that_denies_is_left_in_peace_for_a_week() -> None:
    lease = leases.deny(leases.verify(make_lease(), "3600", NOW, 0.0), NOW)
    assert (lease.state, lease.due, lease.until) == ("denied", NOW + 7 * DAY, None)
    assert not leases.is_live(lease, NOW)
    assert leases.ask(lease, lease.due, 0.0).state == "wanted"


def test_an_end_is_asked_for_some_times() -> None:
    lease = leases.leave(leases.verify(make_lease(), "3600", NOW, 0.0), NOW)
    assert (lease.state, lease.due) == ("leaving", NOW)
    assert not leases.is_live(lease, NOW)
    assert leases.deny(lease, NOW) == lease
    for _ in range(4):
        assert not leases.is_over(lease)
        lease = leases.ask(lease, NOW, 0.0)
    assert leases.is_over(lease)
    assert not leases.is_over(replace(lease, state="wanted"))


@pytest.mark.parametrize(
    ("hub", "used"),
    [
        ("https://hub.example.org/", True),
        ("HTTPS://hub.example.org/", True),
        ("http://127.0.0.1:8080/hub", True),
        ("http://127.9.9.9/hub", True),
        ("http://localhost/hub", True),
        ("http://[::1]:80/hub", True),
        ("http://hub.example.org/", False),
        ("http://192.168.0.7/hub", False),
        ("http://127.0.0.1.example.org/", False),
        ("http://localhost.example.org/", False),
        ("http://user@127.0.0.1@hub.example.org/", False),
    ],
)
def test_no_secret_is_sent_in_the_clear(hub: str, used: bool) -> None:
    states = {"example": SourceState(info=FeedInfo(hub=hub, self_url=TOPIC))}
    assert bool(leases.topics([make_source()], states)) == used
