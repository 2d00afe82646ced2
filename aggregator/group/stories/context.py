"""What one grouping is given beside its new entries."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from aggregator.core.model import GroupContext, Story
from aggregator.core.settings import StorySettings
from aggregator.group.features import prior
from aggregator.group.features.feature_rows import IN_MEMORY, FeatureSources
from aggregator.group.features.prior import Prior
from aggregator.group.model import scoring
from aggregator.group.model.scoring import Model

LoadStories = Callable[[Iterable[str]], Iterable[Story]]
"""From keys of entries to the stories that contain them."""
ExistingIds = Callable[[Sequence[str]], Collection[str]]
"""From ids of stories to those that are in use."""
_NOTHING = GroupContext()


def no_ids(_: Sequence[str]) -> Collection[str]:
    """Return no ids: all stories are loaded."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned from labelled entries and from news at large."""

    model: Model
    prior: Prior


@cache
def shipped() -> Learned:
    """Return the model and the prior of the package."""
    return Learned(model=scoring.built_in(), prior=prior.built_in())


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingContext:
    """What one grouping is given beside its new entries.

    `past` is what was grouped before, near in time. If it lacks stories, `load_stories` gives
    those that contain the keys given; it is called once. `existing_ids` says which ids of stories
    are in use beside those. `priorities` are those of sources by
    identity. With `ignore_window` entries without a date meet however far apart they were seen;
    with `include_unlikely` pairs that cannot win are scored too, to learn from.
    """

    settings: StorySettings
    now: datetime
    past: GroupContext = _NOTHING
    priorities: Mapping[str, int] = field(default_factory=dict)
    learned: Learned = field(default_factory=shipped)
    features: FeatureSources = IN_MEMORY
    load_stories: LoadStories | None = None
    existing_ids: ExistingIds = no_ids
    ignore_window: bool = False
    include_unlikely: bool = False
