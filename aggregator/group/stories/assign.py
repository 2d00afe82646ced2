"""Scores how well entries and stories fit a story, and decides which story an entry joins."""

import math
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence

from aggregator.core.model import Reason

CLIP = 8.0  # log-odds to which the margin of one pair is limited
MISSING_MEMBER = 5.0  # log-odds subtracted for a member that an entry was not compared with
_BEST_PAIR_SHARE = 0.2  # weight of the best pair; the rest is the weight of the mean
_LINK_BEST_PAIR_SHARE = 0.5  # the same when two stories are compared
# The bar rises with the fit of the members, up to a limit, if it is better than usual.
_CLOSE_STORY_FACTOR, _CLOSEST_FIT, _USUAL_FIT = 0.3, 5.0, 2.5
_PER_E_FOLD = (
    0.3  # log-odds by which the bar falls with the log of the size: more pairs, less error
)
MAX_MEMBERS = 400  # of a story
LARGE = 40  # members; beyond, each further one raises the bar
_FURTHER_MEMBERS = 2e-5  # log-odds, times the square of the number of members beyond LARGE
_FURTHER_MEMBERS_TO_LINK = 0.02  # log-odds for each; chains of similar bulletins grow by links
LOWEST_BAR = -5.5  # lower bound of the bar of any story


def fit(margins: Iterable[float], size: int, missing: float = -MISSING_MEMBER) -> float:
    """Return how well an entry fits a story of that size, in log-odds above the threshold.

    `margins` are those of the members that it was compared with; each other member counts as
    `missing`.
    """
    return _fit(margins, size, missing, _BEST_PAIR_SHARE)


def link(margins: Iterable[float], pairs: int, members: int) -> float:
    """Return how well two stories fit each other, in log-odds; they are merged if it is above 0.

    `margins` are those of the pairs between them that were compared, `pairs` is the number of all
    pairs, `members` that of the members of both. The best pair has more weight than for an entry
    that joins, because two stories that began with different words have few similar pairs. Each
    member beyond LARGE lowers the fit.
    """
    fitting = _fit(margins, pairs, -MISSING_MEMBER, _LINK_BEST_PAIR_SHARE)
    return fitting - _FURTHER_MEMBERS_TO_LINK * max(members - LARGE, 0)


def _fit(margins: Iterable[float], size: int, missing: float, best_share: float) -> float:
    clipped = [max(-CLIP, min(CLIP, one)) for one in margins]
    mean = (sum(clipped) + missing * (size - len(clipped))) / size
    return (1 - best_share) * mean + best_share * max(clipped)


def _large(members: int) -> float:
    """Return the log-odds by which the bar of a story rises beyond LARGE members."""
    return _FURTHER_MEMBERS * max(members - LARGE, 0) ** 2


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
    return close - _PER_E_FOLD * math.log(min(size, LARGE)) + _large(size)


def bar_of(reasons: Collection[Reason]) -> float:
    """Return the bar of a story whose members joined for these reasons."""
    return bar([log_odds(one.score) for one in reasons if one.weights], len(reasons))


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
