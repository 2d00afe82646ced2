"""`aggregator fetch`: one run and its report."""

import asyncio
import dataclasses
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.daemon_requests import request_run
from aggregator.cli.options import (
    AllowPrivate,
    ConfigPath,
    DataPath,
    Json,
    Quiet,
    open_logs,
    read_config,
)
from aggregator.cli.output import Progress, count, print_error, print_json, print_line, printable
from aggregator.cli.tables import table
from aggregator.core.errors import ConfigError, DataFolderBusy
from aggregator.core.model import Source
from aggregator.core.profile import run as run_profile
from aggregator.core.report import RunReport, SourceReport

if TYPE_CHECKING:
    from aggregator.bootstrap import Application
    from aggregator.config import Config

_MAX_JSON_ROWS = 20_000  # of entries and of stories in the JSON report
_MAX_SKIPPED_SHOWN = 10

_Sources = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="ID", help="Fetch only this source; can be repeated."),
]
_Urls = Annotated[
    list[str] | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Fetch only this URL, with the settings but not the other sources of the configuration.",
    ),
]
_Force = Annotated[
    bool, typer.Option("--force", help="Also fetch sources that are on hold or gone.")
]
_Profile = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE",
        help="Write seconds, CPU seconds, bytes and counts of each stage of the run to a JSON file.",
    ),
]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Show what a run would do; change nothing.")]


