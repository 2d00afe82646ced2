"""Subscriptions begin, are verified, renewed and end; what hubs send is read only if it is ours."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from aggregator.core.errors import FetchError
from aggregator.core.leases import Lease
from aggregator.core.model import FeedInfo, Source, SourceState
from aggregator.websub import Inbox, Subscriber
from tests.builders import NOW, make_lease, make_source
from tests.fakes import FakeClock

T = TypeVar("T")
HUB, TOPIC = "https://hub.example/", "https://example.org/feed.xml"
BASE = "https://news.example/websub/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHALLENGE = "a challenge"


class FakePoster:
    """Notes the forms; answers with the status, 0 breaks the connection off."""

    def __init__(self) -> None:
        self.status = 202
        self.forms: list[dict[str, str]] = []
        self.closed = False
        self.meanwhile: Callable[[dict[str, str]], Coroutine[Any, Any, object]] | None = None

    async def post(self, url: str, form: Sequence[tuple[str, str]]) -> int:
        """Return the status."""
        self.forms.append({"url": url, **dict(form)})
        if self.meanwhile:
            await self.meanwhile(dict(form))
        if not self.status:
            raise FetchError("the connection broke off")
        return self.status

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


class FakeLeases:
    """Remembers in memory."""

    def __init__(self, *kept: Lease) -> None:
        self.kept = {lease.path: lease for lease in kept}
        self.states: dict[str, SourceState] = {}

    def source_states(self) -> dict[str, SourceState]:
        """Return the states given."""
        return self.states

    def leases(self) -> tuple[Lease, ...]:
        """Return what is kept."""
        return tuple(self.kept.values())

    def save_lease(self, lease: Lease) -> None:
        """Keep it."""
        self.kept[lease.path] = lease

    def drop_lease(self, path: str) -> None:
        """Drop it."""
        self.kept.pop(path, None)


class House:
    """A subscriber with all that it needs, over leases that outlive it."""

    def __init__(self, *kept: Lease) -> None:
        self.clock = FakeClock()
        self.poster = FakePoster()
        self.store = FakeLeases(*kept)
        self.inbox = Inbox(100_000)
        self.name_hub("example")

    def name_hub(self, identity: str, hub: str = HUB, topic: str = TOPIC) -> None:
        """Let a source name a hub."""
        self.store.states[identity] = SourceState(info=FeedInfo(hub=hub, self_url=topic))

    def open(self, *sources: Source, callback: str = BASE) -> Subscriber:
        """Open a subscriber, as a new start does."""
        return Subscriber(
            sources=sources,
            store=self.store,
            poster=self.poster,
            inbox=self.inbox,
            clock=self.clock,
            jitter=lambda: 0.0,
            callback=callback,
            most=100_000,
        )

    @property
    def lease(self) -> Lease:
        """The only lease."""
        (lease,) = self.store.kept.values()
        return lease

    def subscribed(self) -> Subscriber:
        """Return a subscriber whose only lease is live."""
        one = self.open(make_source())
        run(one.align())
        run(one.step())
        assert run(one.verify(self.lease.path, self.question())) == CHALLENGE
        return one

    def question(self, mode: str = "subscribe", **other: str) -> dict[str, str]:
        """Return what a hub asks."""
        asked = {"mode": mode, "topic": TOPIC, "challenge": CHALLENGE, "lease_seconds": "86400"}
        return {f"hub.{name}": value for name, value in (asked | other).items()}

    def signed(self, content: bytes, **other: str) -> dict[str, str]:
        """Return the headers of a document from the hub."""
        digest = hmac.new(self.lease.secret.encode(), content, hashlib.sha256).hexdigest()
        return {"x-hub-signature": f"sha256={digest}", "content-type": "text/xml"} | other


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end."""
    return asyncio.run(work)


# --- beginning -----------------------------------------------------------------------------


