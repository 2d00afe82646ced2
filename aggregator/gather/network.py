"""Tells an outage of our own network from hosts that are down, by what several of them answer."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Literal

from aggregator.core.backoff import doubled

Verdict = Literal["book", "outage"]

_FIRST_SECONDS, _LONGEST = 5.0, 900.0  # between two attempts during an outage
_HOSTS = 2  # that worked before and fail together, while no other host is reached
_LOCAL_PATIENCE, _LOCAL_SECONDS = 60, 30.0  # of attempts that do not leave this machine
_PATIENCE = 12  # attempts at the shortest spans: an outage of a minute or two is the usual one


class Network:
    """Whether our network is down; times are seconds of a monotonic clock.

    A host that failed is no evidence again until it was reached: hosts that are down for good do
    not look like an outage again and again.
    """

    def __init__(self) -> None:
        self.down = False
        self._failed: set[str] = set()  # since a host was reached last
        self._suspects: set[str] = set()
        self._tries = 0
        self._next_try = 0.0

    def judge(
        self,
        reached: AbstractSet[str],
        failed: AbstractSet[str],
        now: float,
        *,
        at_once: bool = False,
    ) -> Verdict:
        """Note which hosts a run reached and which not; say whose fault the failures are.

        `at_once`: the attempts failed on this machine, so that further ones disturb nobody.
        """
        if reached:
            self.down, self._tries = False, 0
            self._suspects |= self._failed | failed
            self._suspects -= reached
            self._failed.clear()
            return "book"
        if not failed:
            return "outage" if self.down else "book"
        self._failed |= failed
        if not self.down and len(self._failed - self._suspects) < _HOSTS:
            return "book"
        self.down = True
        patience, longest = (_LOCAL_PATIENCE, _LOCAL_SECONDS) if at_once else (_PATIENCE, _LONGEST)
        self._next_try = now + doubled(_FIRST_SECONDS, self._tries - patience, longest)
        self._tries += 1
        return "outage"

    def may_try(self, now: float) -> bool:
        """Say whether one source may be asked during an outage, to find out whether it is over."""
        return self.down and now >= self._next_try

    def best(self, hosts: Iterable[str]) -> int:
        """Return the index of the host to try: one that did not fail before, if there is one."""
        ranks = [(host in self._suspects, host in self._failed) for host in hosts]
        return ranks.index(min(ranks))
