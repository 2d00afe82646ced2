"""Make the shipped prior and the committed training pairs from labelled files; neither holds text.

    python -m benchmarks.training_pairs --feeds FOLDER FILE.jsonl...

Rarity in Chinese is counted over the labelled files, and each file's pairs are weighted with a
prior of the others, so that training meets every file as a run meets days that nobody has seen.
In other languages it is counted over the feeds of a folder: the labelled files in English turn
around a few subjects, whose words would pass for common ones.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aggregator.core.errors import SourceError
from aggregator.core.model import Document, Source, StoredEntry
from aggregator.gather import cleaning
from aggregator.gather.document import read_document
from aggregator.group.features import prior
from aggregator.group.features.features import Features, extract
from aggregator.group.learning import labelled, pairs
from aggregator.group.learning.labelled import Labelled
from aggregator.group.model import scoring
from aggregator.group.stories.context import Learned

HOME = Path(__file__).parents[1]
PRIOR = HOME / "aggregator/group/features/prior.bin"
PAIRS = HOME / "tests/quality/pairs.npz"
MOST = 36_000  # pairs of one file; of a larger one some stretches are taken
FEED = 30  # entries of one feed
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def read(path: Path) -> tuple[Labelled, ...]:
    """Read the labelled entries of one file."""
    lines = path.read_text("utf-8").splitlines()
    return labelled.read((json.loads(line) for line in lines), cleaning.clean)


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
    """Return the pairs of each file, weighted with a prior of the others."""
    features = {
        name: [one for one in map(extract, (entry.stored for entry in found)) if one.chinese]
        for name, found in files.items()
    }
    collected: list[pairs.Pairs] = []
    for name, found in files.items():
        others = [one for other, some in features.items() if other != name for one in some]
        learned = Learned(model=scoring.built_in(), prior=prior.count([*others, *feeds]))
        some = [
            part for one in pairs.lessons(name, found, learned) for part in pairs.slices(one, MOST)
        ]
        collected.extend(some)
        for one in some:
            print(f"{one.name}: {len(one.events)} entries, {len(one.left)} pairs")
    everything = [one for some in features.values() for one in some]
    PRIOR.write_bytes(prior.count([*everything, *feeds]).to_bytes())
    return collected


def main() -> None:
    """Write the prior and the pairs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--feeds", type=Path, required=True)
    options.add_argument("files", type=Path, nargs="+")
    given = options.parse_args()
    files = {path.stem: read(path) for path in given.files}
    PAIRS.write_bytes(pairs.dump(collect(files, list(read_feeds(given.feeds)))))
    for path in (PRIOR, PAIRS):
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
