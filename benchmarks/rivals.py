"""Simple ways to find the same event, on the same labelled streams as grouping, as a table.

    python -m benchmarks.rivals FILE.jsonl...

Each rival has one threshold, which for a stream is the best one of all other streams (mean pair
F1). An entry joins the story of the earlier entry that is most alike, if it is alike enough and
within the window. Grouping is measured as shipped.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from aggregator.cli import evaluation, streams
from aggregator.core.settings import StorySettings
from aggregator.group.learning import clustering_metrics
from aggregator.group.learning.clustering_metrics import Agreement
from aggregator.group.learning.evaluate import evaluate
from aggregator.group.learning.labelled import Labelled
from aggregator.text.fold import fold, words

Matrix = NDArray[np.float32]
WINDOW = StorySettings().window.total_seconds()
_STEPS = np.arange(0.05, 1.0, 0.05)


def title_ratio(entries: Sequence[Labelled]) -> Matrix:
    """Compare titles by rapidfuzz's token_set_ratio, Chinese cut into words."""
    titles = [" ".join(words(fold(one.stored.entry.title))) for one in entries]
    return cdist(titles, titles, scorer=fuzz.token_set_ratio, dtype=np.float32) / 100


def tf_idf(entries: Sequence[Labelled]) -> Matrix:
    """Compare title and text by the cosine of TF-IDF vectors of words."""
    texts = [words(fold(f"{one.stored.entry.title} {one.stored.entry.text}")) for one in entries]
    places: dict[str, int] = {}
    flat = [places.setdefault(word, len(places)) for text in texts for word in text]
    counts = np.zeros((len(texts), len(places)), np.float32)
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    np.add.at(counts, (owners, flat), 1)
    idf = np.log((len(texts) + 1) / ((counts > 0).sum(axis=0) + 1)) + 1
    vectors = np.log1p(counts) * idf
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return vectors @ vectors.T


def same_url(entries: Sequence[Labelled]) -> Matrix:
    """Compare addresses."""
    urls = np.array([one.stored.entry.canonical or f"\0{n}" for n, one in enumerate(entries)])
    return (urls[:, None] == urls[None, :]).astype(np.float32)


RIVALS: dict[str, Callable[[Sequence[Labelled]], Matrix]] = {
    "title token_set_ratio": title_ratio,
    "TF-IDF cosine": tf_idf,
    "same URL": same_url,
}


def stories(alike: Matrix, threshold: float) -> list[int]:
    """Return the story of each entry, in order of time; `alike` is 0 outside the window."""
    found: list[int] = []
    for row in range(len(alike)):
        best = int(np.argmax(alike[row, :row])) if row else 0
        joins = row > 0 and alike[row, best] >= threshold
        found.append(found[best] if joins else row)
    return found


def agreement(entries: Sequence[Labelled], found: Sequence[int]) -> Agreement:
    """Compare stories with the labels; ambiguous entries do not count."""
    judged = [n for n, one in enumerate(entries) if not one.ambiguous]
    return clustering_metrics.count(
        [entries[n].event for n in judged], [str(found[n]) for n in judged]
    ).agreement()


def rival(streams: Sequence[Sequence[Labelled]], alike: Callable[..., Matrix]) -> list[Agreement]:
    """Return the agreement of each stream at the threshold that is best for the others."""
    tables = []
    for entries in streams:
        times = np.array([one.stored.published.timestamp() for one in entries])
        near = np.abs(times[:, None] - times[None, :]) <= WINDOW
        matrix = np.where(near, alike(entries), 0)
        tables.append([agreement(entries, stories(matrix, step)) for step in _STEPS])
    chosen = []
    for number, table in enumerate(tables):
        others = [other for n, other in enumerate(tables) if n != number] or [table]
        worth = [mean(one[step].pair_f1 for one in others) for step in range(len(_STEPS))]
        chosen.append(table[int(np.argmax(worth))])
    return chosen


def main() -> None:
    """Print a table in Markdown."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("files", type=Path, nargs="+")
    given = options.parse_args()
    rows = (evaluation.read(path) for path in given.files)
    every = [sorted(streams.entries(some), key=_time) for some in rows]
    figures = {name: rival(every, alike) for name, alike in RIVALS.items()}
    ours = [evaluate(entries) for entries in every]
    print("| stream | grouping: pair F1 (95 %), B³ |", " | ".join(RIVALS), "|")
    print("|---" * (2 + len(RIVALS)) + "|")
    for number, path in enumerate(given.files):
        one = ours[number].counts.agreement()
        low, high = ours[number].intervals()["pair_f1"]
        others = (figures[name][number] for name in RIVALS)
        cells = " | ".join(f"{each.pair_f1:.2f}, {each.b3_f1:.3f}" for each in others)
        print(
            f"| {path.stem} | {one.pair_f1:.2f} ({low:.2f}–{high:.2f}), {one.b3_f1:.3f} | {cells} |"
        )
    all_ours = [one.counts.agreement() for one in ours]
    means = [(mean(a.pair_f1 for a in some), mean(a.b3_f1 for a in some))
             for some in (all_ours, *figures.values())]  # fmt: skip
    print("| **mean** |", " | ".join(f"{f1:.3f}, {b3:.3f}" for f1, b3 in means), "|")


def _time(one: Labelled) -> tuple[float, str]:
    return one.stored.published.timestamp(), one.stored.key


if __name__ == "__main__":
    main()
