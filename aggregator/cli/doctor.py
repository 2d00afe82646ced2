"""`aggregator doctor`: what is wrong with this installation, and how to mend it."""

import os
import shutil
import sys
import zoneinfo
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet, read_config
from aggregator.cli.output import printable, say, say_json
from aggregator.core.errors import AggregatorError
from aggregator.core.model import Source, SourceState

if TYPE_CHECKING:
    from aggregator.bootstrap import Application
    from aggregator.config import Config

_ROOM = 200_000_000  # bytes that should be free
_LONG = timedelta(days=3)  # without success


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do where it is not well."""

    state: Literal["ok", "warning", "fault"]
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
            say_json(asdict(one))
        elif one.state != "ok" or not quiet:
            say(printable(f"{one.state:<8} {one.what}"))
            if one.mend:
                say(printable(f"         {one.mend}"))
    return int(any(one.state == "fault" for one in found))


def examine(config: Path | None, data: Path | None) -> Iterator[Finding]:
    """Look at everything that a run needs, and yield what was found."""
    yield from _machine()
    try:
        read = read_config(config, data)
    except AggregatorError as error:
        for line in str(error).splitlines():
            yield Finding("fault", line, "aggregator check says more")
        return
    yield Finding("ok", f"configuration: {read.path}, {len(read.sources)} sources")
    if not read.sources:
        yield Finding("fault", "no source is followed", "aggregator sources add URL")
    faults = list(_folder(read.data))
    yield from faults
    if not any(one.state == "fault" for one in faults):
        yield from _store(read)


def _machine() -> Iterator[Finding]:
    yield Finding("ok", f"Python {sys.version.split()[0]}")
    try:
        zoneinfo.ZoneInfo("Asia/Shanghai")
    except zoneinfo.ZoneInfoNotFoundError:
        mend = "install the system's time zones (tzdata): dates without an offset need them"
        yield Finding("fault", "no time zones on this machine", mend)


def _folder(data: Path) -> Iterator[Finding]:
    """Look at the data folder, or where it will be made."""
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield Finding("fault", f"{place} cannot be written", "set data: or the folder's owner")
        return
    yield Finding("ok", f"data folder: {data}")
    free = shutil.disk_usage(place).free
    if free < _ROOM:
        mend = f"make room: {_ROOM // 10**6} MB should be free"
        yield Finding("warning", f"{free // 10**6} MB are free in {place}", mend)


def _store(read: "Config") -> Iterator[Finding]:
    from aggregator import bootstrap  # noqa: PLC0415  the pipeline: half a second

    try:
        application = bootstrap.open_application(read)
    except AggregatorError as error:
        yield Finding("fault", f"store: {error}", "the journal and the feeds in the data folder keep all ids: move the database aside")  # fmt: skip
        return
    try:
        yield Finding("ok", f"store: {read.store.partition(':')[0]}")
        yield from _sources(application, bootstrap.now())
        yield from _hubs(application, bootstrap.now())
        yield from _feeds(application)
    finally:
        application.close()


def _sources(application: "Application", now: datetime) -> Iterator[Finding]:
    states = application.store.source_states()
    for source in application.config.sources:
        state = states.get(source.identity, SourceState())
        if not source.paused and (found := _source(source, state, now)):
            yield found
    if application.config.sources and not states:
        yield Finding("warning", "no source was ever asked", "aggregator fetch, or aggregator run")


def _source(source: Source, state: SourceState, now: datetime) -> Finding | None:
    if state.gone:
        return Finding(
            "warning", f"{source.id} is gone", "take it out, or look for its new address"
        )
    if state.error and (state.last_success is None or now - state.last_success > _LONG):
        mend = f"aggregator fetch --source {source.id} --force"
        return Finding("warning", f"{source.id}: {state.error}", mend)
    if state.permanent:
        mend = "change url: and keep the id (or name it in formerly:)"
        return Finding("warning", f"{source.id} has moved for good", mend)
    return None


def _hubs(application: "Application", now: datetime) -> Iterator[Finding]:
    """Say whether hubs send us what sources publish, and why not."""
    if not application.config.websub.subscribe:
        return
    if trouble := application.hub_trouble():
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
        yield Finding("warning", f"websub: hubs denied {denied} subscriptions", mend)


def _feeds(application: "Application") -> Iterator[Finding]:
    names = (f"{feed.name}.{form}" for feed in application.config.feeds for form in feed.formats)
    missing = [name for name in names if not (application.folder / name).is_file()]
    for name in missing:
        yield Finding("warning", f"{name} is not published yet", "aggregator fetch")
    if not missing:
        yield Finding("ok", f"published: {application.folder}")
