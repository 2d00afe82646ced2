"""Fills stores as fetches and groupings do."""

from datetime import datetime
from typing import Any

from aggregator.core.model import Change, Entry, Source, SourceState
from aggregator.core.ports import GatherStore, GroupStore
from tests.builders import NOW, make_grouping, make_source, make_state, make_story


def gather(
    store: GatherStore,
    *entries: Entry,
    source: Source | None = None,
    state: SourceState | None = None,
    now: datetime = NOW,
    initial: int | None = None,
    **kw: Any,
) -> tuple[Change, ...]:
    """Store entries as a fetch of example.org does, unless another source is named."""
    return store.save_gathered(
        source or make_source(), entries, state or make_state(), now=now, initial=initial, **kw
    )


def group_apart(store: GroupStore, **kw: Any) -> None:
    """Give each entry that is not grouped a story of its own, with these fields."""
    new = store.ungrouped(10_000)
    store.save_grouping(make_grouping(*(make_story(one.key, **kw) for one in new)))
