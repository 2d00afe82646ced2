"""What commands do while a daemon has locked the data folder."""

from collections.abc import Sequence
from pathlib import Path

from aggregator.cli.output import print_error
from aggregator.core.errors import DataFolderBusy
from aggregator.core.report import RunReport


def request_run(
    data: Path, busy: DataFolderBusy, ids: Sequence[str], *, force: bool, own: bool, quiet: bool
) -> RunReport:
    """Request a run from the daemon and return its report; raise `busy` if there is no daemon.

    `own`: the command has its own URLs or permissions, which a daemon cannot use.
    """
    from aggregator.store import handover  # noqa: PLC0415  `--help` need not load the store

    if not handover.has_daemon(data):
        raise busy
    if own:
        raise DataFolderBusy(
            f"aggregator run is working in the data folder {data}: with it only --source and --force can be used; "
            "stop it, or choose another folder with --data"
        )
    if not quiet:
        print_error("aggregator run is working in this data folder: it fetches the sources")
    return handover.request_fetch(data, ids, force=force)


def print_reload_hint(data: Path) -> None:
    """Print when a running daemon reloads the changed configuration; nothing without one."""
    from aggregator.store import handover  # noqa: PLC0415  as above

    if handover.has_daemon(data):
        print_error(
            f"aggregator run reloads the configuration within {2 * handover.LOOK_SECONDS} seconds"
        )


def when_applied(data: Path) -> str:
    """Return when a correction is applied: soon by a running daemon, else by the next run."""
    from aggregator.store import handover  # noqa: PLC0415  as above

    if handover.has_daemon(data):
        return f"aggregator run applies it within {handover.LOOK_SECONDS} seconds"
    return "the next run applies it"
