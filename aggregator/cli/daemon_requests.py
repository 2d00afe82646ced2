"""What a command does while a daemon holds the data folder."""

from collections.abc import Sequence
from pathlib import Path

from aggregator.cli.output import print_error
from aggregator.core.errors import DataFolderBusy
from aggregator.core.report import RunReport


def request_run(
    data: Path, busy: DataFolderBusy, ids: Sequence[str], *, force: bool, own: bool, quiet: bool
) -> RunReport:
    """Let the daemon do a run and return its report, or raise `busy` with what to do instead.

    `own`: the command has addresses or permissions of its own, which the daemon does not know.
    """
    from aggregator.store import handover  # noqa: PLC0415  `--help` need not load the store

    if not handover.has_daemon(data):
        raise busy
    if own:
        raise DataFolderBusy(
            f"aggregator run is working in the data folder {data}: it takes --source and --force alone; "
            "stop it, or give another folder with --data"
        )
    if not quiet:
        print_error("aggregator run is working in this data folder: it does the run")
    return handover.request_fetch(data, ids, force=force)


def when_applied(data: Path) -> str:
    """Say when a correction is applied: by a daemon at once, else by the next run."""
    from aggregator.store import handover  # noqa: PLC0415  as above

    if handover.has_daemon(data):
        return f"aggregator run applies it within {handover.LOOK_SECONDS} seconds"
    return "the next run applies it"
