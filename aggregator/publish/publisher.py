"""Stories in, files out: every feed in all its formats, with its archive."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from aggregator.core.errors import PublishError
from aggregator.core.model import Edition, FeedInfo, ShownStory, Source
from aggregator.core.ports import Clock, PublishStore, Renderer
from aggregator.core.settings import FeedSpec, are_pages_public
from aggregator.publish import files, selection
from aggregator.publish.archive import FORMATS, Archive

_log = structlog.get_logger()
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # `updated` of an empty feed
_TOMBSTONE_DAYS = 30
_TOMBSTONES_MOST = 500  # the newest; bounds the feed after a large regroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The result of publishing: files that changed, ids of the shown stories, errors."""

    written: tuple[Path, ...]
    topics: tuple[str, ...]  # URLs of the public feeds among them
    stories: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Writes every feed, in all its formats, with its archive."""

    store: PublishStore
    renderers: Mapping[str, Renderer]
    sources: Sequence[Source]
    feeds: Sequence[FeedSpec]
    folder: Path  # of the published feeds, in the data folder
    public_url: str
    clock: Clock
    hub: str = ""

    def run(self, *, since: datetime | None = None) -> Publication:
        """Write every feed whose bytes changed; one that fails does not stop the others.

        Stories first published from `since` on are new, for the log.
        """
        now = self.clock()
        infos = {name: one.info for name, one in self.store.source_states().items()}
        written: dict[Path, None] = {}
        shown: dict[str, None] = {}
        topics: list[str] = []
        errors: list[str] = []
        for spec in self.feeds:
            selected = selection.choose(self.store, spec, now=now, sources=self.sources)
            shown.update((one.story.id, None) for one in selected)
            try:
                edition = self._edition(spec, selected, infos, now)
                paths = tuple(self._write(edition, now))
                written.update(dict.fromkeys(paths))
                if paths:
                    _log_edition(edition, since or now)
                if not spec.token:
                    topics += [self.address(path.name) for path in paths]
            except PublishError as error:
                errors.append(str(error))
        return Publication(
            written=tuple(written),
            topics=tuple(topics),
            stories=tuple(shown),
            errors=tuple(errors),
        )

    def address(self, file: str) -> str:
        """Return the address of a published file."""
        return f"{self.public_url.rstrip('/')}/feeds/{file}"

    def _write(self, edition: Edition, now: datetime) -> Iterator[Path]:
        """Write a feed in all its formats; yield what changed."""
        for name in edition.spec.formats:
            renderer = self.renderers[name]
            file = f"{edition.spec.name}.{renderer.EXTENSION}"
            links = edition.links
            if name in FORMATS:
                links += self._history(renderer, edition, now)
            whole = dataclasses.replace(edition, self_url=self.address(file), links=links)
            path = self.folder / file
            if files.write(path, renderer.render(whole)):
                yield path

    def _history(
        self, renderer: Renderer, edition: Edition, now: datetime
    ) -> tuple[tuple[str, str], ...]:
        """Extend the archive with what left the feed; return the link to its newest page."""
        archive = Archive(
            spec=edition.spec,
            store=self.store,
            renderer=renderer,
            sources=self.sources,
            infos=edition.sources,
            secret=edition.secret,
            has_pages=edition.has_pages,
            folder=self.folder,
            home=self.public_url,
        )
        pages = archive.extend(edition.stories, now=now).pages
        return (("prev-archive", archive.address(pages)),) if pages else ()

    def _edition(
        self,
        spec: FeedSpec,
        selected: tuple[ShownStory, ...],
        infos: Mapping[str, FeedInfo],
        now: datetime,
    ) -> Edition:
        buried = self.store.tombstones(now - timedelta(days=_TOMBSTONE_DAYS))[:_TOMBSTONES_MOST]
        moments = [one.story.updated for one in selected] + [one.when for one in buried]
        return Edition(
            spec=spec,
            self_url="",
            home_url=self.public_url,
            updated=max(moments, default=_NEVER),
            stories=selected,
            tombstones=buried if spec.group == "stories" else (),
            sources=infos,
            categories=selection.categories_of(self.sources),
            links=(("hub", self.hub),) if self.hub and not spec.token else (),
            has_pages=bool(spec.token) or are_pages_public(self.feeds),
            secret=files.secret(self.folder.parent) if spec.split_links else b"",
        )


def _log_edition(edition: Edition, since: datetime) -> None:
    """Log how many stories a feed contains."""
    count = len(edition.stories)
    word = "story" if count == 1 else "stories"
    _log.info(
        f"published {{feed}}: {{stories}} {word}, {{new}} new",
        feed=edition.spec.name,
        stories=count,
        new=sum(one.story.first_published >= since for one in edition.stories),
    )
