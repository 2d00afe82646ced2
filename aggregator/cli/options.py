"""Options that many commands take, and how the configuration is found."""

import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from aggregator.config import Config
    from aggregator.core.errors import ConfigError

DEFAULT = Path("config/aggregator.yaml")

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration; else $AGGREGATOR_CONFIG, else config/aggregator.yaml.",
    ),
]
DataPath = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="In place of `data` in the configuration."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON for scripts, one object a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def config_path(given: Path | None) -> Path:
    """Return the file to read: the one given, else of the environment, else the usual one."""
    if given is not None:
        return given
    named = os.environ.get("AGGREGATOR_CONFIG")
    return Path(named) if named else DEFAULT


def fault_json(fault: "ConfigError") -> dict[str, Any]:
    """Return one fault of a configuration as scripts get it."""
    return {
        "file": None if fault.path is None else str(fault.path),
        "line": fault.line,
        "column": fault.column,
        "key": fault.key,
        "problem": fault.problem,
    }


def open_logs(level: Literal["debug", "info", "warning", "error"]) -> None:
    """Send what is logged to standard error, from this level on."""
    from aggregator.core import logs  # noqa: PLC0415  a tenth of a second, as above

    wanted = os.environ.get("AGGREGATOR_LOG", "text")
    logs.configure(sys.stderr, level=level, form="json" if wanted == "json" else "text")


def inspect_config(
    given: Path | None, data: Path | None = None
) -> "tuple[Config, tuple[ConfigError, ...]]":
    """Load the configuration and what in it can hardly be meant, or raise ConfigError."""
    from aggregator import config  # noqa: PLC0415  as below

    read, doubts = config.load_with_warnings(config_path(given), os.environ)
    return (dataclasses.replace(read, data=data.absolute()) if data else read), doubts


def read_config(
    given: Path | None, data: Path | None = None, *, optional: bool = False
) -> "Config":
    """Load the configuration, or raise ConfigError; defaults if there need not be a file."""
    from aggregator import config  # noqa: PLC0415  pydantic and yaml: a tenth of a second

    path = config_path(given)
    named = given is not None or bool(os.environ.get("AGGREGATOR_CONFIG"))
    if optional and not named and not path.exists():
        read = config.loads("", path, os.environ)
    else:
        read = config.load(path, os.environ)
    return dataclasses.replace(read, data=data.absolute()) if data else read
