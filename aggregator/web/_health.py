"""The health check: whether the store can be read, feeds are published and sources respond."""

from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from pathlib import Path

from aggregator.core.errors import StoreError
from aggregator.core.model import SourceState

Health = dict[str, object]


def check_health(
    read_states: Callable[[], Mapping[str, SourceState]],
    files: Mapping[str, Path],
    *,
    named: Container[str],
    now: datetime,
    status: Mapping[str, object],
) -> tuple[bool, Health]:
    """Return whether the service is healthy, and the details.

    All files are checked; only those in `named` are listed. A failing source is counted, but it
    does not make the service unhealthy.
    """
    feeds = {name: _published_at(path) for name, path in files.items()}
    try:
        states = read_states()
        problem = ""
    except StoreError as error:
        states, problem = {}, str(error)
    healthy = not problem and all(feeds.values())
    health: Health = {
        "status": "ok" if healthy else "failing",
        "time": now.isoformat(),
        "store": problem or "ok",
        "feeds": {name: when for name, when in feeds.items() if name in named},
        "sources": _count_sources(states),
        **status,
    }
    return healthy, health


def _published_at(path: Path) -> str | None:
    """Return when the file was written; None if it does not exist."""
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC).isoformat()
    except OSError:
        return None


def _count_sources(states: Mapping[str, SourceState]) -> dict[str, object]:
    successes = [state.last_success for state in states.values() if state.last_success]
    return {
        "known": len(states),
        "failing": sum(state.failures > 0 for state in states.values()),
        "gone": sum(state.gone for state in states.values()),
        "last_success": max(successes).isoformat() if successes else None,
    }
