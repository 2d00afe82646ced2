"""Combines the commands into one program and maps errors to exit statuses."""

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from aggregator.cli import (
    backup,
    doctor,
    evaluation,
    fetch,
    serve,
    setup,
    sources,
    stories,
    try_,
    workers,
)
from aggregator.cli.options import fault_json
from aggregator.cli.output import print_error, print_json, print_line, printable_lines
from aggregator.core.errors import (
    AggregatorError,
    ConfigError,
    DataFolderBusy,
    explain,
    faults,
)

BUSY, INTERRUPTED, PIPE_CLOSED = 3, 130, 141
_GC_THRESHOLD = (
    20_000  # new objects; runs make many that last and few cycles, and 700 costs a twentieth
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Merges many feeds into one clean feed with one entry per story.",
)
setup.register(app)
fetch.register(app)
serve.register(app)
workers.register(app)
app.add_typer(sources.app, name="sources")
app.add_typer(stories.app, name="stories")
app.add_typer(try_.app, name="try")
evaluation.register(app)
doctor.register(app)
backup.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        # slow to import
        from importlib.metadata import version  # noqa: PLC0415

        print_line(f"aggregator {version('storyfold')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Accept the options before the command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; errors are printed on standard error.

    0 done, 1 nothing could be done, 2 wrong usage or configuration, 3 the data folder is busy.
    """
    gc.set_threshold(_GC_THRESHOLD)
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        status = app(args=arguments, prog_name="aggregator", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # nobody reads the rest of the buffer: let the interpreter flush it to /dev/null
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except typer.TyperException as error:
        return _show_usage(error)
    except (AggregatorError, OSError) as error:
        status = _print_problem(error)
        if "--json" in arguments:
            print_json({"status": status} | errors_json(error))
    return status if isinstance(status, int) else 0


def _show_usage(error: typer.TyperException) -> int:
    show = getattr(error, "show", None)
    if show:
        show()
    return int(getattr(error, "exit_code", 2))


def _print_problem(error: AggregatorError | OSError) -> int:
    if isinstance(error, ConfigError):
        print_error(printable_lines(str(error)))
        return 2
    print_error(f"aggregator: {describe(error)}")
    return BUSY if isinstance(error, DataFolderBusy) else 1


def errors_json(error: AggregatorError | OSError) -> dict[str, Any]:
    """Return an error as JSON values; configuration faults include their location."""
    if not isinstance(error, ConfigError):
        return {"error": describe(error), "errors": [{"problem": describe(error)}]}
    return {"error": str(error), "errors": [fault_json(one) for one in faults(error)]}


def describe(error: AggregatorError | OSError) -> str:
    """Return an error as a sentence, including errors of the operating system."""
    if not isinstance(error, OSError):
        return str(error)
    place = error.filename2 or error.filename
    return f"{place}: {explain(error)}" if place is not None else explain(error)
