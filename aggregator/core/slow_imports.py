"""Imports modules that take long in a thread, so that the event loop does other work meanwhile."""

import asyncio
import importlib

_imported: set[str] = set()


async def imported(*names: str) -> None:
    """Return when modules are imported: then importing them again takes no time."""
    if not _imported.issuperset(names):
        await asyncio.to_thread(_import, names)


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)
        _imported.add(name)
