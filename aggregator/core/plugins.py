"""Plug-ins: each module of a folder is one, found by the name in the configuration."""

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import Any

from aggregator.core.errors import ConfigError


@cache
def names(package: str) -> tuple[str, ...]:
    """Return the plug-ins of a package, sorted; modules that begin with `_` are helpers."""
    spec = importlib.util.find_spec(package)  # imports nothing but the package's parent
    folders = spec.submodule_search_locations if spec else None
    found = (module.name for module in pkgutil.iter_modules(folders or []))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(package: str, name: str) -> Any:
    """Import the plug-in of this name, or raise ConfigError with the nearest known one."""
    known = names(package)
    if name not in known:
        kind = package.rpartition(".")[2]
        raise ConfigError(f"there is no {name!r} among the {kind}{did_you_mean(name, known)}")
    return importlib.import_module(f"{package}.{name}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the nearest known word, else all if they are few."""
    choices = list(known)
    folded = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold()[:100], folded, n=1)
    if near:
        return f"; did you mean {folded[near[0]]!r}?"
    if 0 < len(choices) <= 12:
        return f"; known: {', '.join(choices)}"
    return ""
