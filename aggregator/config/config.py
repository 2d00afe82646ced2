"""The configuration as the rest of the house sees it."""

from dataclasses import dataclass
from pathlib import Path

from aggregator.core import plugins
from aggregator.core.errors import ConfigError
from aggregator.core.model import Source
from aggregator.core.settings import (
    CleanOptions,
    FeedSpec,
    FetchSettings,
    HubSettings,
    ImageOptions,
    StorySettings,
)

_BEGINNING = 8  # characters of an id that may stand for the whole
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

    def find(self, id_: str) -> Source:
        """Return the source of an id, or of the beginning of one (8 characters); raise ConfigError."""
        known = {source.id: source for source in self.sources}
        if id_ in known:
            return known[id_]
        near = [one for one in known if len(id_) >= _BEGINNING and one.startswith(id_)]
        if len(near) == 1:
            return known[near[0]]
        text = f"no source has this id{plugins.did_you_mean(id_, known)}"
        if near:
            text = f"more than one source has an id that begins so: {', '.join(near[:5])}"
        raise ConfigError(text, path=self.path, key=f"sources: {id_}")
