"""Which story an entry joins, and which stories are one: fits in log-odds, and the bars for them."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

CLIP = 8.0  # bound of the log-odds of one pair
MISSING_MEMBER = 5.0  # log-odds against an entry, for a member that it was not compared with
_BEST_PAIR_SHARE = 0.2  # weight of the best pair; the mean has the rest
_LINK_BEST_PAIR_SHARE = 0.5  # the same when two stories are compared
# A story whose members fit better than usual asks more of a newcomer, up to a limit.
_CLOSE_STORY_FACTOR, _CLOSEST_FIT, _USUAL_FIT = 0.3, 5.0, 2.5
_PER_E_FOLD = (
    0.3  # log-odds less for each e-fold of members, because a mean of many pairs errs less
)
MAX_MEMBERS = 400  # of a story
LARGE = 40  # members above this each further member must fit better
_FURTHER_MEMBERS = 2e-5  # log-odds for the square of their number
LOWEST_BAR = -5.5  # no bar is lower, however large the story and however unlike its members


def fit(margins: Iterable[float], size: int, missing: float = -MISSING_MEMBER) -> float:
    """Return how well an entry fits a story of that size, in log-odds above the threshold.

    `margins` are those of the members that it was compared with; each other one counts `missing`.
    """
    return _fit(margins, size, missing, _BEST_PAIR_SHARE)


def link(margins: Iterable[float], pairs: int, members: int) -> float:
    """Return how far two stories are one, in log-odds; they are one if it is above 0.

    `margins` are those of the pairs between them that were compared, `pairs` the number of all
    pairs, `members` that of both stories together. The best pair counts more than it does for an
    entry that joins: two stories that began with different words meet in few pairs.
    """
    fitting = _fit(margins, pairs, -MISSING_MEMBER, _LINK_BEST_PAIR_SHARE)
    return fitting - _large(members)


def _fit(margins: Iterable[float], size: int, missing: float, best_share: float) -> float:
    clipped = [max(-CLIP, min(CLIP, one)) for one in margins]
    mean = (sum(clipped) + missing * (size - len(clipped))) / size
    return (1 - best_share) * mean + best_share * max(clipped)


def _large(members: int) -> float:
    """Return the log-odds that a story of more than LARGE members asks besides."""
    return _FURTHER_MEMBERS * max(members - LARGE, 0) ** 2


def left_out(margins: Sequence[float]) -> float:
    """Return the margin of a member that was not compared because the entry had too many partners.

    It is the median of the margins of all partners, at most 0.
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
    return close - _PER_E_FOLD * math.log(min(size, LARGE)) + _large(size)


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
