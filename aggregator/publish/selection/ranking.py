"""The order of a feed whose most important stories come first, and the report that a feed prefers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import log2

from aggregator.core.model import ShownStory, Source, StoredEntry
from aggregator.core.settings import FeedSpec
from aggregator.text import fold

_HALF_LIFE = 12 * 3600  # seconds in which a story loses what half of its publishers are worth
_PRIORITY = 0.5  # worth of one step of `priority`, in doublings of publishers
_MAX_PRIORITY = 4


def score(shown: ShownStory, priorities: Mapping[str, int]) -> float:
    """Return how much a story matters."""
    publishers = len({one.entry.publisher.id for one in shown.entries})
    priority = max(priorities.get(one.source_id, 0) for one in shown.entries)
    return importance(publishers, priority, shown.story.first_published)


def importance(publishers: int, priority: int, when: datetime) -> float:
    """Return how much a story matters, for feeds and pages.

    The age counts by the date alone, not by the time now, so the order of two stories stays until
    one of them changes.
    """
    bounded = max(-_MAX_PRIORITY, min(_MAX_PRIORITY, priority))
    return log2(publishers) + _PRIORITY * bounded + when.timestamp() / _HALF_LIFE


def arranger(spec: FeedSpec, sources: Sequence[Source]) -> Callable[[ShownStory], ShownStory]:
    """Return a function that puts the report first that the feed prefers."""
    if not spec.prefer:
        return lambda shown: shown
    identity = {source.id: source.identity for source in sources}
    wanted = [(identity.get(one, one), fold.language_key(one)) for one in spec.prefer]

    def _place(stored: StoredEntry) -> int:
        language = fold.language_key(stored.entry.language)
        names = {stored.source_id, stored.entry.publisher.id}
        for place, (name, tag) in enumerate(wanted):
            if name in names or language == tag or language.startswith(f"{tag}-"):
                return place
        return len(wanted)

    def _arrange(shown: ShownStory) -> ShownStory:
        best = min(shown.entries, key=_place)
        if best is shown.lead or _place(best) == _place(shown.lead):
            return shown
        entries = (best, *(one for one in shown.entries if one is not best))
        story = replace(
            shown.story,
            representative=best.key,
            updated=max(shown.story.updated, best.revised),
        )
        return ShownStory(story=story, entries=entries)

    return _arrange
