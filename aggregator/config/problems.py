"""What is wrong with a configuration, collected so that all of it is said at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aggregator.core.errors import ConfigError, ConfigErrors

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault: where it stands in the values, the line if known, and the mend in words."""

    text: str
    where: tuple[str | int, ...] = ()
    line: int | None = None
    column: int | None = None
    excerpt: str = ""


class FaultAt(ValueError):  # noqa: N818  a fault of one key, found when several are compared
    """A value is wrong because of another one; `key` is where the mend belongs."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def show_key(where: tuple[str | int, ...]) -> str:
    """Write a place as people do: sources[2].interval."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in where]
    return "".join(parts).removeprefix(".")[:200]


def as_error(problem: Problem, path: Path) -> ConfigError:
    """Return a problem as an error of this file."""
    return ConfigError(
        problem.text,
        path=path,
        line=problem.line,
        column=problem.column,
        key=show_key(problem.where),
        excerpt=problem.excerpt,
    )


def raise_all(problems: Sequence[Problem], path: Path) -> None:
    """Raise one ConfigError for one problem, ConfigErrors for several, nothing for none."""
    ordered = sorted(problems, key=lambda one: one.line or 0)
    faults = [as_error(one, path) for one in ordered[:_MOST]]
    if len(ordered) > _MOST:
        faults.append(ConfigError(f"and {len(ordered) - _MOST} more", path=path))
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise ConfigErrors(faults)
