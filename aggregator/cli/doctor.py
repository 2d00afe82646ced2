"""`aggregator doctor`: what is wrong with this installation, and how to mend it."""

import os
import shutil
import socket
import sys
import zoneinfo
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from aggregator.cli import advice
from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet, inspect_config
from aggregator.cli.output import coloured, count, print_json, print_line, printable
from aggregator.core.errors import AggregatorError, ConfigError, SchemaTooNew, faults
from aggregator.core.model import Source, SourceState

if TYPE_CHECKING:
    from aggregator.bootstrap import Application
    from aggregator.config import Config

_MIN_FREE_BYTES = 200_000_000  # bytes that should be free
_CRITICAL_FREE_BYTES = 20_000_000  # bytes without which nothing can be written
_MAX_RESPONSE_BYTES = 8192  # bytes of an answer that are looked at
_EARLIEST_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right says less
_CLOCK_TOLERANCE = timedelta(minutes=10)
_MAX_FAILING = timedelta(days=3)  # without success


State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do where it is not well."""

    state: State
    what: str
    mend: str = ""


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(doctor)


def doctor(
    config: ConfigPath = None, data: DataPath = None, json: Json = False, quiet: Quiet = False
) -> int:
    """Say what is wrong with this installation and how to mend it; exit 1 if something is."""
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
    """Look at everything that a run needs, and yield what was found."""
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
        yield Finding(state, str(one), _FIXES.get(one.key, "change it in that line"))
    folder = list(_folder(read.data))
    yield from folder
    if not any(one.state == "fault" for one in folder):
        yield from _store(read)
    yield from _port(DEFAULT_PORT)


_FIXES = {
    "sources": "no source is followed: aggregator sources add URL",
    "public_url": "readers must find the feeds there: the same port, or a proxy that leads to it",
}


def _fix_of_config(error: ConfigError) -> str:
    if "no such file" in error.problem:
        return "aggregator init, or name another with --config"
    if "is not set" in error.problem or "is empty: set it" in error.problem:
        return "export the variable in the shell, or in the unit or the container that starts us"
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
    """Compare the clock with what was remembered: a date before it, or long after, cannot be."""
    mend = "set the clock: timedatectl set-ntp true (or ntpd, chrony); dates follow by themselves"
    times = [state.last_fetch for state in states.values() if state.last_fetch]
    if times and max(times) > now + _CLOCK_TOLERANCE:
        last = f"{max(times):%Y-%m-%d %H:%M}"
        what = f"the clock says {now:%Y-%m-%d %H:%M}, but sources were asked at {last} (UTC)"
        yield Finding("fault", what, mend)
    elif now < _EARLIEST_TIME:
        yield Finding("fault", f"the clock says {now:%Y-%m-%d}: that is past", mend)


def _folder(data: Path) -> Iterator[Finding]:
    """Look at the data folder, or where it will be made."""
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        mend = "that is a file: set data: to a folder"
        if place.is_dir():
            mend = (
                f"let this user write there: chown -R {os.getuid()} {place}, or set data: elsewhere"
            )
        yield Finding("fault", f"{place} cannot be written", mend)
        return
    yield Finding("ok", f"data folder: {data}")
    free = shutil.disk_usage(place).free
    if free < _MIN_FREE_BYTES:
        mend = (
            f"make room ({_MIN_FREE_BYTES // 10**6} MB should be free), keep less (stories.keep: 30d),"
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
        yield Finding("ok", f"store: {read.store.partition(':')[0]}")
        yield from _sources(application, bootstrap.now())
        yield from _hubs(application, bootstrap.now())
        yield from _feeds(application)
    finally:
        application.close()


def _fix_of_store(read: "Config", error: AggregatorError) -> str:
    """Return what helps against a store that cannot be opened."""
    if isinstance(error, SchemaTooNew):
        return "update the program: an older one does not touch the data of a newer one"
    if isinstance(error, ConfigError):
        return _fix_of_config(error)
    if read.store != "sqlite":
        return "look whether the database server runs, and at user, password and name in store:"
    if "disk is full" in str(error):
        return "make room on the disk of the data folder"
    return (
        "move the database aside (mv aggregator.db aggregator.db.old): the journal and the feeds in"
        " the data folder keep all ids"
    )


def _port(port: int) -> Iterator[Finding]:
    """Say of the port that `run` and `serve` take whether another program has it, or we do."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            if _is_ours(port):
                yield Finding("ok", f"port {port}: aggregator serves there")
                return
            mend = f"choose another: aggregator run --port {port + 1} (and public_url: with it)"
            yield Finding("warning", f"port {port} is in use by another program", mend)


