"""Leases: subscriptions to hubs, and pure decisions about their next step."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from aggregator.core.backoff import doubled
from aggregator.core.model import Source, SourceState
from aggregator.text import urls

WANTED = timedelta(days=10)  # the lease that is asked for
_LONGEST = timedelta(days=30)  # upper bound of a lease, whatever the hub says
_SOONEST = timedelta(minutes=10)  # lower bound of the time to the next request
_UNSAID = timedelta(days=1)  # length of a lease if the hub gives none
_FIRST, _RAREST = timedelta(minutes=5), timedelta(days=1)  # between failed requests
_JITTERED = 1.1  # times a wait, at most
_SKEW = timedelta(minutes=1)  # a lease that begins later was made by a wrong clock
_DENIED = timedelta(days=7)  # after which a hub that refused is asked again
_FAREWELLS = 4  # requests to end a subscription; then it is left to expire
_LENGTH = 2_000  # characters of an address
_LINKS = 50  # links read from one header
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
_RELS = ("hub", "self")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One subscription to one topic at one hub; `path` is the unguessable part of the callback.

    It is live from `since` to `until`. `due` is when the hub is asked next, `tries` the number of
    failures in a row. `silent_polls` counts the polls since the last push that found what the hub
    should have pushed.
    """

    path: str
    callback: str
    source: str  # the source's identity
    hub: str
    topic: str
    secret: str
    state: Literal["wanted", "denied", "leaving"] = "wanted"
    due: datetime
    tries: int = 0
    since: datetime | None = None
    until: datetime | None = None
    silent_polls: int = 0


def links(header: str, base: str) -> tuple[tuple[str, str], ...]:
    """Return hub and self of a Link header (RFC 8288): relation, address; the first of each."""
    found: dict[str, str] = {}
    for part in header.split("<", _LINKS)[1:]:
        target, _, parameters = part[: 2 * _LENGTH].partition(">")
        rel = _REL.search(parameters[:_LENGTH])
        address = urls.absolute(base, target.strip())
        if rel and urls.is_web(address) and len(address) <= _LENGTH:
            for name in (rel[1] or rel[2] or "").lower().split():
                found.setdefault(name, address)
    return tuple((name, found[name]) for name in _RELS if name in found)


def topics(
    sources: Iterable[Source], states: Mapping[str, SourceState]
) -> dict[str, tuple[str, str]]:
    """Return the hub and the topic of each source that names one, by identity.

    Sources fetched with secrets are left out: their content is not for a hub. So are hubs without
    https, since the secret that signs their pushes would cross the network in the clear.
    """
    found: dict[str, tuple[str, str]] = {}
    for source in sources:
        info = states.get(source.identity, SourceState()).info
        topic = info.self_url or source.url
        private = source.headers or any(urls.redact(one) != one for one in (source.url, topic))
        fit = all(urls.is_web(one) and len(one) <= _LENGTH for one in (info.hub, topic))
        fit = fit and _keeps_secrets(info.hub)
        if source.kind == "feed" and source.url and fit and not source.paused and not private:
            found[source.identity] = (info.hub, topic)
    return found


def is_live(lease: Lease, now: datetime) -> bool:
    """Return whether the lease is live; false for times that a wrong clock wrote."""
    until = lease.until
    return lease.state == "wanted" and until is not None and now < until <= now + _LONGEST


def is_due(lease: Lease, now: datetime) -> bool:
    """Return whether the hub should be asked now; a due time too far ahead comes from a wrong clock."""
    if lease.since is not None and lease.since > now + _SKEW:
        return True
    longest = _RAREST * _JITTERED if lease.tries else _LONGEST
    return lease.due <= now or lease.due > now + longest


def shifted(lease: Lease, step: timedelta) -> Lease:
    """Return the lease after the clock was set by `step`: what is left of it stays the same."""
    return dataclasses.replace(
        lease,
        due=lease.due + step,
        since=lease.since and lease.since + step,
        until=lease.until and lease.until + step,
    )


def ask(lease: Lease, now: datetime, jitter: float) -> Lease:
    """Return the lease after a request to the hub, before its answer."""
    wait = doubled(_FIRST, lease.tries, _RAREST)
    due = now + wait * (1 + 0.1 * jitter)
    asked = dataclasses.replace(lease, tries=lease.tries + 1, due=due)
    return dataclasses.replace(asked, state="wanted") if lease.state == "denied" else asked


def verify(lease: Lease, seconds: str, now: datetime, jitter: float) -> Lease:
    """Return the lease after the hub confirmed it for a number of seconds.

    It is renewed after at most two thirds of that time.
    """
    length = _span(seconds)
    renewal = max(length * (2 / 3 - 0.1 * jitter), _SOONEST)
    since = lease.since if is_live(lease, now) else now
    return dataclasses.replace(
        lease, state="wanted", tries=0, due=now + renewal, since=since, until=now + length
    )


def deny(lease: Lease, now: datetime) -> Lease:
    """Return the lease after the hub refused or ended it."""
    if lease.state == "leaving":
        return lease
    return dataclasses.replace(
        lease, state="denied", tries=0, due=now + _DENIED, since=None, until=None
    )


def leave(lease: Lease, now: datetime) -> Lease:
    """Return the lease marked for unsubscription."""
    return dataclasses.replace(lease, state="leaving", tries=0, due=now, until=None)


def is_over(lease: Lease) -> bool:
    """Return whether the hub was asked often enough to unsubscribe."""
    return lease.state == "leaving" and lease.tries >= _FAREWELLS


def _keeps_secrets(hub: str) -> bool:
    """Say whether nobody else reads what is sent to a hub: by https, or on this machine."""
    host = urls.host(hub)
    return (
        hub.lower().startswith("https:")
        or host in {"localhost", "[::1]"}
        or re.fullmatch(r"127(?:\.\d+){3}", host) is not None
    )


def _span(seconds: str) -> timedelta:
    if not (seconds.isascii() and seconds.isdigit()):
        return _UNSAID
    most = int(_LONGEST.total_seconds())
    return timedelta(seconds=min(int(seconds[:10]), most))
