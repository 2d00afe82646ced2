"""`aggregator sources`: what is followed, and how it fares."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet, config_path, read_config
from aggregator.cli.output import printable, say, say_json, table
from aggregator.core.model import Source, SourceState

if TYPE_CHECKING:
    from aggregator.bootstrap import Application

_COLUMNS = ("id", "kind", "address", "outcome", "last_success", "next", "error")

app = typer.Typer(no_args_is_help=True, help="What is followed, and how it fares.")


@app.command("list")
def list_sources(
    config: ConfigPath = None, data: DataPath = None, json: Json = False, quiet: Quiet = False
) -> None:
    """List the sources: how each was reached last, and when it is asked next."""
    with opened(config, data) as application:
        states = application.store.source_states()
        rows = [
            describe(source, states.get(source.identity, SourceState()))
            for source in application.config.sources
        ]
    if json:
        for row in rows:
            say_json(row)
        return
    headings = [name.replace("_", " ") for name in _COLUMNS]
    table(headings, [[_cell(row[name]) for name in _COLUMNS] for row in rows], quiet=quiet)


@app.command("show")
def show_source(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigPath = None,
    data: DataPath = None,
    veto: Annotated[
        str, typer.Option("--veto", metavar="BLOCK", help="This learned block is no boilerplate.")
    ] = "",
    json: Json = False,
) -> None:
    """Show all that is known of one source, and the blocks that were learned to recur in it."""
    with opened(config, data) as application:
        from aggregator.cli import boilerplate  # noqa: PLC0415  loads all of cleaning

        (source,) = application.pick([id_])
        state = application.store.source_states().get(source.identity, SourceState())
        blocks = boilerplate.learned(application.store, source.identity)
        if veto:
            application.store.veto_block(*boilerplate.pick(blocks, veto))
            blocks = [row for row in blocks if row["block"] != veto.lower()]
    shown = _details(source, state)
    if json:
        say_json(shown | {"boilerplate": blocks})
        return
    for name, value in shown.items():
        if value not in (None, ""):
            say(printable(f"{name.replace('_', ' ')}: {value}"))
    for row in blocks:
        say(printable(f"recurs: {row['block']}  {row['publisher']}: {row['text']}"))


def _details(source: Source, state: SourceState) -> dict[str, Any]:
    return describe(source, state) | {
        "title": source.title or state.info.title,
        "identity": source.identity,
        "category": source.category,
        "language": source.language or state.info.language,
        "failures": state.failures,
        "last_fetch": _iso(state.last_fetch),
        "wait_until": _iso(state.wait_until),
        "moved_to": _redacted(state.permanent),
        "home": _redacted(state.info.link),
    }


@contextmanager
def opened(config: Path | None, data: Path | None) -> Iterator["Application"]:
    """Open what a reading command looks at; it takes no lock."""
    from aggregator import bootstrap  # noqa: PLC0415  the pipeline: half a second

    application = bootstrap.open_application(read_config(config, data))
    try:
        yield application
    finally:
        application.close()


def describe(source: Source, state: SourceState) -> dict[str, Any]:
    """Return what a list shows of a source; secrets in its address are hidden."""
    return {
        "id": source.id,
        "kind": source.kind,
        "address": _redacted(source.url) if source.url else str(source.path),
        "outcome": outcome(source, state),
        "last_success": _iso(state.last_success),
        "next": None if source.paused or state.gone else _iso(state.due),
        "error": state.error,
    }


def outcome(source: Source, state: SourceState) -> str:
    """Say in a word how a source fares: paused, gone, later, error, ok, or new if never asked."""
    if source.paused:
        return "paused"
    if state.gone:
        return "gone"
    if state.wait_until:
        return "later"
    if state.error:
        return "error"
    return "ok" if state.last_success else "new"


def _redacted(url: str) -> str:
    from aggregator.text import urls  # noqa: PLC0415  its tables are read when first used

    return urls.redact(url) if url else ""


def _iso(when: datetime | None) -> str | None:
    return when.isoformat(timespec="seconds").replace("+00:00", "Z") if when else None


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


# --- the list itself ---------------------------------------------------------------------------


@app.command("add")
def add_source(
    url: Annotated[str, typer.Argument(metavar="URL")],
    config: ConfigPath = None,
    title: Annotated[str, typer.Option("--title", metavar="T")] = "",
    category: Annotated[str, typer.Option("--category", metavar="C")] = "",
    quiet: Quiet = False,
) -> None:
    """Add an address to the configuration; its comments stay."""
    _add(config, [{"url": url, "title": title, "category": category}], quiet=quiet)


@app.command("import")
def import_sources(
    file: Annotated[Path, typer.Argument(metavar="FILE.opml")],
    config: ConfigPath = None,
    quiet: Quiet = False,
) -> None:
    """Add the feeds of another reader's list, those that are not there already."""
    from aggregator.config import opml  # noqa: PLC0415  only this command reads lists

    with file.open("rb") as stream:
        found = opml.read(stream.read(opml.LARGEST + 1), file)
    known = {source.url for source in read_config(config).sources}
    new = [
        {"url": one.url, "title": one.title, "category": one.category}
        for one in found
        if one.url not in known
    ]
    _add(config, new, quiet=quiet)


@app.command("export")
def export_sources(config: ConfigPath = None) -> None:
    """Print the sources as OPML, for other readers; user names and passwords stay out."""
    from aggregator.publish.renderers import _opml  # noqa: PLC0415  only this command writes lists

    say(_opml.render_sources(read_config(config).sources, title="aggregator").decode().rstrip())


def _add(config: Path | None, new: list[dict[str, str]], *, quiet: bool) -> None:
    from aggregator import config as configuration  # noqa: PLC0415  pydantic and yaml
    from aggregator.config import edit  # noqa: PLC0415

    path = config_path(config)
    before = len(configuration.load(path, os.environ).sources)
    text = edit.add_sources(path.read_text(encoding="utf-8"), new) if new else ""
    added = len(configuration.loads(text, path, os.environ).sources) - before if new else 0
    if added:
        _replace(path.resolve(), text.encode())
    if not quiet:
        say(f"{path}: {added} added")


def _replace(path: Path, content: bytes) -> None:
    """Write aside, sync, rename: the configuration is there whole at every moment."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
