"""Features of an older form: made anew when they are needed, never misread."""

import dataclasses
from collections.abc import Sequence

import pytest

from aggregator.core.model import GroupContext, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features import packing
from aggregator.group.regroup import feature_refresh
from aggregator.group.stories.context import GroupingContext
from aggregator.group.stories.grouping import group
from tests.builders import NOW
from tests.unit.group.news import groups, remember, week

SETTINGS = StorySettings()
OLD = bytes([packing.VERSION + 1]) + b"of a later version"


def known(entries: tuple[StoredEntry, ...]) -> GroupContext:
    """Return what is remembered of entries that are grouped."""
    context = GroupContext()
    return remember(context, group(entries, GroupingContext(settings=SETTINGS, now=NOW)), entries)


def age(context: GroupContext, *numbers: int) -> GroupContext:
    """Return the context with some features in another form."""
    entries = [
        dataclasses.replace(one, features=OLD) if n in numbers else one
        for n, one in enumerate(context.entries)
    ]
    return dataclasses.replace(context, entries=tuple(entries))


def test_what_is_up_to_date_asks_for_nothing() -> None:
    context = known(week())

    def texts(keys: Sequence[str]) -> Sequence[StoredEntry]:
        """Fail if asked."""
        pytest.fail(f"asked for {keys}")

    assert feature_refresh.renew(context, texts, SETTINGS) == (context, ())
    assert feature_refresh.features((), context.entries, SETTINGS) == {}


@pytest.mark.parametrize("stale", [(0,), (3, 4, 7), tuple(range(9))], ids=["one", "some", "all"])
def test_what_is_out_of_date_is_made_anew(stale: tuple[int, ...]) -> None:
    past, new = week()[:9], week()[9:]
    entries = {one.key: one for one in past}
    whole = known(past)
    aged = age(whole, *stale)
    asked: list[str] = []

    def texts(keys: Sequence[str]) -> Sequence[StoredEntry]:
        """Give the entries, the last first."""
        asked.extend(keys)
        return [entries[key] for key in reversed(keys)]

    context, made = feature_refresh.renew(aged, texts, SETTINGS)
    assert asked == [aged.entries[n].key for n in stale]
    assert {key for key, _ in made} == set(asked)
    assert all(packing.readable(one.features) for one in context.entries)
    assert [one.key for one in context.entries] == [one.key for one in whole.entries]
    done, plain = (
        group(new, GroupingContext(settings=SETTINGS, now=NOW, past=one))
        for one in (context, whole)
    )
    assert groups(done) == groups(plain)
    assert [one.members for one in done.stories if len(one.members) > 1]
    assert [[m.key for m in one.members] for one in done.stories] == [
        [m.key for m in one.members] for one in plain.stories
    ]


def test_what_has_no_text_any_more_stays_as_it_is() -> None:
    aged = age(known(week()), 0)
    context, made = feature_refresh.renew(aged, lambda _: (), SETTINGS)
    assert context == aged
    assert made == ()
