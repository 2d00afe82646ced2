"""Subscribes to the hubs that sources name, and receives what they push."""

import asyncio
import dataclasses
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from aggregator.core import leases
from aggregator.core.errors import FetchError
from aggregator.core.leases import Lease
from aggregator.core.logger import get_logger
from aggregator.core.model import Document, Source
from aggregator.core.ports import Clock, LeaseStore, Poster
from aggregator.text import urls
from aggregator.websub.inbox import Inbox
from aggregator.websub.signature import is_signed

_AT_ONCE = 8  # hubs asked concurrently
_CHALLENGE_MOST = 4_000  # characters
_QUIET = timedelta(minutes=1)
_MAX_SILENT_POLLS = 2  # that found what the hub did not push; then its source is polled as usual
_NEVER = datetime.min.replace(tzinfo=UTC)
_log = get_logger()


class Subscriber:
    """The subscriptions of one configuration; everything but the store runs in one event loop.

    `callback` is the URL below which hubs reach us, with a trailing slash; if it is empty, existing
    subscriptions are ended. `most` bounds a document in bytes.
    """

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        store: LeaseStore,
        poster: Poster,
        inbox: Inbox,
        clock: Clock,
        jitter: Callable[[], float],
        callback: str,
        most: int,
    ) -> None:
        self.most = most
        self._sources = {source.identity: source for source in sources}
        self._store = store
        self._poster = poster
        self._inbox = inbox
        self._clock = clock
        self._jitter = jitter
        self._callback = callback
        self._writing = asyncio.Lock()
        self._warned: dict[str, datetime] = {}
        self._leases = {lease.path: lease for lease in store.leases()}
        now = clock()  # pushes are lost while no server runs, so every source is fetched once
        self._polled: dict[str, datetime] = {}  # last poll by source identity
        self._unsaved: set[str] = set()  # paths of leases that changed without a request
        self._missed = {lease.source: now for lease in self._leases.values()}

    async def close(self) -> None:
        """Close the connections; subscriptions stay."""
        await self._poster.close()

    # --- what is wanted --------------------------------------------------------------------

    def live(self) -> Mapping[str, datetime]:
        """Return when the live subscription of each source began, by identity.

        Sources whose hub was found not to push are left out.
        """
        now = self._clock()
        return {
            lease.source: max(lease.since, self._missed.get(lease.source, lease.since))
            for lease in self._leases.values()
            if lease.since and leases.is_live(lease, now) and lease.silent_polls < _MAX_SILENT_POLLS
        }

    def note_poll(self, source: str, new: int) -> None:
        """Note how many new entries a poll of a source identity found, which its hub did not push.

        Only what appeared since an earlier poll under the same subscription counts.
        """
        before, self._polled[source] = self._polled.get(source), self._clock()
        since = self.live().get(source)
        if not new or before is None or since is None or before < since:
            return
        for lease in tuple(self._leases.values()):
            if lease.source == source and lease.state == "wanted":
                self._count_silent(lease, lease.silent_polls + 1)
                if lease.silent_polls + 1 == _MAX_SILENT_POLLS:
                    _log.warning("hub does not push, the source is polled as usual", source=source)

    def _count_silent(self, lease: Lease, polls: int) -> None:
        """Change a lease in memory; the next step saves it."""
        if polls != lease.silent_polls:
            self._leases[lease.path] = dataclasses.replace(lease, silent_polls=polls)
            self._unsaved.add(lease.path)

    def miss(self, source: str) -> None:
        """Note that a push of a source identity was lost, so that it is fetched soon."""
        self._missed[source] = self._clock()

    async def align(self) -> None:
        """Start and end subscriptions to match the hubs that the sources name."""
        states = await asyncio.to_thread(self._store.source_states)
        wanted = leases.topics(self._sources.values(), states) if self._callback else {}
        held: set[str] = set()
        for lease in tuple(self._leases.values()):
            if lease.state == "leaving":
                continue
            fits = wanted.get(lease.source) == (lease.hub, lease.topic)
            if fits and lease.callback.startswith(self._callback) and lease.source not in held:
                held.add(lease.source)
            else:
                await self._save(leases.leave(lease, self._clock()))
        for source in wanted.keys() - held:
            await self._save(self._make(source, *wanted[source]))

    def _make(self, source: str, hub: str, topic: str) -> Lease:
        path = secrets.token_urlsafe(32)
        return Lease(
            path=path,
            callback=self._callback + path,
            source=source,
            hub=hub,
            topic=topic,
            secret=secrets.token_urlsafe(32),
            due=self._clock(),
        )

    # --- asking ----------------------------------------------------------------------------

    def is_due(self) -> bool:
        """Return whether there is something for `step` to do."""
        now = self._clock()
        return bool(self._unsaved) or any(
            leases.is_due(lease, now) for lease in self._leases.values()
        )

    async def follow_clock(self, step: timedelta) -> None:
        """Move all times after the clock was set by `step`."""
        self._missed = {source: when + step for source, when in self._missed.items()}
        for lease in tuple(self._leases.values()):
            await self._save(leases.shifted(lease, step))

    async def step(self) -> None:
        """Ask hubs to start, renew or end what is due, a few at a time; failures are retried later."""
        while self._unsaved:
            if lease := self._leases.get(self._unsaved.pop()):
                await self._save(lease)
        now = self._clock()
        due = sorted((one for one in self._leases.values() if leases.is_due(one, now)), key=_turn)
        await asyncio.gather(*(self._ask(lease) for lease in due[:_AT_ONCE]))

    async def _ask(self, lease: Lease) -> None:
        if leases.is_over(lease):
            await self._drop(lease)
            return
        lease = leases.ask(lease, self._clock(), self._jitter())
        await self._save(lease)  # before the request: a hub may call back before it answers
        problem = ""
        try:
            status = await self._poster.post(lease.hub, _form(lease))
            if not 200 <= status < 300:
                problem = f"status {status}"
        except FetchError as error:
            problem = str(error)
        if problem:
            _log.warning(
                "request to the hub failed", source=lease.source, tries=lease.tries, error=problem
            )
        else:
            _log.info("hub asked", source=lease.source, leaving=lease.state == "leaving")

    # --- what hubs say ---------------------------------------------------------------------

    async def verify(self, path: str, question: Mapping[str, str]) -> str | None:
        """Return the challenge that confirms a hub's request; None to refuse it."""
        lease = self._leases.get(path)
        if lease is None or question.get("hub.topic") != lease.topic:
            return None
        mode, challenge = question.get("hub.mode"), question.get("hub.challenge", "")
        if mode == "denied":
            _log.warning("the hub denied a subscription", source=lease.source)
            await self._save(leases.deny(lease, self._clock()))
            return ""
        if not 0 < len(challenge) <= _CHALLENGE_MOST:
            return None
        if mode == "subscribe" and lease.state == "wanted":
            seconds = question.get("hub.lease_seconds", "")
            lease = leases.verify(lease, seconds, self._clock(), self._jitter())
            _log.info("subscribed", source=lease.source, until=str(lease.until))
            await self._save(lease)
            return challenge
        if mode == "unsubscribe" and lease.state == "leaving":
            _log.info("unsubscribed", source=lease.source)
            await self._drop(lease)
            return challenge
        return None

    def expects(self, path: str) -> int:
        """Return the status for a push to this path: 202 to accept, 404 or 410."""
        lease = self._leases.get(path)
        if lease is None:
            return 404
        return 202 if lease.state == "wanted" else 410

    def receive(self, path: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Accept a document for the source of this path, if its signature is valid.

        Only the path determines the source. `headers` are in lower case.
        """
        lease = self._leases.get(path)
        if lease is None or lease.state != "wanted":
            return
        signature = headers.get("x-hub-signature", "")
        if not is_signed(content, lease.secret, signature):
            self._discarded("invalid signature", lease)
            return
        named = dict(leases.links(headers.get("link", ""), lease.topic)).get("self", lease.topic)
        if _key(named) != _key(lease.topic):
            self._discarded("its topic is another one", lease)
            return
        source = self._sources.get(lease.source)
        if source and content.strip():
            kind = headers.get("content-type", "")[:1000]
            self._count_silent(lease, 0)
            document = Document(name=source.id, content=content, url=lease.topic, content_type=kind)
            if not self._inbox.put(lease.source, document):
                self._discarded(
                    "the inbox is full; the source will be fetched",
                    lease,
                )
                self.miss(lease.source)

    def _discarded(self, reason: str, lease: Lease) -> None:
        """Log what a hub did, at most once a minute."""
        now = self._clock()
        if abs(now - self._warned.get(lease.source, _NEVER)) >= _QUIET:
            self._warned[lease.source] = now
            _log.warning("pushed document discarded", source=lease.source, reason=reason)

    # --- remembering -----------------------------------------------------------------------

    async def _save(self, lease: Lease) -> None:
        """Save a lease; of concurrent changes the last one wins."""
        self._leases[lease.path] = lease
        async with self._writing:
            latest = self._leases.get(lease.path)
            if latest is not None:
                await asyncio.to_thread(self._store.save_lease, latest)

    async def _drop(self, lease: Lease) -> None:
        self._leases.pop(lease.path, None)
        async with self._writing:
            await asyncio.to_thread(self._store.drop_lease, lease.path)


def _turn(lease: Lease) -> tuple[datetime, str]:
    return lease.due, lease.path


def _key(address: str) -> str:
    return urls.same_key(address) or address


def _form(lease: Lease) -> tuple[tuple[str, str], ...]:
    form = (
        ("hub.callback", lease.callback),
        ("hub.topic", lease.topic),
        ("hub.verify", "async"),  # that old hubs require
    )
    if lease.state == "leaving":
        return (("hub.mode", "unsubscribe"), *form)
    seconds = str(int(leases.WANTED.total_seconds()))
    return (
        ("hub.mode", "subscribe"),
        *form,
        ("hub.secret", lease.secret),
        ("hub.lease_seconds", seconds),
    )
