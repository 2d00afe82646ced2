"""How often workers look, and after what time one counts as dead."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of a worker, in seconds; all workers of a database have the same."""

    tick: float = 1.0  # between two looks for sources that are due
    heartbeat: float = 10.0
    stalled: float = 40.0  # without a heartbeat, after which the jobs of a worker are taken back
    role: float = 30.0  # that a role is held without being renewed
    claim: float = 900.0  # that a source may wait and be worked on
    settle: float = 60.0  # between two looks whether time alone changes a feed
    drain: float = 20.0  # that jobs may still take when a worker is told to stop

    @property
    def claim_span(self) -> timedelta:
        """How long a claim holds."""
        return timedelta(seconds=self.claim)

    @property
    def role_span(self) -> timedelta:
        """How long a role holds."""
        return timedelta(seconds=self.role)
