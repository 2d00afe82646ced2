"""Small boosted trees, grown from histograms, deterministic, stored as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_BINS = 64
_AT_ONCE = 1024  # rows scored at a time, so that the intermediate arrays stay in the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Complete binary trees of one depth, as arrays by tree and node in breadth-first order.

    `values` has 2^(depth+1) - 1 nodes for each tree. A pair gets the values of its leaves; those of
    inner nodes are used by `explain`.
    """

    features: NDArray[np.int64]
    cuts: NDArray[np.float32]
    values: NDArray[np.float32]

    @property
    def depth(self) -> int:
        """The number of levels of each tree."""
        return int(self.features.shape[1] + 1).bit_length() - 1

    def score(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the sum of the leaf values of each row."""
        found = np.empty(len(columns), np.float32)
        for begin in range(0, len(columns), _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            found[some] = self._score(columns[some])
        return found

    def _score(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """Evaluate all splits for all rows, which is faster than following the path of each row."""
        asked = zip(self.features.T, self.cuts.T, strict=True)
        answers = [np.take(columns, f, axis=1) > cut for f, cut in asked]
        leaf = np.zeros((len(columns), len(self.features)), np.uint16)
        way: list[NDArray[np.bool_]] = []
        for level in range(self.depth):
            open_ = answers[2**level - 1 : 2 ** (level + 1) - 1]
            for turn in way:  # the split of this level that each row reaches
                half = len(open_) // 2
                pairs = zip(open_[:half], open_[half:], strict=True)
                # `above` where it turns, else `below`; np.where takes five times as long
                open_ = [below ^ (turn & (above ^ below)) for below, above in pairs]
            way.append(open_[0])
            leaf <<= 1
            leaf |= open_[0]
        first = np.arange(len(self.features)) * self.values.shape[1] + 2**self.depth - 1
        total: NDArray[np.float32] = np.take(self.values, leaf + first).sum(
            axis=1, dtype=np.float32
        )
        return total

    def explain(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the contribution of each feature to the score of one row: the steps along its path."""
        trees = np.arange(len(self.features))
        node = np.zeros(len(trees), np.int64)
        found = np.zeros(len(row), np.float32)
        for _ in range(self.depth):
            asked = self.features[trees, node]
            below = 2 * node + 1 + (row[asked] > self.cuts[trees, node])
            np.add.at(found, asked, self.values[trees, below] - self.values[trees, node])
            node = below
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Parameters of growth: number, depth and learning rate of the trees, and regularisation."""

    trees: int = 150
    depth: int = 3
    rate: float = 0.06
    shrink: float = 4.0  # L2 penalty of a node
    least: float = 4.0  # minimum weight of a child
    columns: float = 1.0  # share of the columns drawn at random for each tree


def grow(
    columns: NDArray[np.float32],
    labels: Doubles,
    start: Doubles,
    growth: Growth,
    weights: Doubles | None = None,
) -> Forest:
    """Grow a forest that corrects `start`, the log-odds that another model gives each row."""
    weights = np.ones(len(labels)) if weights is None else weights
    cuts = [_quantiles(columns[:, f]) for f in range(columns.shape[1])]
    bins = np.stack([np.searchsorted(c, columns[:, f]) for f, c in enumerate(cuts)]).astype(
        np.int64
    )
    margin = start.copy()
    grown = []
    chance_of = np.random.default_rng(0)
    drawn = max(1, round(growth.columns * len(cuts)))
    for _ in range(growth.trees):
        some = np.sort(chance_of.permutation(len(cuts))[:drawn])
        chance = 1 / (1 + np.exp(-margin))
        gradient, curvature = weights * (labels - chance), weights * chance * (1 - chance)
        sample = _Sample(bins=bins, columns=some, gradient=gradient, curvature=curvature)
        tree = _tree(sample, growth)
        grown.append(tree[:3])
        margin += tree[3]
    features = np.stack([one[0] for one in grown])
    places = np.stack([one[1] for one in grown])
    padded = np.full((len(cuts), _BINS), np.inf, np.float32)
    for f, c in enumerate(cuts):
        padded[f, : len(c)] = c
    return Forest(
        features=features,
        cuts=padded[features, np.minimum(places, _BINS - 1)],
        values=np.stack([one[2] for one in grown]).astype(np.float32),
    )


def _quantiles(column: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cuts between distinct values, at most one fewer than the bins."""
    distinct = np.unique(column)
    if len(distinct) >= _BINS:
        distinct = np.unique(np.quantile(column, np.linspace(0, 1, _BINS), method="nearest"))
    middle: NDArray[np.float32] = ((distinct[1:] + distinct[:-1]) / 2).astype(np.float32)
    return middle


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """The input of one tree: bins by feature and row, gradient and curvature of the loss by row."""

    bins: NDArray[np.int64]
    columns: NDArray[np.int64]  # that may be split on
    gradient: Doubles
    curvature: Doubles


def _tree(
    sample: _Sample, growth: Growth
) -> tuple[NDArray[np.int64], NDArray[np.int64], Doubles, Doubles]:
    """Grow one tree; return its features, bins, node values, and each row's value."""
    inner = 2**growth.depth - 1
    features, places = np.zeros(inner, np.int64), np.full(inner, _BINS, np.int64)
    values = np.zeros(2 * inner + 1)
    node = np.zeros(len(sample.gradient), np.int64)
    for level in range(growth.depth + 1):
        first, count = 2**level - 1, 2**level
        local = node - first
        up = np.bincount(local, sample.gradient, count)
        down = np.bincount(local, sample.curvature, count) + growth.shrink
        values[first : first + count] = growth.rate * up / down
        if level == growth.depth:
            break
        f, c = _splits(sample, local, count, growth)
        features[first : first + count], places[first : first + count] = f, c
        node = 2 * node + 1 + (sample.bins[f[local], np.arange(len(local))] > c[local])
    return features, places, values, values[node]


def _splits(
    sample: _Sample, local: NDArray[np.int64], count: int, growth: Growth
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the feature and the bin after which to cut that gain most in each node of a level."""
    best = np.full(count, 1e-6)
    features, places = np.zeros(count, np.int64), np.full(count, _BINS, np.int64)
    for f in sample.columns.tolist():
        slots = local * _BINS + sample.bins[f]
        up, down = (
            np.bincount(slots, parts, count * _BINS).reshape(count, _BINS).cumsum(axis=1)
            for parts in (sample.gradient, sample.curvature)
        )
        gain = _gain(up, down, growth)
        place = gain.argmax(axis=1)
        top = gain[np.arange(count), place]
        better = top > best
        best[better], features[better], places[better] = top[better], f, place[better]
    return features, places


def _gain(up: Doubles, down: Doubles, growth: Growth) -> Doubles:
    """Return what each cut of each node gains, from running sums over the bins."""
    all_up, all_down = up[:, -1:], down[:, -1:]
    gain: Doubles = (
        up**2 / (down + growth.shrink)
        + (all_up - up) ** 2 / (all_down - down + growth.shrink)
        - all_up**2 / (all_down + growth.shrink)
    )
    gain[(down < growth.least) | (all_down - down < growth.least)] = 0
    return gain
