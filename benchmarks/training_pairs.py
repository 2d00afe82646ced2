"""Make the pairs to train from, the few that are committed, and the prior; none contains text.

    python -m benchmarks.training_pairs pairs --feeds FOLDER -o ALL.npz FILE.jsonl...
    aggregator train ALL.npz -o aggregator/group/model/weights.json
    python -m benchmarks.training_pairs floor ALL.npz

The pairs depend on the labelled files, the feeds and the code, and those of invented bulletins on
the shipped prior; they do not depend on the shipped weights. So training again gives the same
weights. The prior is counted again by a command of its own; train after it:

    python -m benchmarks.training_pairs prior --feeds FOLDER FILE.jsonl...

Rarity is counted over the labelled files and, where it is not Chinese, over the feeds of a folder
too, and each file's pairs are weighted with a prior of the files of other days, so that training
meets every file as a run meets days that nobody has seen. Files without dates or without texts
turn around a few subjects, whose words would pass for common ones: only their Chinese counts.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from aggregator.cli import evaluation, streams
from aggregator.core.errors import SourceError
from aggregator.core.model import Document, Source, StoredEntry
from aggregator.gather.document import read_document
from aggregator.group.features import prior
from aggregator.group.features.features import Features, extract
from aggregator.group.features.prior import Prior
from aggregator.group.learning import folds, pairs
from aggregator.group.learning.labelled import Labelled
from aggregator.group.model import scoring
from aggregator.group.stories.context import Learned
from benchmarks import formulas
from benchmarks.grammars import LEARNED

HOME = Path(__file__).parents[1]
PRIOR = HOME / "aggregator/group/features/prior.bin"
PAIRS = HOME / "tests/quality/pairs.npz"
REMADE = "events-zh-undated"  # the stream of the family of kinds that a test trains again
LIKELY = -5.0  # log-odds of pairs that may come near a threshold
MOST = 24_000  # pairs of one file; of a larger one some stretches are taken
BULLETINS = (100, 300, 1000, 2000)  # written from all formulas, in one stream
BULLETINS_OF_ONE_FORMULA = 12
FEED = 30  # entries of one feed
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def read_feeds(folder: Path) -> Iterator[Features]:
    """Yield what grouping sees of the entries of all feeds in a folder that are not Chinese."""
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        document = Document(name=path.name, content=path.read_bytes())
        try:
            found = read_document(document, Source(id=path.name), {}, FEED)
        except SourceError:
            continue
        for entry in found.entries:
            features = extract(
                StoredEntry(
                    key="", source_id="", entry=entry, first_seen=THEN, published=THEN, revised=THEN
                )
            )
            if not features.chinese:
                yield features


def collect(
    files: Mapping[str, Sequence[Labelled]], feeds: Sequence[Features]
) -> list[pairs.Pairs]:
    """Return the pairs of each file, weighted with a prior of the others, and of invented bulletins."""
    features = {name: counted(found) for name, found in files.items()}
    days = {name: pairs.days_of(found) for name, found in files.items()}
    collected: list[pairs.Pairs] = []
    for name, found in files.items():
        strange = [
            other for other in files if other != name and not folds.overlap(days[name], days[other])
        ]
        others = [one for other in strange for one in features[other]]
        learned = Learned(model=scoring.built_in(), prior=prior.count([*others, *feeds]))
        some = [
            part for one in pairs.lessons(name, found, learned) for part in pairs.slices(one, MOST)
        ]
        collected.extend(some)
        for one in some:
            print(f"{one.name}: {len(one.events)} entries, {len(one.left)} pairs", flush=True)
    return [*collected, *invented()]


def invented() -> list[pairs.Pairs]:
    """Return the pairs of bulletins written from formulas: large streams, and a few of each formula."""
    learned = Learned(model=scoring.built_in(), prior=prior.built_in())
    made = {str(size): formulas.make(size, seed=5 + size) for size in BULLETINS}
    made |= {
        f"{grammar.kind} {number}": formulas.make(
            BULLETINS_OF_ONE_FORMULA, grammars=[grammar], seed=number
        )
        for number, grammar in enumerate(LEARNED)
    }
    return [
        pairs.collect(f"{pairs.INVENTED} ({name})", streams.entries(rows), learned)
        for name, rows in made.items()
    ]


def count(files: Mapping[str, Sequence[Labelled]], feeds: Sequence[Features]) -> Prior:
    """Return how many entries of all files and feeds contain each term."""
    return prior.count([*(one for found in files.values() for one in counted(found)), *feeds])


def counted(found: Sequence[Labelled]) -> list[Features]:
    """Return the features whose terms are counted."""
    every = [extract(one.stored) for one in found]
    news = all(one.stored.entry.published for one in found) and any(one.length for one in every)
    return [one for one in every if news or one.chinese]


def floor(files: Sequence[pairs.Pairs]) -> list[pairs.Pairs]:
    """Return what tests hold the shipped weights to: whole what they make again, else likely pairs."""
    model = scoring.built_in()
    kept = []
    for one in files:
        if one.stream.startswith(REMADE):
            kept.append(one)
        elif not one.retold:
            likely = (model.logits(one.columns, one.kinds) > LIKELY) | one.same
            kept.append(pairs.some(one, np.flatnonzero(likely)))
    return kept


def main() -> None:
    """Write what the command line asks for."""
    options = argparse.ArgumentParser(description=__doc__)
    commands = options.add_subparsers(dest="command", required=True)
    for name in ("pairs", "prior"):
        command = commands.add_parser(name)
        command.add_argument("--feeds", type=Path, required=True)
        command.add_argument("files", type=Path, nargs="+")
    commands.choices["pairs"].add_argument("-o", "--output", type=Path, required=True)
    commands.add_parser("floor").add_argument("pairs", type=Path)
    given = options.parse_args()
    if given.command == "floor":
        PAIRS.write_bytes(pairs.dump(floor(pairs.load(given.pairs.read_bytes()))))
        return
    # In order of name, so that the order of the arguments changes nothing.
    paths = sorted(given.files, key=lambda one: one.stem)
    files = {path.stem: streams.entries(evaluation.read(path)) for path in paths}
    feeds = list(read_feeds(given.feeds))
    if given.command == "prior":
        PRIOR.write_bytes(count(files, feeds).to_bytes())
    else:
        given.output.write_bytes(pairs.dump(collect(files, feeds)))


if __name__ == "__main__":
    main()
