"""Plug-ins: each module of a folder is one, found by the name in the configuration."""

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
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
    check(package, name)
    return importlib.import_module(f"{package}.{name}")


def check(package: str, name: str) -> None:
    """Raise ConfigError, with the nearest known name, if there is no such plug-in; imports none."""
    known = names(package)
    if name not in known:
        kind = package.rpartition(".")[2]
        raise ConfigError(f"there is no {name!r} among the {kind}{did_you_mean(name, known)}")


class Plugins(Mapping[str, Any]):
    """The plug-ins of a package by name, each imported when it is first asked for."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getitem__(self, name: str) -> Any:
        if name not in names(self._package):
            raise KeyError(name)
        return load(self._package, name)

    def __iter__(self) -> Iterator[str]:
        return iter(names(self._package))

    def __len__(self) -> int:
        return len(names(self._package))


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
