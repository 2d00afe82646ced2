"""`aggregator doctor`: checks the installation and suggests fixes."""

import os
import shutil
import socket
import sys
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet, inspect_config
from aggregator.cli.output import coloured, count, print_json, print_line, printable
from aggregator.core import advice
from aggregator.core.errors import AggregatorError, ConfigError, SchemaTooNew, faults
from aggregator.core.model import Source, SourceState
from aggregator.core.plugins import Plugins

if TYPE_CHECKING:
    from aggregator.bootstrap import Application
    from aggregator.config import Config

_MIN_FREE_BYTES = 200_000_000  # free disk space below this is a warning
_CRITICAL_FREE_BYTES = 20_000_000  # free disk space below this is a fault
_MAX_RESPONSE_BYTES = 8192
_EARLIEST_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # an earlier clock is wrong
_CLOCK_TOLERANCE = timedelta(minutes=10)
_MAX_BACKUP_AGE = timedelta(days=2)
_MAX_NAMED = 3  # sources in one finding
_MAX_FAILING = timedelta(days=3)  # without a success, after which a source is reported


State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its result; `mend` is what to do about a problem."""

    state: State
    what: str
    mend: str = ""


def register(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(doctor)


def doctor(
    config: ConfigPath = None, data: DataPath = None, json: Json = False, quiet: Quiet = False
) -> int:
    """Check the installation and suggest fixes; exit 1 if there is a fault."""
    found = list(examine(config, data))
    for one in found:
        if json:
            print_json(asdict(one))
        elif one.state != "ok" or not quiet:
            print_line(f"{coloured(f'{one.state:<8}')} {printable(one.what)}")
            for line in one.mend.splitlines():
                print_line(f"         {printable(line)}")
    return int(any(one.state == "fault" for one in found))


def examine(config: Path | None, data: Path | None) -> Iterator[Finding]:
    """Check everything that a run needs, and yield the findings."""
    from aggregator.config.serving import DEFAULT_PORT  # noqa: PLC0415  pydantic

    yield from _machine()
    try:
        read, warnings = inspect_config(config, data)
    except ConfigError as error:
        for one in faults(error):
            yield Finding("fault", str(one).split("\n", maxsplit=1)[0], _fix_of_config(one))
        return
    yield Finding("ok", f"configuration: {read.path}, {count(len(read.sources), 'source')}")
    for one in warnings:
        state: State = "fault" if one.key == "sources" else "warning"
        yield Finding(state, str(one), _FIXES.get(one.key, "change that line"))
    folder = list(_folder(read.data))
    yield from folder
    if not any(one.state == "fault" for one in folder):
        yield from _store(read)
    yield from _port(DEFAULT_PORT)


_FIXES = {
    "sources": "no source is followed: aggregator sources add URL",
    "public_url": "readers use this address: it needs the same port, or a proxy that forwards to it",
}


def _fix_of_config(error: ConfigError) -> str:
    if "no such file" in error.problem:
        return "run aggregator init, or choose a file with --config"
    if "is not set" in error.problem or "is empty: set it" in error.problem:
        return "set the variable in the shell, service unit or container that starts aggregator"
    place = f"line {error.line} of " if error.line else ""
    return f"change it in {place}{error.path or 'the configuration'}, then: aggregator check"


def _machine() -> Iterator[Finding]:
    yield Finding("ok", f"Python {sys.version.split()[0]}")
    try:
        zoneinfo.ZoneInfo("Asia/Shanghai")
    except zoneinfo.ZoneInfoNotFoundError:
        mend = "install the system's time zones (tzdata): dates without an offset need them"
        yield Finding("fault", "no time zones on this machine", mend)


def _clock(states: Mapping[str, SourceState], now: datetime) -> Iterator[Finding]:
    """Check that the clock is not before the last fetch or before the release of this program."""
    mend = "set the clock: timedatectl set-ntp true (or ntpd, chrony); stored dates are corrected automatically"
    times = [state.last_fetch for state in states.values() if state.last_fetch]
    if times and max(times) > now + _CLOCK_TOLERANCE:
        last = f"{max(times):%Y-%m-%d %H:%M}"
        what = f"the clock says {now:%Y-%m-%d %H:%M}, but sources were fetched at {last} (UTC)"
        yield Finding("fault", what, mend)
    elif now < _EARLIEST_TIME:
        yield Finding("fault", f"the clock says {now:%Y-%m-%d}, which is in the past", mend)


def _folder(data: Path) -> Iterator[Finding]:
    """Check the data folder, or the folder that will contain it."""
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        mend = "it is a file: set data: to a folder"
        if place.is_dir():
            mend = f"give this user write permission: chown -R {os.getuid()} {place}, or set data: elsewhere"
        yield Finding("fault", f"{place} cannot be written", mend)
        return
    yield Finding("ok", f"data folder: {data}")
    free = shutil.disk_usage(place).free
    if free < _MIN_FREE_BYTES:
        mend = (
            f"free disk space ({_MIN_FREE_BYTES // 10**6} MB should be free), shorten retention (stories.keep: 30d),"
            " or set data: to another disk"
        )
        what = f"the disk is full: {free // 10**6} MB are free in {place}"
        yield Finding("fault" if free < _CRITICAL_FREE_BYTES else "warning", what, mend)


def _store(read: "Config") -> Iterator[Finding]:
    from aggregator import bootstrap  # noqa: PLC0415  the pipeline: half a second

    try:
        application = bootstrap.open_application(read)
    except AggregatorError as error:
        yield Finding("fault", f"store: {error}", _fix_of_store(read, error))
        return
    try:
        database, journal = application.store.size()
        sizes = f"database {_megabytes(database)}, journal {_megabytes(journal)}"
        yield Finding("ok", f"store: {read.store.partition(':')[0]}, {sizes}")
        yield from _backups(read, bootstrap.now())
        yield from _sources(application, bootstrap.now())
        yield from _workers(application)
        yield from _hubs(application, bootstrap.now())
        yield from _feeds(application)
    finally:
        application.close()


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


def _backups(read: "Config", now: datetime) -> Iterator[Finding]:
    """Check that the nightly backups are made, if they are wanted."""
    if not read.backup.dir:
        return
    from aggregator.store import backup_file  # noqa: PLC0415  only here

    folder = Path(read.backup.dir)
    made = backup_file.nightly(folder)
    last = max((path.stat().st_mtime for path in made), default=None)
    if last is not None and now.timestamp() - last < _MAX_BACKUP_AGE.total_seconds():
        yield Finding("ok", f"backups: {len(made)} in {folder}")
        return
    when = (
        "none was made"
        if last is None
        else f"the last was made {datetime.fromtimestamp(last, UTC):%Y-%m-%d}"
    )
    mend = "the daemon makes one each night: look for `backup failed` in its log, or run aggregator backup FILE"
    yield Finding("warning", f"backups: {when} in {folder}", mend)


def _fix_of_store(read: "Config", error: AggregatorError) -> str:
    """Return what to do about a store that cannot be opened."""
    if isinstance(error, SchemaTooNew):
        return "update the program: an older version does not open the data of a newer one"
    if isinstance(error, ConfigError):
        return _fix_of_config(error)
    if read.store != "sqlite":
        return "check that the database server runs, and user, password and database name in store:"
    if "disk is full" in str(error):
        return "free disk space for the data folder"
    return (
        "move the database aside (mv aggregator.db aggregator.db.old): the journal and the feeds in"
        " the data folder preserve all ids"
    )


def _port(port: int) -> Iterator[Finding]:
    """Check whether the default port is free, ours, or used by another program."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            if _is_ours(port):
                yield Finding("ok", f"port {port}: in use by aggregator")
                return
            mend = f"choose another port: aggregator run --port {port + 1} (and change public_url:)"
            yield Finding("warning", f"port {port} is in use by another program", mend)


