"""What the owner asks for on the pages: a source is fetched now, paused or resumed."""

import os
import signal
from dataclasses import dataclass

from aggregator.config import Config
from aggregator.config.pausing import set_paused
from aggregator.core.errors import AggregatorError
from aggregator.store import handover


@dataclass(frozen=True, slots=True)
class OwnerRequests:
    """Writes requests for the daemon, and the configuration, which the daemon reloads."""

    config: Config

    def can_fetch(self) -> bool:
        """Return whether a daemon takes requests."""
        return handover.has_daemon(self.config.data)

    def request_fetch(self, source_id: str) -> None:
        """Ask the daemon to fetch a source now, even if it is not due."""
        if not self.can_fetch():
            raise AggregatorError("No daemon is running: start `aggregator run`.")
        handover.leave_request(self.config.data, [source_id])

    def set_paused(self, source_id: str, *, paused: bool) -> None:
        """Pause or resume a source in the configuration file, which this process then reloads."""
        set_paused(self.config.path, os.environ, source_id, paused=paused)
        os.kill(os.getpid(), signal.SIGHUP)
