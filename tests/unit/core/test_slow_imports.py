"""Modules are imported in a thread, and afterwards at once."""

import asyncio
import sys

import pytest

from aggregator.core import slow_imports


def test_a_module_is_there_afterwards() -> None:
    name = "colorsys"
    sys.modules.pop(name, None)
    asyncio.run(slow_imports.imported(name))
    assert name in sys.modules


def test_a_module_that_is_missing_is_an_error_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            asyncio.run(slow_imports.imported("no_such_module_anywhere"))
