"""`aggregator stories regroup`: all of history grouped again, and what that moves."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet, open_logs
from aggregator.cli.output import say, say_json, table, whisper
from aggregator.cli.sources import opened

if TYPE_CHECKING:
    from aggregator.group.regroup.regroup import RegroupResult

_SHOWN = 100  # moves in the table
_TITLE = 60

_Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would move; change nothing.")]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(regroup)


def regroup(
    config: ConfigPath = None,
    data: DataPath = None,
    dry_run: _Dry = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Group all of history again, after a change of weights, settings or decisions; ids stay."""
    open_logs("error" if quiet else "warning")
    with opened(config, data) as application:
        if dry_run:
            outcome = asyncio.run(application.regroup(dry_run=True))
        else:
            with application.lock():
                outcome = asyncio.run(application.regroup())
    if json:
        say_json(_as_json(outcome, dry_run=dry_run))
    elif not quiet:
        _show(outcome)
    if dry_run:
        whisper("a dry run: nothing of it was kept")


def _as_json(outcome: "RegroupResult", *, dry_run: bool) -> dict[str, Any]:
    from aggregator.core import ids  # noqa: PLC0415  loaded already, by `opened`

    return {
        "entries": outcome.entries,
        "stories_before": outcome.stories_before,
        "stories_after": outcome.stories_after,
        "rewritten": outcome.rewritten,
        "dry_run": dry_run,
        "moved": [
            {"id": ids.entry_id(one.key), "title": one.title, "from": one.before, "to": one.after}
            for one in outcome.moves
        ],
    }


def _show(outcome: "RegroupResult") -> None:
    if outcome.moves:
        rows = [
            (one.title[:_TITLE], _short(one.before), _short(one.after))
            for one in outcome.moves[:_SHOWN]
        ]
        table(("entry", "from story", "to story"), rows)
    for line in _summary(outcome):
        say(line)


def _summary(outcome: "RegroupResult") -> Iterator[str]:
    moves = outcome.moves
    if len(moves) > _SHOWN:
        yield f"and {len(moves) - _SHOWN} more; --json lists them all"
    yield f"{outcome.entries} entries grouped again, {len(moves)} of them moved"
    if moves:
        ways = Counter((one.before, one.after) for one in moves)
        yield (
            f"{len({one for one, _ in ways})} stories lost entries, "
            f"{len({other for _, other in ways})} gained some"
        )
    yield f"{outcome.stories_before} stories before, {outcome.stories_after} now"
    if outcome.rewritten:
        yield f"{outcome.rewritten} more stand as they did, with other reasons"


def _short(id_: str) -> str:
    return id_.rpartition(":")[2]
