"""The input of one grouping beside its new entries."""

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
    """The trained model and the document frequencies."""

    model: Model
    prior: Prior


@cache
def shipped() -> Learned:
    """Return the model and the prior of the package."""
    return Learned(model=scoring.built_in(), prior=prior.built_in())


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingContext:
    """The input of one grouping beside its new entries.

    `past` are the entries and stories near in time. If it has no stories, `load_stories` returns
    those of some entries; it is called once. `existing_ids` returns which story ids are in use.
    `priorities` are those of sources, by identity. `ignore_window` compares entries without a date
    however far apart they were first seen; `include_unlikely` also scores pairs that cannot pass
    the threshold, for training.
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
