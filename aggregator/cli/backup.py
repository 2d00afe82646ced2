"""`aggregator backup` and `restore`: everything in one file; `store copy`: to another database."""

import shlex
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.options import ConfigPath, DataPath, Quiet, config_path, read_config
from aggregator.cli.output import count, print_line
from aggregator.core.errors import StoreError

_File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)]
_Force = Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")]
_To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="URL",
        help="The new database: postgresql://…, or sqlite for a file in the data folder.",
    ),
]

store_app = typer.Typer(no_args_is_help=True, help="Move the database.")


def register(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(backup)
    app.command()(restore)
    app.add_typer(store_app, name="store")


def backup(
    file: _File,
    config: ConfigPath = None,
    data: DataPath = None,
    force: _Force = False,
    quiet: Quiet = False,
) -> None:
    """Write database, journal, secrets, feeds and configuration into one file.

    A running daemon does not have to stop.
    """
    from aggregator import bootstrap  # noqa: PLC0415  slow, as in the other commands
    from aggregator.store import backup_file  # noqa: PLC0415

    read = read_config(config, data)
    kept = backup_file.make(
        file,
        data=read.data,
        store=read.store,
        config=read.path,
        now=bootstrap.now(),
        overwrite=force,
    )
    if not quiet:
        size = file.stat().st_size / 1_000_000
        print_line(f"wrote {file}: {count(len(kept.files), 'file')}, {size:.1f} MB")


def restore(
    file: _File, config: ConfigPath = None, data: DataPath = None, quiet: Quiet = False
) -> None:
    """Restore a backup into an empty data folder; ids and feeds are those of the backup.

    A configuration file that does not exist is restored as well.
    """
    from aggregator.store import backup_file, lock_folder  # noqa: PLC0415  slow, as above

    if not file.exists():
        raise StoreError(f"there is no backup {file}")
    path = config_path(config)
    with backup_file.unpacked(file, path.absolute().parent) as (place, kept):
        text = backup_file.config_text(place)
        if not path.exists() and text is not None:
            path.write_text(text, "utf-8")
        read = read_config(config, data)
        with lock_folder(read.data):
            backup_file.restore(place, data=read.data, store=read.store)
    if not quiet:
        made = f"{kept.made[:16].replace('T', ' ')} UTC"
        files = count(len(kept.files), "file")
        print_line(f"restored {files} of the backup made {made} into {read.data}")
        given = "".join(
            f" {name} {shlex.quote(str(value))}"
            for name, value in (("--config", config), ("--data", data))
            if value
        )
        print_line(f"next: aggregator doctor{given}, then aggregator run{given}")


@store_app.command("copy")
def copy(to: _To, config: ConfigPath = None, data: DataPath = None, quiet: Quiet = False) -> None:
    """Copy everything into another, empty database; then set `store` to it.

    The daemon has to be stopped.
    """
    from aggregator.config.fields import store_url  # noqa: PLC0415  slow, as above
    from aggregator.store import lock_folder, transfer  # noqa: PLC0415
    from aggregator.store.database import open_server, open_sqlite  # noqa: PLC0415
    from aggregator.store.opening import sqlite_path  # noqa: PLC0415

    read = read_config(config, data)
    try:
        store_url(to)  # what the configuration would refuse must not be filled first
    except ValueError as error:
        raise StoreError(f"--to: {error}") from error
    old, new = (sqlite_path(url, read.data) for url in (read.store, to))
    with (
        lock_folder(read.data),
        closing(open_server(read.store) if old is None else open_sqlite(old)) as source,
        closing(open_server(to) if new is None else open_sqlite(new)) as target,
    ):
        rows = transfer.copy(source, target)
    if not quiet:
        print_line(f"copied {count(rows, 'row')} to {target.place}")
        print_line(f"next: set `store` to it in {read.path}")
