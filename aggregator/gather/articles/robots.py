"""Asks robots.txt before a page is requested; what a host answered is kept for a day."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.core.errors import DisallowedByRobots, EmptyDocument, FetchError, HTTPStatus
from aggregator.core.model import Fetched, Source, Validators
from aggregator.core.ports import Clock, Fetcher
from aggregator.gather.articles.robots_rules import EVERYTHING, NOTHING, Rules, product, read_rules
from aggregator.text.charset import decode

PRODUCT = "storyfold"  # the robot's name, unless the configuration sets a user agent
_MAX_HOSTS = 1_000
_KEPT, _KEPT_IF_UNREACHABLE = timedelta(hours=24), timedelta(minutes=30)
_TIMEOUT = timedelta(seconds=15)
_TOO_MANY_REQUESTS = 429


@dataclass(slots=True)
class _Answer:
    """What one host answered; `reason` says why nothing is allowed if it did not."""

    rules: Rules = EVERYTHING
    reason: str = ""
    until: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Robots:
    """The robots.txt of all hosts, fetched like feeds: guarded, spaced, limited."""

    def __init__(self, fetcher: Fetcher, user_agent: str, clock: Clock) -> None:
        self._fetcher = fetcher
        self._name = product(user_agent)
        self._clock = clock
        self._answers: OrderedDict[str, _Answer] = OrderedDict()

    async def permit(self, url: str) -> None:
        """Return if the URL may be requested; raise DisallowedByRobots."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        answer = self._answers.setdefault(origin, _Answer())
        self._answers.move_to_end(origin)
        while len(self._answers) > _MAX_HOSTS:
            self._answers.popitem(last=False)
        async with answer.lock:
            if answer.until is None or answer.until <= self._clock():
                await self._ask(origin, answer)
        if not answer.rules.allows(url):
            reason = answer.reason or "robots.txt of this host does not allow it"
            raise DisallowedByRobots(reason, is_final=not answer.reason)

    async def _ask(self, origin: str, answer: _Answer) -> None:
        """Fetch a robots.txt. Without one all is allowed; if the server fails, nothing is for now."""
        answer.rules, answer.reason, kept = EVERYTHING, "", _KEPT
        try:
            source = Source(id="robots.txt", url=f"{origin}/robots.txt", timeout=_TIMEOUT)
            fetched = await self._fetcher.fetch(source, Validators())
            if isinstance(fetched, Fetched):
                document = fetched.documents[0]
                text = decode(document.content, content_type=document.content_type)
                answer.rules = read_rules(text, self._name)
        except EmptyDocument:
            pass
        except FetchError as error:
            status = error.status if isinstance(error, HTTPStatus) else 0
            if not (400 <= status < 500 and status != _TOO_MANY_REQUESTS):
                answer.rules, answer.reason = NOTHING, f"robots.txt cannot be read: {error}"
                kept = _KEPT_IF_UNREACHABLE
        answer.until = self._clock() + kept