def test_a_source_that_names_a_hub_is_subscribed_to() -> None:
    house = House()
    one = house.open(make_source(), make_source(id="silent"))
    assert not one.is_due()
    run(one.align())
    assert one.is_due()
    run(one.step())
    lease = house.lease
    assert house.poster.forms == [
        {
            "url": HUB,
            "hub.mode": "subscribe",
            "hub.callback": BASE + lease.path,
            "hub.topic": TOPIC,
            "hub.verify": "async",
            "hub.secret": lease.secret,
            "hub.lease_seconds": "864000",
        }
    ]
    assert min(len(lease.path), len(lease.secret)) >= 43
    assert one.live() == {}
    assert run(one.verify(lease.path, house.question())) == CHALLENGE
    assert one.live() == {"example": NOW}
    assert house.lease.until == NOW + DAY
    run(one.align())
    assert not one.is_due()
    run(one.close())
    assert house.poster.closed


def test_each_subscription_has_a_path_and_a_secret_of_its_own() -> None:
    house = House()
    house.name_hub("other")
    run(house.open(make_source(), make_source(id="other")).align())
    kept = house.store.leases()
    assert len({one for lease in kept for one in (lease.path, lease.secret)}) == 4


def test_a_hub_that_comes_back_before_it_answers_is_expected() -> None:
    house = House()
    one = house.open(make_source())
    run(one.align())

    async def verify(_: dict[str, str]) -> None:
        assert await one.verify(house.lease.path, house.question()) == CHALLENGE

    house.poster.meanwhile = verify
    run(one.step())
    assert house.lease.until == NOW + DAY
    assert house.lease.tries == 0


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"topic": "https://example.org/other"},
        {"mode": "unsubscribe"},
        {"mode": "publish"},
        {"challenge": ""},
        {"challenge": "x" * 4001},
        {"topic": ""},
    ],
    ids=str,
)
def test_a_question_that_is_not_ours_is_not_confirmed(question: dict[str, str]) -> None:
    house = House()
    one = house.open(make_source())
    run(one.align())
    before = house.lease
    path = before.path if question else "unknown"
    assert run(one.verify(path, house.question(**question))) is None
    assert house.lease == before
    assert one.live() == {}


