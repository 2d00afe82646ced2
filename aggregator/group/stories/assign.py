"""Scores how well an entry fits a story, and decides which story it joins."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

CLIP = 8.0  # log-odds to which the margin of one pair is limited
MISSING_MEMBER = 5.0  # log-odds subtracted for a member that an entry was not compared with
_BEST_PAIR_SHARE = 0.2  # weight of the best pair; the rest is the weight of the mean
# The bar rises with the fit of the members, up to a limit, if it is better than usual.
_CLOSE_STORY_FACTOR, _CLOSEST_FIT, _USUAL_FIT = 0.3, 5.0, 2.5
_PER_E_FOLD = (
    0.3  # log-odds by which the bar falls with the log of the size: more pairs, less error
)
MAX_MEMBERS = 400  # of a story
LARGE = 40  # members; beyond, each further one raises the bar
_FURTHER_MEMBERS = 2e-5  # log-odds, times the square of the number of members beyond LARGE
LOWEST_BAR = -5.5  # lower bound of the bar of any story
_MERGE_MARGIN = 0.75  # log-odds above the bar at which two stories are merged


def fit(margins: Iterable[float], size: int, missing: float = -MISSING_MEMBER) -> float:
    """Return how well an entry fits a story of that size, in log-odds above the threshold.

    `margins` are those of the members that it was compared with; each other member counts as
    `missing`.
    """
    clipped = [max(-CLIP, min(CLIP, one)) for one in margins]
    mean = (sum(clipped) + missing * (size - len(clipped))) / size
    return (1 - _BEST_PAIR_SHARE) * mean + _BEST_PAIR_SHARE * max(clipped)


def missing_margin(margins: Sequence[float]) -> float:
    """Return the margin that is assumed for a member dropped by the limit on partners.

    It is the median of the margins of all partners of the entry, at most 0: if most of them fit,
    the dropped member may fit as well.
    """
    return max(-MISSING_MEMBER, min(0.0, statistics.median(margins)))


def bar(fits: Sequence[float], size: int) -> float:
    """Return the bar that an entry's fit must exceed; `fits` are those of members when they joined.

    The bar is higher in a story of near copies, where a report that is only similar is probably of
    the next event, and in a story of more than LARGE members.
    """
    close = (
        _CLOSE_STORY_FACTOR * (min(sum(fits) / len(fits), _CLOSEST_FIT) - _USUAL_FIT)
        if fits
        else 0.0
    )
    further = max(size - LARGE, 0)
    return close - _PER_E_FOLD * math.log(size - further) + _FURTHER_MEMBERS * further**2


def should_merge(margins: Sequence[float], bars: Sequence[float]) -> bool:
    """Return whether to merge two stories, given the margins of all pairs between them."""
    return fit(margins, len(margins)) - max(bars) > _MERGE_MARGIN


def best_story(fits: Mapping[str, float]) -> str:
    """Return the id of the story with the best fit above 0, '' if there is none."""
    chosen = max(fits, key=lambda one: (fits[one], one), default="")
    return chosen if chosen and fits[chosen] > 0 else ""


def probability(log_odds: float) -> float:
    """Return the probability of log-odds, rounded to four digits."""
    return round(1 / (1 + math.exp(-max(-CLIP, min(CLIP, log_odds)))), 4)


def log_odds(chance: float) -> float:
    """Return the log-odds of a probability that `probability` returned."""
    held = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(held / (1 - held))
