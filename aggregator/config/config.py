"""The configuration as the other packages see it."""

from dataclasses import dataclass
from pathlib import Path

from aggregator.core import plugins
from aggregator.core.errors import ConfigError
from aggregator.core.model import Source
from aggregator.core.settings import (
    BackupSettings,
    CleanOptions,
    FeedSpec,
    FetchSettings,
    HubSettings,
    ImageOptions,
    PageSettings,
    SearchSettings,
    StorySettings,
)

_MIN_PREFIX_CHARACTERS = 8  # of an id that `find` accepts in place of the complete one
_CLEAN = CleanOptions()
_HUB = HubSettings()
_SEARCH = SearchSettings()
_BACKUP = BackupSettings()
_PAGES = PageSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of the user; paths are absolute.

    `path` is the file it was read from, or would be. `store` is "sqlite" or the URL of a
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
    pages: PageSettings = _PAGES
    search: SearchSettings = _SEARCH
    backup: BackupSettings = _BACKUP  # `dir` is absolute
    log: str = "text"  # or json
    health_feed: bool = False
    allowed_hosts: tuple[str, ...] = ()  # of the web server, beside that of public_url
    clean: CleanOptions = _CLEAN  # for URLs that belong to no source

    def find(self, id_: str) -> Source:
        """Return the source with this id or id prefix (8 characters or more); raise ConfigError."""
        known = {source.id: source for source in self.sources}
        if id_ in known:
            return known[id_]
        near = [one for one in known if len(id_) >= _MIN_PREFIX_CHARACTERS and one.startswith(id_)]
        if len(near) == 1:
            return known[near[0]]
        text = f"no source has this id{plugins.did_you_mean(id_, known)}"
        if near:
            text = f"several sources have an id with this prefix: {', '.join(near[:5])}"
        raise ConfigError(text, path=self.path, key=f"sources: {id_}")
