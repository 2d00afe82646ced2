"""`aggregator stories corrections`: lists and undoes the user's corrections."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from aggregator.cli.daemon_requests import when_applied
from aggregator.cli.options import ConfigPath, DataPath, Json, Quiet
from aggregator.cli.output import count, iso, print_json, print_line, printable, short
from aggregator.cli.sources import opened
from aggregator.core.errors import AggregatorError
from aggregator.core.model import Decision, StoredEntry

if TYPE_CHECKING:
    from aggregator.bootstrap import Application

State = Literal["holds", "overruled", "undone"]

_WORDS = {
    "join": "report one event",
    "split": "the second was split from the story of the first",
    "never": "never share a story",
}


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction with its permanent number and its current state."""

    number: int  # 0: from the configuration
    decision: Decision
    state: State


def register(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(corrections)


def corrections(  # noqa: PLR0917  typer reads the options from the signature
    config: ConfigPath = None,
    data: DataPath = None,
    undo: Annotated[
        int | None, typer.Option("--undo", metavar="N", min=1, help="Undo this correction.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also list undone and overruled ones.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List your corrections (join, split, never); undo one with --undo."""
    with opened(config, data) as application:
        found = number_all(application.store.decisions())
        if undo is not None:
            _undo(application, found, undo, quiet=quiet)
            return
        wanted = [one for one in found if every or one.state == "holds"]
        entries = _entries(application, wanted)
        settings = application.config.stories
    if json:
        for one in wanted:
            print_json(_as_json(one, entries))
    elif not quiet:
        for one in wanted:
            for line in _lines(one, entries):
                print_line(printable(line))
        if not wanted:
            print_line(
                "no corrections: make one with `aggregator stories join`, `split` or `never`"
            )
        configured = len(settings.join) + len(settings.split) + len(settings.never)
        if configured:
            print_line(
                f"{count(configured, 'correction')} more in the configuration (stories.join, split, never)"
            )


def number_all(decisions: Sequence[Decision]) -> list[Correction]:
    """Return all corrections, oldest first, with their numbers and states."""
    given = [one for one in decisions if one.kind != "undo"]
    numbers = iter(range(1, len(given) + 1))
    stacks: dict[frozenset[str], list[int]] = {}
    states: dict[int, State] = {}
    for one in decisions:
        stack = stacks.setdefault(frozenset((one.a, one.b)), [])
        if one.kind != "undo":
            if stack:
                states[stack[-1]] = "overruled"
            stack.append(next(numbers))
            states[stack[-1]] = "holds"
        elif stack:
            states[stack.pop()] = "undone"
            if stack:
                states[stack[-1]] = "holds"
    return [Correction(n, one, states[n]) for n, one in enumerate(given, 1)]


def _undo(
    application: "Application", found: Sequence[Correction], number: int, *, quiet: bool
) -> None:
    from aggregator import bootstrap  # noqa: PLC0415  loaded already, by `opened`

    if number > len(found):
        has = count(len(found), "correction")
        raise AggregatorError(f"there is no correction {number}: there are {has}")
    one = found[number - 1]
    pair = {one.decision.a, one.decision.b}
    if one.state == "undone":
        raise AggregatorError(f"correction {number} is already undone")
    if one.state == "overruled":
        later = max(
            other.number
            for other in found
            if {other.decision.a, other.decision.b} == pair and other.state == "holds"
        )
        raise AggregatorError(
            f"correction {number} is overruled by correction {later}"
            " of the same two entries; undo that one"
        )
    undone = Decision(kind="undo", a=one.decision.a, b=one.decision.b, when=bootstrap.now())
    application.store.decide(undone)
    if not quiet:
        print_line(
            f"correction {number} ({one.decision.kind}) is undone; {when_applied(application.config.data)}"
        )


def _entries(application: "Application", found: Sequence[Correction]) -> dict[str, StoredEntry]:
    keys = dict.fromkeys(key for one in found for key in (one.decision.a, one.decision.b))
    return {entry.key: entry for entry in application.store.entries(keys)}


def _lines(one: Correction, entries: dict[str, StoredEntry]) -> Iterator[str]:
    decision = one.decision
    ending = "" if one.state == "holds" else f" ({one.state})"
    yield f"{one.number}  {decision.kind}  {decision.when:%Y-%m-%d %H:%M}: {_WORDS[decision.kind]}{ending}"
    for entry in _pair(decision):
        known = entries.get(entry[1])
        title = known.entry.title if known else "(no longer stored)"
        yield f"   {short(entry[0])}  {title}"


def _pair(decision: Decision) -> list[tuple[str, str]]:
    """Return id and key of both entries."""
    from aggregator.core import ids  # noqa: PLC0415  loaded already, by `opened`

    return [(ids.entry_id(key), key) for key in (decision.a, decision.b)]


def _as_json(one: Correction, entries: dict[str, StoredEntry]) -> dict[str, Any]:
    known = [(id_, entries.get(key)) for id_, key in _pair(one.decision)]
    return {
        "number": one.number,
        "kind": one.decision.kind,
        "when": iso(one.decision.when),
        "state": one.state,
        "entries": [
            {
                "id": id_,
                "title": entry.entry.title if entry else None,
                "link": entry.entry.link if entry else None,
            }
            for id_, entry in known
        ],
    }
