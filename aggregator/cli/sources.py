"""`aggregator sources`: lists and shows the sources and their states."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli import source_add, source_edit
from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet, read_config
from aggregator.cli.output import iso, print_json, print_line, printable
from aggregator.cli.tables import table
from aggregator.core.activity import SourceActivity
from aggregator.core.model import Source, SourceState
from aggregator.core.pages import ArticleCounts

if TYPE_CHECKING:
    from aggregator.bootstrap import Application

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MAX_REASONS = 10
_COLUMNS = ("id", "title", "outcome", "last_success", "next")
_ACTIVITY_COLUMNS = ("id", "title", "a_day", "duplicates", "activity")

app = typer.Typer(no_args_is_help=True, help="List, test and edit the sources.")
source_add.register(app)
source_edit.register(app)


@app.command("list")
def list_sources(
    config: ConfigPath = None,
    data: DataPath = None,
    activity: Annotated[
        bool,
        typer.Option(
            "--activity", help="Show entries a day, duplicates, and a bar for each of 14 days."
        ),
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the sources with the last outcome and the next fetch."""
    with opened(config, data) as application:
        from aggregator import bootstrap  # noqa: PLC0415  imported by `opened`

        states = application.store.source_states()
        counts = application.store.article_counts()
        found = application.store.source_activity(bootstrap.now())
        rows = [
            describe(source, states.get(source.identity, SourceState()))
            | {"whole_texts": whole_texts(source, counts.get(source.identity))}
            | _activity(found.get(source.identity, SourceActivity()))
            for source in application.config.sources
        ]
    if json:
        for row in rows:
            print_json(row)
        return
    told = any(row["whole_texts"] for row in rows)  # most installations have none
    usual = (*_COLUMNS, "whole_texts") if told else _COLUMNS
    columns = _ACTIVITY_COLUMNS if activity else usual
    shown = [row | {"duplicates": f"{row['duplicates']:.0%}"} for row in rows]
    cells = [[_cell(row[name]) for name in columns] for row in shown]
    headings = [name.replace("_", " ") for name in columns]
    table(headings, cells, quiet=quiet, fold=("title",))
    for row in rows if not quiet else ():
        if row["error"]:
            print_line(printable(f"{row['id']}: {row['error']}"))


@app.command("show")
def show_source(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of a source.")],
    config: ConfigPath = None,
    data: DataPath = None,
    veto: Annotated[
        str,
        typer.Option("--veto", metavar="BLOCK", help="Mark this learned block as not boilerplate."),
    ] = "",
    json: Json = False,
) -> None:
    """Show the details of one source, and its learned boilerplate."""
    with opened(config, data) as application:
        from aggregator.cli import boilerplate  # noqa: PLC0415  loads all of cleaning

        (source,) = application.pick([id_])
        state = application.store.source_states().get(source.identity, SourceState())
        counts = application.store.article_counts().get(source.identity)
        blocks = boilerplate.learned(application.store, source.identity)
        if veto:
            application.store.veto_block(*boilerplate.pick(blocks, veto))
            blocks = [row for row in blocks if row["block"] != veto.lower()]
    shown = _details(source, state) | {"whole_texts": whole_texts(source, counts)}
    if json:
        print_json(shown | {"boilerplate": blocks})
        return
    for name, value in shown.items():
        if value not in (None, ""):
            print_line(printable(f"{name.replace('_', ' ')}: {_told(value)}"))
    for reason, count in counts.problems[:_MAX_REASONS] if counts else ():
        print_line(printable(f"no whole text: {count}: {reason}"))
    for row in blocks:
        print_line(printable(f"recurs: {row['block']}  {row['publisher']}: {row['text']}"))


def _details(source: Source, state: SourceState) -> dict[str, Any]:
    return describe(source, state) | {
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
    """Open the application without locking the data folder."""
    from aggregator import bootstrap  # noqa: PLC0415  the pipeline: half a second

    application = bootstrap.open_application(read_config(config, data))
    try:
        yield application
    finally:
        application.close()


def describe(source: Source, state: SourceState) -> dict[str, Any]:
    """Return the fields that describe a source; secrets in its URL are hidden."""
    return {
        "id": source.id,
        "title": source.title or state.info.title,
        "kind": source.kind,
        "address": _redacted(source.url) if source.url else str(source.path),
        "outcome": outcome(source, state),
        "last_success": _iso(state.last_success),
        "next": None if source.paused or state.gone else _iso(state.due),
        "error": state.error,
    }


def whole_texts(source: Source, counts: ArticleCounts | None) -> dict[str, Any] | None:
    """Return how far the whole texts of a source are; None if it has none and wants none."""
    if counts is None and source.full_text is None:
        return None
    known = counts or ArticleCounts()
    return {
        "fetched": known.fetched,
        "waiting": known.waiting,
        "failed": known.failed,
        "problems": dict(known.problems),
    }


def _activity(activity: SourceActivity) -> dict[str, Any]:
    """Return the fields of a list that tell how much a source has published in two weeks."""
    return {
        "a_day": round(activity.a_day, 1),
        "duplicates": round(activity.duplicate_share, 3),
        "activity": activity.sparkline,
        "days": list(activity.days),
    }


def outcome(source: Source, state: SourceState) -> str:
    """Return the state of a source: paused, gone, later, error, ok, or new if never fetched."""
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
    return iso(when) if when else None


def _told(value: Any) -> str:
    """Return a value as text; of several counts those that are not 0."""
    if not isinstance(value, dict):
        return str(value)
    counts = {name: one for name, one in value.items() if isinstance(one, int)}
    return ", ".join(f"{one} {name}" for name, one in counts.items() if one) or "none"


def _cell(value: Any) -> str:
    """Return a value as table text; times to the minute."""
    text = "" if value is None else _told(value)
    return text[:16].replace("T", " ") if _TIME.fullmatch(text) else text


@app.command("export")
def export_sources(config: ConfigPath = None) -> None:
    """Print the sources as OPML for other readers, without user names and passwords."""
    from aggregator.publish.renderers import _opml  # noqa: PLC0415  only this command writes lists

    print_line(
        _opml.render_sources(read_config(config).sources, title="aggregator").decode().rstrip()
    )