def _is_ours(port: int) -> bool:
    """Return whether the server on a port responds to /health as ours does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(b"GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            response = b""
            while len(response) < _MAX_RESPONSE_BYTES and (
                chunk := connection.recv(_MAX_RESPONSE_BYTES)
            ):
                response += chunk
    except OSError:
        return False
    return b'"feeds"' in response and b'"sources"' in response


def _sources(application: "Application", now: datetime) -> Iterator[Finding]:
    states = application.store.source_states()
    yield from _clock(states, now)
    unresolved: list[str] = []
    unknown: list[str] = []
    for source in application.config.sources:
        state = states.get(source.identity, SourceState())
        if not source.paused and source.identity not in states:
            unknown.append(source.id)
        if state.failures and advice.is_dns(state.error):
            unresolved.append(source.id)
        elif not source.paused and (found := _source(source, state, now)):
            yield found
    if unresolved:
        what = f"DNS: no name server responded for {_named(unresolved)}"
        yield Finding("warning", what, "check the network and /etc/resolv.conf; the sources are fetched again on schedule")  # fmt: skip
    if application.config.sources and not states:
        yield Finding(
            "warning", "no source has been fetched yet", "run aggregator fetch or aggregator run"
        )
    elif unknown:
        yield _not_fetched(unknown)


def _not_fetched(ids: Sequence[str]) -> Finding:
    """Report new sources: without a network nothing is recorded about them."""
    what = f"{_named(ids)} not fetched yet"
    mend = (
        "run aggregator fetch or aggregator run; if it runs, look for `network down` in its log:"
        " then no source answers, and they are fetched when the network is back"
    )
    return Finding("warning", what, mend)


def _named(ids: Sequence[str]) -> str:
    """Return "9 sources (a, b, c, …)": at most three of them by name."""
    more = ", …" if len(ids) > _MAX_NAMED else ""
    return f"{count(len(ids), 'source')} ({', '.join(ids[:_MAX_NAMED])}{more})"


def _source(source: Source, state: SourceState, now: datetime) -> Finding | None:
    if state.gone:
        return Finding("warning", f"{source.id} is gone", advice.find_fix("410", source))
    if state.error and (state.last_success is None or now - state.last_success > _MAX_FAILING):
        what = f"{source.id}: {state.error}"
        return Finding("warning", what, advice.find_fix(state.error, source))
    if state.permanent:
        from aggregator.text import urls  # noqa: PLC0415  its tables are read when first used

        mend = f"use url: {urls.redact(state.permanent)} and keep id: {source.id}"
        return Finding("warning", f"{source.id} has moved permanently", mend)
    return None


def _workers(application: "Application") -> Iterator[Finding]:
    """Report the sources that workers died of."""
    names = {one.identity: one.id for one in application.config.sources}
    for identity, since in application.store.sources_set_aside().items():
        what = f"{names.get(identity, identity)}: workers died of it, set aside on {since:%Y-%m-%d}"
        mend = "it is tried once a day; report it with its document, or set paused: true"
        yield Finding("warning", what, mend)


def _hubs(application: "Application", now: datetime) -> Iterator[Finding]:
    """Check whether hubs can push to this server."""
    if not application.config.websub.subscribe:
        return
    if problem := application.hub_problem():
        mend = (
            "set public_url: to an address that hubs can reach, or allow it in fetch.allow_private"
        )
        yield Finding("warning", f"websub: hubs are not used: public_url: {problem}", mend)
        return
    from aggregator.core import leases  # noqa: PLC0415  as above

    held = application.store.leases()
    live = sum(leases.is_live(one, now) for one in held)
    denied = sum(one.state == "denied" for one in held)
    wanted = sum(one.state == "wanted" for one in held)
    yield Finding("ok", f"websub: {live} of {wanted} subscriptions live")
    if denied:
        mend = "nothing: these sources are fetched on schedule"
        yield Finding("warning", f"websub: hubs denied {count(denied, 'subscription')}", mend)


def _feeds(application: "Application") -> Iterator[Finding]:
    renderers = Plugins("aggregator.publish.renderers")
    names = (
        f"{feed.name}.{renderers[form].EXTENSION}"
        for feed in application.config.feeds
        for form in feed.formats
    )
    missing = [name for name in names if not (application.folder / name).is_file()]
    for name in missing:
        yield Finding("warning", f"{name} is not published yet", "run aggregator fetch")
    if not missing:
        yield Finding("ok", f"published: {application.folder}")
