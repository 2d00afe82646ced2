"""Which story an entry joins: the one that it fits as a whole, if any fits well enough."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

CLIP = 8.0  # log-odds beyond which one pair says no more
MISSING_MEMBER = 5.0  # log-odds against an entry, for a member that it was not compared with
_BEST_PAIR_SHARE = 0.2  # weight of the best pair; the mean has the rest
# A story whose members fit better than usual asks more of a newcomer, up to a limit.
_CLOSE_STORY_FACTOR, _CLOSEST_FIT, _USUAL_FIT = 0.3, 5.0, 2.5
_PER_E_FOLD = 0.3  # log-odds less for each e-fold of members: many comparisons err less than one
MAX_MEMBERS = 400  # of a story
LARGE = 40  # members from which on each further one must fit better than the one before
_FURTHER_MEMBERS = 2e-5  # log-odds for the square of their number
LOWEST_BAR = -5.5  # no bar is lower, however large the story and however unlike its members
_MERGE_MARGIN = 0.75  # log-odds above the bar at which two stories are one


def fit(margins: Iterable[float], size: int, missing: float = -MISSING_MEMBER) -> float:
    """Return how well an entry fits a story of that size, in log-odds above the threshold.

    `margins` are those of the members that it was compared with; each other one counts `missing`.
    """
    clipped = [max(-CLIP, min(CLIP, one)) for one in margins]
    mean = (sum(clipped) + missing * (size - len(clipped))) / size
    return (1 - _BEST_PAIR_SHARE) * mean + _BEST_PAIR_SHARE * max(clipped)


def left_out(margins: Sequence[float]) -> float:
    """Return what a member counts that an entry was not compared with, for lack of room.

    `margins` are those of all its partners. If most of these fit, so may a member that was left
    out; if an entry shares a little with everything, a member that was left out says nothing new.
    """
    return max(-MISSING_MEMBER, min(0.0, statistics.median(margins)))


def bar(fits: Sequence[float], size: int) -> float:
    """Return the bar that a newcomer's fit must exceed; `fits` are those of members when they joined.

    In a story of near copies, an entry that is only somewhat alike reports the next event.
    From LARGE members on each further one raises the bar.
    """
    close = (
        _CLOSE_STORY_FACTOR * (min(sum(fits) / len(fits), _CLOSEST_FIT) - _USUAL_FIT)
        if fits
        else 0.0
    )
    further = max(size - LARGE, 0)
    return close - _PER_E_FOLD * math.log(size - further) + _FURTHER_MEMBERS * further**2


def should_merge(margins: Sequence[float], bars: Sequence[float]) -> bool:
    """Say whether two stories are one, from the log-odds of all pairs between them."""
    return fit(margins, len(margins)) - max(bars) > _MERGE_MARGIN


def best_story(fits: Mapping[str, float]) -> str:
    """Return the id of the story that fits best, '' if none fits."""
    chosen = max(fits, key=lambda one: (fits[one], one), default="")
    return chosen if chosen and fits[chosen] > 0 else ""


def probability(log_odds: float) -> float:
    """Return the probability of log-odds, in four digits."""
    return round(1 / (1 + math.exp(-max(-CLIP, min(CLIP, log_odds)))), 4)


def log_odds(chance: float) -> float:
    """Return the log-odds of a probability that `probability` returned."""
    held = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(held / (1 - held))
