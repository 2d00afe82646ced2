"""Problems of a configuration, collected so that all are reported at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aggregator.core.errors import ConfigError, ConfigErrors

_MAX_REPORTED_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem: its path in the values, its line if known, what is wrong and how to fix it."""

    text: str
    where: tuple[str | int, ...] = ()
    line: int | None = None
    column: int | None = None
    excerpt: str = ""


class KeyConflictError(ValueError):
    """A value conflicts with another one; `key` is the key to fix."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def show_key(where: tuple[str | int, ...]) -> str:
    """Format the path of a value: sources[2].interval."""
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
    faults = [as_error(one, path) for one in ordered[:_MAX_REPORTED_PROBLEMS]]
    if len(ordered) > _MAX_REPORTED_PROBLEMS:
        faults.append(ConfigError(f"and {len(ordered) - _MAX_REPORTED_PROBLEMS} more", path=path))
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise ConfigErrors(faults)