@pytest.mark.parametrize("status", [0, 302, 400, 503])
def test_a_hub_that_is_down_is_asked_ever_less_often(status: int) -> None:
    house = House()
    house.poster.status = status
    one = house.open(make_source())
    run(one.align())
    waits = []
    for _ in range(5):
        run(one.step())
        run(one.step())
        waits.append((house.lease.due - house.clock.now) // timedelta(minutes=1))
        house.clock.now = house.lease.due
    assert waits == [5, 10, 20, 40, 80]
    assert len(house.poster.forms) == 5
    assert one.live() == {}


def test_some_hubs_are_asked_at_one_time() -> None:
    house = House()
    sources = [make_source(id=f"s{n}") for n in range(20)]
    for source in sources:
        house.name_hub(source.id)
    one = house.open(*sources)

    async def ask() -> list[int]:
        await one.align()
        asked = []
        for _ in range(3):
            await one.step()
            asked.append(len(house.poster.forms))
        return asked

    assert run(ask()) == [8, 16, 20]
    assert all(lease.tries == 1 for lease in house.store.leases())


# --- going on and ending -------------------------------------------------------------------


def test_a_lease_is_renewed_before_it_ends() -> None:
    house = House()
    one = house.subscribed()
    first = house.lease
    house.clock.pass_(timedelta(hours=15))
    assert not one.is_due()
    house.clock.pass_(HOUR)
    assert one.is_due()
    run(one.step())
    assert [form["hub.mode"] for form in house.poster.forms] == ["subscribe"] * 2
    assert house.poster.forms[0] == house.poster.forms[1]
    assert one.live() == {"example": NOW}
    run(one.verify(first.path, house.question()))
    assert house.lease.until == NOW + 16 * HOUR + DAY
    assert one.live() == {"example": NOW}


def test_a_lease_that_is_not_renewed_ends() -> None:
    house = House()
    one = house.subscribed()
    house.poster.status = 0
    for _ in range(24):
        house.clock.pass_(HOUR)
        run(one.step())
    assert one.live() == {}
    house.poster.status = 202
    house.clock.now = house.lease.due
    run(one.step())
    run(one.verify(house.lease.path, house.question()))
    assert one.live() == {"example": house.clock.now}


def test_a_hub_may_deny() -> None:
    house = House()
    one = house.subscribed()
    denial = house.question("denied", reason="no more")
    assert run(one.verify(house.lease.path, denial)) == ""
    assert one.live() == {}
    assert one.expects(house.lease.path) == 410
    run(one.align())
    assert run(one.verify(house.lease.path, house.question())) is None
    house.clock.pass_(6 * DAY)
    assert not one.is_due()
    house.clock.pass_(DAY)
    run(one.step())
    assert run(one.verify(house.lease.path, house.question())) == CHALLENGE


def test_a_new_start_keeps_the_lease() -> None:
    house = House()
    house.subscribed()
    lease = house.lease
    house.clock.pass_(HOUR)
    two = house.open(make_source())
    run(two.align())
    assert house.lease == lease
    assert not two.is_due()
    # What came while nobody listened is lost: the source is asked once before that is put off.
    assert two.live() == {"example": NOW + HOUR}
    assert two.expects(lease.path) == 202


@pytest.mark.parametrize(
    ("sources", "callback"),
    [((), BASE), ((make_source(paused=True),), BASE), ((make_source(),), "")],
    ids=["source gone", "source paused", "subscribing off"],
)
def test_what_is_wanted_no_more_is_ended(sources: tuple[Source, ...], callback: str) -> None:
    house = House()
    house.subscribed()
    one = house.open(*sources, callback=callback)
    run(one.align())
    path = house.lease.path
    assert (one.live(), one.expects(path)) == ({}, 410)
    run(one.step())
    assert house.poster.forms[-1] == {
        "url": HUB,
        "hub.mode": "unsubscribe",
        "hub.callback": BASE + path,
        "hub.topic": TOPIC,
        "hub.verify": "async",
    }
    assert run(one.verify(path, house.question())) is None
    assert run(one.verify(path, house.question("unsubscribe"))) == CHALLENGE
    assert house.store.kept == {}
    assert one.expects(path) == 404


def test_an_end_that_nobody_confirms_is_given_up() -> None:
    house = House()
    house.subscribed()
    house.poster.status = 0
    one = house.open()
    run(one.align())
    for _ in range(9):
        run(one.step())
        house.clock.pass_(DAY)
    assert [form["hub.mode"] for form in house.poster.forms[1:]] == ["unsubscribe"] * 4
    assert house.store.kept == {}
    assert not one.is_due()


@pytest.mark.parametrize(
    ("hub", "topic", "callback"),
    [
        ("https://hub.example/new", TOPIC, BASE),
        (HUB, "https://example.org/new.xml", BASE),
        (HUB, TOPIC, "https://moved.example/websub/"),
    ],
    ids=["hub", "topic", "public address"],
)
def test_what_changed_is_subscribed_to_anew(hub: str, topic: str, callback: str) -> None:
    house = House()
    house.subscribed()
    before = house.lease
    house.name_hub("example", hub, topic)
    one = house.open(make_source(), callback=callback)
    run(one.align())
    states = {lease.state: lease for lease in house.store.kept.values()}
    assert states["leaving"].path == before.path
    new = states["wanted"]
    assert (new.hub, new.topic, new.callback) == (hub, topic, callback + new.path)
    run(one.align())
    assert len(house.store.kept) == 2


def test_a_double_is_ended() -> None:
    given = {"callback": BASE + "x"}
    house = House(make_lease(path="a", **given), make_lease(path="b", **given))
    run(house.open(make_source()).align())
    assert [one.state for one in house.store.leases()] == ["wanted", "leaving"]


# --- documents -----------------------------------------------------------------------------


def test_a_signed_document_is_taken() -> None:
    house = House()
    one = house.subscribed()
    link = f'<{HUB}>; rel="hub", <http://example.org/feed.xml>; rel="self"'
    one.receive(house.lease.path, b"<feed/>", house.signed(b"<feed/>", link=link))
    ((identity, document),) = house.inbox.take()
    assert (identity, document.name, document.content) == ("example", "example", b"<feed/>")
    assert (document.url, document.content_type) == (TOPIC, "text/xml")


@pytest.mark.parametrize(
    "other",
    [
        {"x-hub-signature": ""},
        {"x-hub-signature": "sha256=00"},
        {"link": '<https://example.org/other.xml>; rel="self"'},
    ],
    ids=str,
)
def test_a_document_that_is_not_ours_is_left_unread(other: dict[str, str]) -> None:
    house = House()
    one = house.subscribed()
    one.receive(house.lease.path, b"<feed/>", house.signed(b"<feed/>", **other))
    assert not house.inbox


def test_nothing_is_taken_for_a_path_that_is_not_known() -> None:
    house = House()
    one = house.subscribed()
    one.receive("unknown", b"<feed/>", house.signed(b"<feed/>"))
    one.receive(house.lease.path, b" \n", house.signed(b" \n"))
    run(one.verify(house.lease.path, house.question("denied")))
    one.receive(house.lease.path, b"<feed/>", house.signed(b"<feed/>"))
    assert not house.inbox
    assert one.expects("unknown") == 404


def test_a_flood_has_the_source_asked_instead() -> None:
    house = House()
    one = house.subscribed()
    house.clock.pass_(HOUR)
    for n in range(100):
        content = f"<feed n='{n}'/>".encode()
        one.receive(house.lease.path, content, house.signed(content))
    assert len(house.inbox.take()) == 8
    assert one.live() == {"example": NOW + HOUR}


# --- hubs that do not push -----------------------------------------------------------------


def test_a_hub_that_pushes_nothing_twice_is_not_relied_on_until_it_pushes() -> None:
    house = House()
    one = house.subscribed()
    one.note_poll("example", 5)  # what was there before
    assert "example" in one.live()
    for _ in range(2):
        assert "example" in one.live()
        house.clock.pass_(timedelta(hours=1))
        one.note_poll("example", 1)
    assert "example" not in one.live()
    one.receive(house.lease.path, b"<rss/>", house.signed(b"<rss/>"))
    assert "example" in one.live()


def test_a_hub_that_does_not_push_is_remembered_over_a_restart() -> None:
    house = House()
    one = house.subscribed()
    for _ in range(3):
        one.note_poll("example", 1)
        house.clock.pass_(timedelta(minutes=1))
    assert one.is_due()
    run(one.step())
    again = house.open(make_source())
    assert "example" not in again.live()
    again.receive(house.lease.path, b"<rss/>", house.signed(b"<rss/>"))
    run(again.step())
    assert "example" in house.open(make_source()).live()


@pytest.mark.parametrize("found", [[0, 0, 0, 0], [5, 1], [5, 0, 1, 0], [9]])
def test_polls_that_find_nothing_or_little_change_nothing(found: list[int]) -> None:
    house = House()
    one = house.subscribed()
    for new in found:
        house.clock.pass_(timedelta(hours=1))
        one.note_poll("example", new)
    assert "example" in one.live()


def test_a_push_between_polls_clears_the_hub() -> None:
    house = House()
    one = house.subscribed()
    for number in range(10):
        house.clock.pass_(timedelta(hours=1))
        one.note_poll("example", 1)
        content = b"<rss>%d</rss>" % number
        one.receive(house.lease.path, content, house.signed(content))
    assert "example" in one.live()


def test_what_was_missed_while_nobody_listened_does_not_count() -> None:
    house = House()
    one = house.subscribed()
    for _ in range(5):
        one.note_poll("example", 1)
        house.clock.pass_(timedelta(hours=1))
        one.miss("example")
    assert "example" in one.live()


def test_polls_of_a_source_without_a_hub_are_nobodys() -> None:
    one = House().open(make_source())
    for _ in range(5):
        one.note_poll("example", 1)
    assert not one.live()
