"""One clean merged feed of what many publishers report: one entry a story.

From Python, `run_once(load(Path("aggregator.yaml"), os.environ))` does what `aggregator fetch` does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregator.bootstrap import run_once
    from aggregator.config import Config, load
    from aggregator.core.report import RunReport, SourceReport

__all__ = ["Config", "RunReport", "SourceReport", "load", "run_once"]

_MODULES = {
    "Config": "config",
    "load": "config",
    "run_once": "bootstrap",
    "RunReport": "core.report",
    "SourceReport": "core.report",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `aggregator --help` stays fast."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  only where it is needed

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