def _is_ours(port: int) -> bool:
    """Say whether who answers on a port tells what /health tells."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(b"GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            answer = b""
            while len(answer) < _MAX_RESPONSE_BYTES and (
                piece := connection.recv(_MAX_RESPONSE_BYTES)
            ):
                answer += piece
    except OSError:
        return False
    return b'"feeds"' in answer and b'"sources"' in answer


def _sources(application: "Application", now: datetime) -> Iterator[Finding]:
    states = application.store.source_states()
    yield from _clock(states, now)
    unresolved: list[str] = []
    for source in application.config.sources:
        state = states.get(source.identity, SourceState())
        if state.failures and advice.is_dns(state.error):
            unresolved.append(source.id)
        elif not source.paused and (found := _source(source, state, now)):
            yield found
    if unresolved:
        what = f"DNS: no name server answered for {count(len(unresolved), 'source')} ({', '.join(unresolved[:3])})"
        yield Finding("warning", what, "look at the network and at /etc/resolv.conf; they are asked again on schedule")  # fmt: skip
    if application.config.sources and not states:
        yield Finding("warning", "no source was ever asked", "aggregator fetch, or aggregator run")


def _source(source: Source, state: SourceState, now: datetime) -> Finding | None:
    if state.gone:
        return Finding("warning", f"{source.id} is gone", advice.find_fix("410", source))
    if state.error and (state.last_success is None or now - state.last_success > _MAX_FAILING):
        what = f"{source.id}: {state.error}"
        return Finding("warning", what, advice.find_fix(state.error, source))
    if state.permanent:
        from aggregator.text import urls  # noqa: PLC0415  its tables are read when first used

        mend = f"write url: {urls.redact(state.permanent)} and keep the id (id: {source.id})"
        return Finding("warning", f"{source.id} has moved for good", mend)
    return None


def _hubs(application: "Application", now: datetime) -> Iterator[Finding]:
    """Say whether hubs send us what sources publish, and why not."""
    if not application.config.websub.subscribe:
        return
    if trouble := application.hub_problem():
        mend = "set public_url: to where others find us, or allow it in fetch.allow_private"
        yield Finding("warning", f"websub: no hub is asked for news: public_url: {trouble}", mend)
        return
    from aggregator.core import leases  # noqa: PLC0415  as above

    held = application.store.leases()
    live = sum(leases.is_live(one, now) for one in held)
    denied = sum(one.state == "denied" for one in held)
    wanted = sum(one.state == "wanted" for one in held)
    yield Finding("ok", f"websub: {live} of {wanted} subscriptions live")
    if denied:
        mend = "nothing: these sources are asked on schedule"
        yield Finding("warning", f"websub: hubs denied {count(denied, 'subscription')}", mend)


def _feeds(application: "Application") -> Iterator[Finding]:
    names = (f"{feed.name}.{form}" for feed in application.config.feeds for form in feed.formats)
    missing = [name for name in names if not (application.folder / name).is_file()]
    for name in missing:
        yield Finding("warning", f"{name} is not published yet", "aggregator fetch")
    if not missing:
        yield Finding("ok", f"published: {application.folder}")
