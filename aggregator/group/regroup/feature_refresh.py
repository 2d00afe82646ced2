"""Extracts features again that are stored in an older format."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from aggregator.core.model import GroupContext, Grouped, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.features.feature_rows import gather
from aggregator.group.stories.context import shipped

Texts = Callable[[Sequence[str]], Iterable[StoredEntry]]


def renew(
    context: GroupContext, texts: Texts, settings: StorySettings
) -> tuple[GroupContext, tuple[tuple[str, bytes], ...]]:
    """Return the context with features of this version, and those that were extracted again.

    `texts` returns entries by key; it is called only if features are out of date.
    """
    stale = [one.key for one in context.entries if not packing.readable(one.features)]
    if not stale:
        return context, ()
    entries = sorted(texts(stale), key=lambda one: (one.published, one.key))
    made = features(entries, context.entries, settings)
    renewed = tuple(
        replace(one, features=made[one.key]) if one.key in made else one for one in context.entries
    )
    return replace(context, entries=renewed), tuple(made.items())


def features(
    entries: Sequence[StoredEntry], around: Iterable[Grouped], settings: StorySettings
) -> dict[str, bytes]:
    """Return the features of entries in (published, key) order, by key.

    `around` are entries near in time, from which document frequencies are counted.
    """
    if not entries:
        return {}
    context = GroupContext(entries=tuple(around))
    rows = gather(entries, context, settings, shipped().prior)
    of_new = np.flatnonzero(rows.is_new).tolist()
    return dict(zip((rows.keys[row] for row in of_new), rows.packed(of_new), strict=True))
