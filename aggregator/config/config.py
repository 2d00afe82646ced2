"""The configuration as the rest of the house sees it."""

from dataclasses import dataclass
from pathlib import Path

from aggregator.core.model import Source
from aggregator.core.settings import (
    CleanOptions,
    FeedSpec,
    FetchSettings,
    HubSettings,
    ImageOptions,
    StorySettings,
)

_CLEAN = CleanOptions()
_HUB = HubSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that the user decided; paths are absolute.

    `path` is the file that it was read from, or would be. `store` is "sqlite" or the URL of a
    PostgreSQL database.
    """

    path: Path
    data: Path
    public_url: str
    store: str
    fetch: FetchSettings
    images: ImageOptions
    stories: StorySettings
    sources: tuple[Source, ...]
    feeds: tuple[FeedSpec, ...]
    websub: HubSettings = _HUB
    clean: CleanOptions = _CLEAN  # of an address that no source says more about
