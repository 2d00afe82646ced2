"""`aggregator evaluate` and `aggregator train`: measure and train grouping on labelled entries."""

import dataclasses
import math
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli import file_arguments as given
from aggregator.cli import json_lines
from aggregator.cli.options import Json, Quiet
from aggregator.cli.output import count, print_json, print_line, printable, working
from aggregator.core.errors import AggregatorError, ParseError

if TYPE_CHECKING:
    from aggregator.group.learning.evaluate import Evaluation
    from aggregator.group.learning.pairs import Pairs
    from aggregator.group.stories.context import Learned

# Each command imports the grouping when it runs: the import takes a second, and `--help` stays fast.

_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Labelled entries.")]
_Weights = Annotated[
    Path | None,
    typer.Option("--weights", metavar="FILE", help="Weights to use instead of the shipped ones."),
]
_Mistakes = Annotated[
    int, typer.Option("--mistakes", metavar="N", min=0, help="Show the N most confident mistakes.")
]
_Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Write precision and recall as an SVG."),
]
_Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")]

_MAX_PAIRS_BYTES = 1_000_000_000
_FEATURE_COLUMNS = 100  # for the features of a mistake


def register(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(evaluate)
    app.command()(train)


def evaluate(
    files: _Files,
    weights: _Weights = None,
    mistakes: _Mistakes = 0,
    plot: _Plot = None,
    json: Json = False,
) -> None:
    """Group labelled entries and report the quality; pairs are compared within each FILE."""
    from aggregator.cli import streams  # noqa: PLC0415
    from aggregator.group.learning import evaluate as judging  # noqa: PLC0415
    from aggregator.group.learning import plot as plotting  # noqa: PLC0415

    learned = _learned(weights)
    if plot:
        given.check_writable(plot)
    started = time.perf_counter()
    with working("grouping"):
        made = [judging.evaluate(streams.entries(read(one)), learned=learned) for one in files]
    shown: dict[str, Any] = judging.summary(made, time.perf_counter() - started)
    parts = {
        "languages": judging.languages(made),
        "language_pairs": judging.language_pairs(made),
        "kinds": judging.kinds(made),
    }
    worst = list(_worst(made, mistakes))
    if plot:
        given.write(plot, plotting.draw(made, learned.model.thresholds_by_kind()).encode())
    if json:
        shown |= {name: part for name, part in parts.items() if part}
        print_json(shown | ({"mistakes": worst} if mistakes else {}))
        return
    for name, value in shown.items():
        print_line(f"{name.replace('_', ' '):<15} {value}")
    for line in (*_by_part(parts), *_in_words(worst)):
        print_line(printable(line))


def train(files: _Files, output: _Output, quiet: Quiet = False) -> None:
    """Train the weights of the pair model from labelled entries; deterministic."""
    from aggregator.cli import streams  # noqa: PLC0415
    from aggregator.group.learning import pairs  # noqa: PLC0415
    from aggregator.group.learning import train as training  # noqa: PLC0415
    from aggregator.group.stories import context  # noqa: PLC0415

    given.check_writable(output)
    learned = context.shipped()
    made: list[pairs.Pairs] = []
    with working("training", quiet=quiet):
        for file in files:
            if file.suffix == ".npz":
                made.extend(_pairs(file))
            else:
                made.extend(pairs.lessons(file.stem, streams.entries(read(file)), learned))
        given.write(output, training.train(made).encode())
    if not quiet:
        pairs_made = count(sum(len(one.left) for one in made), "pair")
        print_line(f"wrote {output}: {pairs_made} of {count(len(made), 'file')}")


def read(file: Path) -> list[dict[str, Any]]:
    """Return the labelled entries of a file; raise AggregatorError if it has none."""
    with given.opened(file) as stream:
        rows = list(json_lines.read(stream, str(file)))
    if not rows:
        raise AggregatorError(f"{file} contains no entries: use a file of JSON lines")
    return rows


def _pairs(file: Path) -> "list[Pairs]":
    """Return the pairs of a file of pairs."""
    from aggregator.group.learning import pairs  # noqa: PLC0415

    content = given.read(file, _MAX_PAIRS_BYTES)
    try:
        return list(pairs.load(content))
    except (ParseError, ValueError, KeyError, TypeError, NotImplementedError):
        raise AggregatorError(f"{file} contains no pairs: use a file of pairs (.npz)") from None


def _learned(weights: Path | None) -> "Learned":
    from aggregator.group.model import scoring  # noqa: PLC0415
    from aggregator.group.stories import context  # noqa: PLC0415

    shipped = context.shipped()
    if weights is None:
        return shipped
    try:
        model = scoring.read(given.read_text(weights))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        problem = "contains no weights: use a file that `aggregator train` wrote"
        raise AggregatorError(f"{weights} {problem}") from None
    return dataclasses.replace(shipped, model=model)


def _worst(made: "Sequence[Evaluation]", most: int) -> Iterator[dict[str, Any]]:
    """Yield the most confident mistakes of all files, most confident first."""
    from aggregator.group.learning.evaluate import describe  # noqa: PLC0415

    found = [
        (mistake, {one.stored.key: one for one in evaluation.entries})
        for evaluation in made
        for mistake in evaluation.mistakes(most)
    ]
    for mistake, entries in sorted(found, key=lambda one: -one[0].mistake)[:most]:
        yield describe(mistake, entries)


def _by_part(parts: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[str]:
    """Yield a line for each language, pair of languages and kind of text."""
    for some in parts.values():
        for name, figures in some.items():
            pairs_alone = name == "across" or " + " in name  # B³ is of entries
            b3 = "" if pairs_alone else f", b3 f1 {figures['b3_f1']:.4f}"
            yield f"{name:<15} pair f1 {figures['pair_f1']:.4f}{b3}"


def _in_words(worst: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the mistakes as text: truth, prediction, the two entries, their features."""
    for number, one in enumerate(worst, 1):
        sure = 1 / (1 + math.exp(-one["log_odds"]))
        taken = "two" if one["truth"] == "same event" else "one"
        yield ""
        yield f"{number}. {one['truth']}, taken for {taken} ({sure:.1%} sure that it is one)"
        for id_, title in zip(one["ids"], one["titles"], strict=True):
            yield f"   {title}  [{id_}]"
        told = "; ".join(f"{name} {value:g}" for name, value in one["features"].items())
        yield from textwrap.wrap(
            told, _FEATURE_COLUMNS, initial_indent="   ", subsequent_indent="   "
        )
