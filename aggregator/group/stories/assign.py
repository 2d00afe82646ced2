"""Which story an entry joins: the one that it fits as a whole, if any fits well enough."""

import math
from collections.abc import Iterable, Mapping, Sequence

CLIP = 8.0  # log-odds beyond which one pair says no more
_ABSENT = 5.0  # log-odds against an entry of a member that shares too little to be compared
_MOST = 0.2  # weight of the best pair beside the mean
_CLOSE, _CLOSEST, _USUAL = 0.3, 5.0, 2.5  # how much closer a close story wants a newcomer to be
_MANY = 0.3  # log-odds for each e-fold of members: many comparisons err less than one
SIZE = 400  # members; a story that has them takes no more
LEAST_BAR = -5.5  # no bar is lower, however large the story and however unlike its members
_TWINS = 0.75  # log-odds above the bar at which two stories are one


def fit(margins: Iterable[float], size: int) -> float:
    """Return how well an entry fits a story of that size, in log-odds above the threshold.

    `margins` are those of the members that it could be compared with; the others speak against.
    """
    clipped = [max(-CLIP, min(CLIP, one)) for one in margins]
    mean = (sum(clipped) - _ABSENT * (size - len(clipped))) / size
    return (1 - _MOST) * mean + _MOST * max(clipped)


def bar(fits: Sequence[float], size: int) -> float:
    """Return what the fit with a story must exceed; `fits` are those of members when they joined.

    Where all members are very much alike, something a little alike is the next event.
    """
    close = _CLOSE * (min(sum(fits) / len(fits), _CLOSEST) - _USUAL) if fits else 0.0
    return close - _MANY * math.log(size)


def are_one(margins: Sequence[float], bars: Sequence[float]) -> bool:
    """Say whether two stories are one, from the log-odds of all pairs between them."""
    return fit(margins, len(margins)) - max(bars) > _TWINS


def best(fits: Mapping[str, float]) -> str:
    """Return the id of the story that fits best, '' if none fits."""
    chosen = max(fits, key=lambda one: (fits[one], one), default="")
    return chosen if chosen and fits[chosen] > 0 else ""


def chance(log_odds: float) -> float:
    """Return the probability, in four digits."""
    return round(1 / (1 + math.exp(-max(-CLIP, min(CLIP, log_odds)))), 4)


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability that `chance` gave."""
    held = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(held / (1 - held))
