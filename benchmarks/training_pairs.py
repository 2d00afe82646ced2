"""Make the shipped prior and the committed training pairs from labelled files; neither holds text.

    python -m benchmarks.training_pairs FILE.jsonl...

Each file's pairs are weighted with a prior counted over the other files, so that training meets
every file as a run meets days that nobody has seen.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from aggregator import cleaning
from aggregator.stories import labelled, pairs, prior, scoring
from aggregator.stories.features import extract
from aggregator.stories.grouping import Learned
from aggregator.stories.labelled import Labelled

HOME = Path(__file__).parents[1]
PRIOR = HOME / "aggregator/stories/prior.bin"
PAIRS = HOME / "tests/quality/pairs.bin"
MOST = 25_000  # pairs of one file, those of its oldest entries


def read(path: Path) -> tuple[Labelled, ...]:
    """Read the labelled entries of one file."""
    lines = path.read_text("utf-8").splitlines()
    return labelled.read((json.loads(line) for line in lines), cleaning.clean)


def collect(files: Mapping[str, Sequence[Labelled]]) -> list[pairs.Pairs]:
    """Return the pairs of each file, weighted with a prior of the others."""
    features = {name: [extract(one.stored) for one in found] for name, found in files.items()}
    collected = []
    for name, found in files.items():
        others = (one for other, some in features.items() if other != name for one in some)
        learned = Learned(model=scoring.built_in(), prior=prior.count(others))
        collected.append(pairs.first(pairs.collect(name, found, learned), MOST))
        print(f"{name}: {len(collected[-1].events)} entries, {len(collected[-1].left)} pairs")
    everything = (one for some in features.values() for one in some)
    PRIOR.write_bytes(prior.count(everything).to_bytes())
    return collected


def main() -> None:
    """Write the prior and the pairs."""
    files = {path.stem: read(path) for path in map(Path, sys.argv[1:])}
    collected = collect(files)
    PAIRS.write_bytes(pairs.dump(collected))
    print(f"{PRIOR}: {PRIOR.stat().st_size} bytes\n{PAIRS}: {PAIRS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
