"""Which story an entry joins: the one that it fits as a whole, if any fits well enough."""

from collections.abc import Iterable, Mapping

_CLIP = 8.0  # log-odds beyond which one pair says no more
_MOST = 0.2  # weight of the best pair beside the mean
SIZE = 400  # members; a story that has them takes no more


def fit(logits: Iterable[float], size: int) -> float:
    """Return how well an entry fits a story of that size, in log-odds.

    `logits` are those of the members that it could be compared with; the others speak against.
    """
    clipped = [max(-_CLIP, min(_CLIP, one)) for one in logits]
    mean = (sum(clipped) - _CLIP * (size - len(clipped))) / size
    return (1 - _MOST) * mean + _MOST * max(clipped)


def best(fits: Mapping[str, float], threshold: float) -> str:
    """Return the id of the story that fits best, '' if none is above the threshold."""
    chosen = max(fits, key=lambda one: (fits[one], one), default="")
    return chosen if chosen and fits[chosen] > threshold else ""