def register(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(fetch)


def fetch(  # noqa: PLR0917  typer reads the options from the signature
    config: ConfigPath = None,
    data: DataPath = None,
    source: _Sources = None,
    url: _Urls = None,
    allow_private: AllowPrivate = None,
    force: _Force = False,
    dry_run: _Dry = False,
    profile: _Profile = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Fetch all sources once, group and publish. Exit 1 if nothing could be done."""
    if profile:
        run_profile.start()
    with run_profile.measure("start"):
        # slow to import: only this command needs the whole pipeline
        from aggregator import bootstrap  # noqa: PLC0415
        from aggregator import config as configuration  # noqa: PLC0415

        open_logs("error" if quiet else "warning")
        read = read_config(config, data, optional=bool(url))
    wanted = list(source or ())
    if url:
        read, ids = _with_addresses(read, url, quiet=quiet)
        wanted = list(dict.fromkeys([*wanted, *ids]))
    read = configuration.with_allowed(read, allow_private or ())
    with _folder(read, dry_run=dry_run) as settled:
        opened = bootstrap.open_application(settled)
        application = dataclasses.replace(opened, announce=not dry_run)
        try:
            try:
                report = _run(application, wanted, force=force, quiet=quiet)
            except DataFolderBusy as busy:
                own = bool(url or allow_private)
                report = request_run(
                    settled.data, busy, source or (), force=force, own=own, quiet=quiet
                )
            _show(application, report, read.data if dry_run else None, json=json, quiet=quiet)
        finally:
            application.close()
    if profile:
        profile.write_text(dumps(run_profile.as_json(), indent=1) + "\n", encoding="utf-8")
    return 1 if report.errors or not report.sources else 0


def _with_addresses(read: "Config", urls: list[str], *, quiet: bool) -> "tuple[Config, list[str]]":
    """Return the configuration with these URLs as additional sources, and the ids to fetch.

    A URL that is configured already is fetched as that source, so that its entries are not stored
    twice. The other configured sources stay, because feeds may select them, but are not fetched.
    """
    from aggregator import config as configuration  # noqa: PLC0415  as above
    from aggregator.config import addresses  # noqa: PLC0415  as above

    known = {addresses.comparison_key(one.url): one for one in read.sources if one.url}
    new: list[Source] = []
    ids: list[str] = []
    for one in configuration.with_addresses(read, urls).sources:
        source = known.setdefault(addresses.comparison_key(one.url), one)
        ids.append(source.id)
        if source is one:
            new.append(one)
        elif source in read.sources and not quiet:
            print_error(printable(f"this URL is configured: fetching it as source {source.id}"))
    return dataclasses.replace(read, sources=(*read.sources, *new)), ids


@contextmanager
def _folder(read: "Config", *, dry_run: bool) -> Iterator["Config"]:
    """Yield the configuration to use; for a dry run its data folder is a temporary copy."""
    if not dry_run:
        yield read
        return
    if read.store != "sqlite":
        raise ConfigError("--dry-run needs a copy of the database, which only works with sqlite")
    with tempfile.TemporaryDirectory(prefix="aggregator-") as name:
        _copy(read.data, Path(name))
        yield dataclasses.replace(read, data=Path(name))
    print_error("dry run: nothing was changed")


def _copy(data: Path, folder: Path) -> None:
    """Copy the data folder; databases are copied as a consistent snapshot."""
    if not data.is_dir():
        return
    for file in data.iterdir():
        if file.suffix == ".db":
            with (
                closing(sqlite3.connect(file)) as old,
                closing(sqlite3.connect(folder / file.name)) as new,
            ):
                old.backup(new)
        elif file.is_file() and file.name != "lock" and not file.name.endswith(("-wal", "-shm")):
            shutil.copyfile(file, folder / file.name)
    if (data / "feeds").is_dir():
        shutil.copytree(data / "feeds", folder / "feeds", copy_function=shutil.copyfile)


def _run(application: "Application", ids: list[str], *, force: bool, quiet: bool) -> RunReport:
    sources = application.pick(ids)
    progress = Progress(len(sources))
    with application.lock(), progress.shown(quiet=quiet):
        run = application.run_once(sources, force=force, progress=progress.step)
        return asyncio.run(run)


def _show(
    application: "Application", report: RunReport, real: Path | None, *, json: bool, quiet: bool
) -> None:
    """Print the report of a run; `real` is the unchanged data folder of a dry run."""
    if not report.sources:
        print_error("aggregator: no source to fetch: add one under sources:, or use --url")
    for error in report.errors:
        print_error(f"aggregator: {printable(error)}")
    if json:
        print_json(as_json(application, report))
        return
    headings = ("source", "outcome", "new", "modified", "seconds", "")
    rows = [
        [one.id, one.outcome, str(one.new), str(one.modified), f"{one.seconds:.1f}", one.error]
        for one in report.sources
    ]
    wide = len(headings) if any(one.error for one in report.sources) else -1
    table(headings[:wide], [row[:wide] for row in rows], quiet=quiet, fold=("",))
    if not quiet:
        for line in _summary(report):
            print_line(line)
        for path in report.written:
            place = real and real / path.relative_to(application.config.data)
            print_line(f"would write {place}" if place else f"wrote {path}")


def _summary(report: RunReport) -> Iterator[str]:
    skipped = [(one.id, left) for one in report.sources for left in one.skipped]
    for source, left in skipped[:_MAX_SKIPPED_SHOWN]:
        yield printable(f"skipped {source}: {left.where}: {left.reason}")
    if len(skipped) > _MAX_SKIPPED_SHOWN:
        yield f"and {len(skipped) - _MAX_SKIPPED_SHOWN} more skipped; --json lists them all"
    yield f"{count(report.stories_new, 'story')} new, {report.stories_changed} changed"


def as_json(application: "Application", report: RunReport) -> dict[str, Any]:
    """Return a run's report as JSON values, with at most 20,000 entries and stories each.

    These are the entries of this run's documents and those of the published stories.
    """
    from aggregator.core import ids  # noqa: PLC0415  as above

    store = application.store
    names = {source.identity: source.id for source in application.config.sources}
    keys = dict.fromkeys(key for one in report.sources for key in one.entries)
    wanted = dict.fromkeys(report.published)
    wanted.update((story.id, None) for story in store.stories_of(keys))
    stories = store.stories(islice(wanted, _MAX_JSON_ROWS))
    known = {entry.key: entry for shown in stories for entry in shown.entries}
    missing = [key for key in keys if key not in known]
    known.update((entry.key, entry) for entry in store.entries(missing[:_MAX_JSON_ROWS]))
    return {
        "outcome": report.outcome,
        "sources": [_source_json(one) for one in report.sources],
        "entries": [
            {
                "id": ids.entry_id(entry.key),
                "title": entry.entry.title,
                "source": names.get(entry.source_id, entry.source_id),
                "link": entry.entry.link,
            }
            for entry in islice(known.values(), _MAX_JSON_ROWS)
        ],
        "stories": [
            {
                "id": shown.story.id,
                "title": shown.lead.entry.title,
                "members": [ids.entry_id(member.key) for member in shown.story.members],
            }
            for shown in stories
        ],
    }


def _source_json(one: SourceReport) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: getattr(one, name)
        for name in ("id", "outcome", "new", "modified", "seconds", "error")
    }
    if one.skipped:
        shown["skipped"] = [{"where": left.where, "reason": left.reason} for left in one.skipped]
    return shown
