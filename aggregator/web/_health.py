"""What /health says: whether stories can be read and feeds are there, and how the sources fare."""

from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from pathlib import Path

from aggregator.core.errors import StoreError
from aggregator.core.model import SourceState

Health = dict[str, object]


def examine(
    read_states: Callable[[], Mapping[str, SourceState]],
    files: Mapping[str, Path],
    *,
    named: Container[str],
    now: datetime,
    more: Mapping[str, object],
) -> tuple[bool, Health]:
    """Return whether all is well enough to serve, and the figures.

    All files count, and `named` says which ones the figures name. A source that fails is its publisher's trouble, so it is counted but does not make us ill.
    """
    feeds = {name: _published(path) for name, path in files.items()}
    try:
        states = read_states()
        problem = ""
    except StoreError as error:
        states, problem = {}, str(error)
    well = not problem and all(feeds.values())
    health: Health = {
        "status": "ok" if well else "failing",
        "time": now.isoformat(),
        "store": problem or "ok",
        "feeds": {name: when for name, when in feeds.items() if name in named},
        "sources": _count(states),
        **more,
    }
    return well, health


def _published(path: Path) -> str | None:
    """Return when the file was written; None if it is not there."""
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC).isoformat()
    except OSError:
        return None


def _count(states: Mapping[str, SourceState]) -> dict[str, object]:
    successes = [state.last_success for state in states.values() if state.last_success]
    return {
        "known": len(states),
        "failing": sum(state.failures > 0 for state in states.values()),
        "gone": sum(state.gone for state in states.values()),
        "last_success": max(successes).isoformat() if successes else None,
    }
