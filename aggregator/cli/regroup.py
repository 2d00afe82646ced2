"""`aggregator stories regroup`: groups all stored entries again."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet, open_logs
from aggregator.cli.output import count, print_error, print_json, print_line, short, working
from aggregator.cli.sources import opened
from aggregator.cli.tables import table

if TYPE_CHECKING:
    from aggregator.group.regroup.regroup import RegroupResult

_MAX_MOVES_SHOWN = 100  # moves in the table

_Dry = Annotated[
    bool, typer.Option("--dry-run", help="Show which entries would move; change nothing.")
]


def register(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(regroup)


def regroup(
    config: ConfigPath = None,
    data: DataPath = None,
    dry_run: _Dry = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Group all stored entries again, for example after a change of settings; ids are preserved."""
    open_logs("error" if quiet else "warning")
    with opened(config, data) as application, working("grouping again", quiet=quiet):
        if dry_run:
            result = asyncio.run(application.regroup(dry_run=True))
        else:
            with application.lock():
                result = asyncio.run(application.regroup())
    if json:
        print_json(_as_json(result, dry_run=dry_run))
    elif not quiet:
        _show(result)
    if dry_run:
        print_error("dry run: nothing was changed")


def _as_json(result: "RegroupResult", *, dry_run: bool) -> dict[str, Any]:
    from aggregator.core import ids  # noqa: PLC0415  loaded already, by `opened`

    return {
        "entries": result.entries,
        "stories_before": result.stories_before,
        "stories_after": result.stories_after,
        "rewritten": result.rewritten,
        "dry_run": dry_run,
        "moved": [
            {"id": ids.entry_id(one.key), "title": one.title, "from": one.before, "to": one.after}
            for one in result.moves
        ],
    }


def _show(result: "RegroupResult") -> None:
    if result.moves:
        rows = [
            (one.title, short(one.before), short(one.after))
            for one in result.moves[:_MAX_MOVES_SHOWN]
        ]
        table(("entry", "from story", "to story"), rows, fold=("entry",))
    for line in _summary(result):
        print_line(line)


def _summary(result: "RegroupResult") -> Iterator[str]:
    moves = result.moves
    if len(moves) > _MAX_MOVES_SHOWN:
        yield f"and {len(moves) - _MAX_MOVES_SHOWN} more; --json lists them all"
    yield f"{count(result.entries, 'entry')} grouped again, {len(moves)} of them moved"
    if moves:
        ways = Counter((one.before, one.after) for one in moves)
        lost, gained = len({one for one, _ in ways}), len({other for _, other in ways})
        yield f"{count(lost, 'story')} lost entries, {count(gained, 'story')} gained some"
    yield f"{count(result.stories_before, 'story')} before, {result.stories_after} now"
    if result.rewritten:
        stories = count(result.rewritten, "other story", "other stories")
        yield f"{stories} unchanged except for the reasons of members"
