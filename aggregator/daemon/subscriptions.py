"""Keeps the subscriptions to hubs up to date, in the background."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from aggregator.core.logger import get_logger
from aggregator.core.model import Source
from aggregator.core.report import RunReport
from aggregator.daemon.tasks import OneAtATime, Tasks
from aggregator.websub import Subscriber

_log = get_logger()


class Subscriptions:
    """What the daemon does with its subscriber; nothing without one."""

    def __init__(self, subscriber: Subscriber | None, sources: Iterable[Source]) -> None:
        self.tasks = Tasks()  # apart: a request to a hub delays neither a reload nor a run
        self._subscriber = subscriber
        self._identities = {source.id: source.identity for source in sources}
        self._updating = OneAtATime(self.tasks, self._contact)
        self._current = False  # match the hubs that the sources name

    def update(self) -> None:
        """Contact the hubs in the background, if that is due and not under way."""
        if self._subscriber and (self._subscriber.is_due() or not self._current):
            self._updating.start()

    def live(self) -> Mapping[str, datetime]:
        """Return since when hubs push all new entries, by identity of the source."""
        return self._subscriber.live() if self._subscriber else {}

    async def follow_clock(self, step: timedelta) -> None:
        """Move all times after the clock was set."""
        if self._subscriber:
            await self._subscriber.follow_clock(step)

    def note_run(self, report: RunReport) -> None:
        """Note what polls found that a hub should have pushed; the sources may name new hubs."""
        if self._subscriber is None:
            return
        for one in report.sources:
            if one.id in self._identities and one.outcome in ("ok", "unchanged"):
                self._subscriber.note_poll(self._identities[one.id], one.new)
        self._current = False
        self.update()

    async def _contact(self) -> None:
        if self._subscriber is None:
            return
        try:
            if not self._current:
                self._current = True
                await self._subscriber.align()
            await self._subscriber.step()
        except Exception:  # noqa: BLE001  logged with traceback
            self._current = False
            _log.exception("updating hub subscriptions failed")
