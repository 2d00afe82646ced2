"""Shared options, and loading of the configuration."""

import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from aggregator.core import logger
from aggregator.core.log_stream import LogStream

if TYPE_CHECKING:
    from aggregator.config import Config
    from aggregator.core.errors import ConfigError

DEFAULT = Path("config/aggregator.yaml")

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration file; default: $AGGREGATOR_CONFIG, then config/aggregator.yaml.",
    ),
]
DataPath = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder, instead of `data` in the configuration."
    ),
]
AllowPrivate = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-private",
        metavar="WHAT",
        help="Allow a private address, network or host name, optionally with a port.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")]


def config_path(given: Path | None) -> Path:
    """Return the configuration file: the option, else the environment variable, else the default."""
    if given is not None:
        return given
    named = os.environ.get("AGGREGATOR_CONFIG")
    return Path(named) if named else DEFAULT


def fault_json(fault: "ConfigError") -> dict[str, Any]:
    """Return one configuration fault as JSON values."""
    return {
        "file": None if fault.path is None else str(fault.path),
        "line": fault.line,
        "column": fault.column,
        "key": fault.key,
        "problem": fault.problem,
    }


def open_logs(
    level: Literal["debug", "info", "warning", "error"],
    form: str = "text",
    *,
    background: bool = False,
) -> LogStream:
    """Write log events of this level and above to standard error; return its stream.

    `AGGREGATOR_LOG` takes precedence over the form. A reader that is gone ends nothing, and in the
    `background` one that is stuck delays nothing.
    """
    wanted = os.environ.get("AGGREGATOR_LOG") or form
    stream = LogStream(sys.stderr, background=background, on_room=logger.tell_dropped)
    logger.configure(stream, level=level, form="json" if wanted == "json" else "text")
    return stream


def inspect_config(
    given: Path | None, data: Path | None = None
) -> "tuple[Config, tuple[ConfigError, ...]]":
    """Load the configuration and its warnings, or raise ConfigError."""
    from aggregator import config  # noqa: PLC0415  as below

    read, warnings = config.load_with_warnings(config_path(given), os.environ)
    return (dataclasses.replace(read, data=data.absolute()) if data else read), warnings


def read_config(
    given: Path | None, data: Path | None = None, *, optional: bool = False
) -> "Config":
    """Load the configuration, or raise ConfigError; an optional file that is missing gives defaults."""
    from aggregator import config  # noqa: PLC0415  pydantic and yaml: a tenth of a second

    path = config_path(given)
    named = given is not None or bool(os.environ.get("AGGREGATOR_CONFIG"))
    if optional and not named and not path.exists():
        read = config.loads("", path, os.environ)
    else:
        read = config.load(path, os.environ)
    return dataclasses.replace(read, data=data.absolute()) if data else read
