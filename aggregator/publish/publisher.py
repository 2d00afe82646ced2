"""Stories in, files out: every feed in all its formats, with its archive."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from aggregator.core.errors import PublishError
from aggregator.core.logger import get_logger
from aggregator.core.model import Edition, FeedInfo, ShownStory, Source
from aggregator.core.ports import Clock, PublishStore, Renderer
from aggregator.core.settings import FeedSpec, are_pages_public
from aggregator.publish import files, selection, stamp
from aggregator.publish.archive import FORMATS, Archive, History, files_of, has_archive

_log = get_logger()
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # `updated` of an empty feed, or long past
_INSTANT = timedelta(microseconds=1)  # a digest is due at the end of its period, not after it
_TOMBSTONE_TIME = timedelta(days=30)
_TOMBSTONES_MOST = 500  # the newest; bounds the feed after a large regroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The result of publishing: files that changed, ids of the shown stories, errors."""

    written: tuple[Path, ...]
    topics: tuple[str, ...]  # URLs of the public feeds among them
    stories: tuple[str, ...]
    errors: tuple[str, ...]
    until: datetime | None = None  # after it, time alone changes a feed

    @property
    def bytes(self) -> int:
        """The size of the files that changed."""
        return sum(path.stat().st_size for path in self.written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Writes every feed, in all its formats, with its archive.

    `owe` is called with the URL of each public feed that is about to change.
    """

    store: PublishStore
    renderers: Mapping[str, Renderer]
    sources: Sequence[Source]
    feeds: Sequence[FeedSpec]
    folder: Path  # of the published feeds, in the data folder
    public_url: str
    clock: Clock
    hub: str = ""
    owe: Callable[[str], None] = lambda _: None
    last: stamp.LastStamp = field(default_factory=stamp.LastStamp)
    shortcuts: bool = True  # False: make everything anew, for tests that compare the bytes

    def run(self, *, since: datetime | None = None) -> Publication:
        """Write every feed whose bytes changed; one that fails does not stop the others.

        Nothing is read, rendered or written if the feeds are still those of the store. Stories first
        published from `since` on are new, for the log.
        """
        now, generation, settings = self.clock(), self.store.generation(), self._digest()
        path = self.folder.parent / stamp.NAME
        before = stamp.read(path) if self.shortcuts else None
        if before and before.is_current(generation, settings, now, self.folder):
            return Publication(written=(), topics=(), stories=before.stories, errors=())
        published = self._publish(now, since or now)
        if not published.errors:
            made = stamp.Stamp(
                generation=generation,
                settings=settings,
                made=now,
                until=published.until,
                files=stamp.measure(self.folder, self._names()),
                stories=published.stories,
            )
            stamp.write(path, made)
        return published

    def _publish(self, now: datetime, since: datetime) -> Publication:
        """Make every feed, and write those that changed."""
        infos = {name: one.info for name, one in self.store.source_states().items()}
        written: dict[Path, None] = {}
        shown: dict[str, None] = {}
        topics: list[str] = []
        errors: list[str] = []
        moments: list[datetime] = []
        for spec in self.feeds:
            selected = self._select(spec, now)
            shown.update((one.story.id, None) for one in selected)
            try:
                edition = self._edition(spec, selected, infos, now)
                moments += selection.expiries(spec, selected)
                moments += digest_ends([spec], now, following=True)
                moments += [one.when + _TOMBSTONE_TIME for one in edition.tombstones]
                paths = tuple(self._write(edition, now, moments))
                written.update(dict.fromkeys(paths))
                if paths:
                    _log_edition(edition, since)
                if not spec.token:
                    topics += [self.address(path.name) for path in paths]
            except PublishError as error:
                errors.append(str(error))
        return Publication(
            written=tuple(written),
            topics=tuple(topics),
            stories=tuple(shown),
            errors=tuple(errors),
            until=min(moments, default=None),
        )

    def digests_due(self) -> tuple[datetime, ...]:
        """Return when the last digests became due; another value asks for publishing."""
        return digest_ends(self.feeds, self.clock())

    def _select(self, spec: FeedSpec, now: datetime) -> tuple[ShownStory, ...]:
        if spec.digest:
            from aggregator.publish import digest_making  # noqa: PLC0415  few feeds are of digests

            return digest_making.publish(self.store, spec, spec.digest, self.sources, now)
        return selection.choose(self.store, spec, now=now, sources=self.sources)

    def is_complete(self) -> bool:
        """Return whether each feed has its files, none changed by others since they were written."""
        made = self.last.read(self.folder.parent / stamp.NAME)
        if made is not None and not made.has_files(self.folder):
            return False
        return all(
            (self.folder / f"{spec.name}.{self.renderers[name].EXTENSION}").exists()
            for spec in self.feeds
            for name in spec.formats
        )

    def address(self, file: str) -> str:
        """Return the address of a published file."""
        return f"{self.public_url.rstrip('/')}/feeds/{file}"

    def _write(self, edition: Edition, now: datetime, moments: list[datetime]) -> Iterator[Path]:
        """Write a feed in all its formats; yield what changed.

        Add to `moments` if the archive grew, for it may have to grow further.
        """
        for name in edition.spec.formats:
            renderer = self.renderers[name]
            file = f"{edition.spec.name}.{renderer.EXTENSION}"
            links = edition.links
            if name in FORMATS and has_archive(edition.spec):
                history, more = self._history(renderer, edition, now)
                links += more
                moments += [_NEVER] if history.grew else []  # make the feed again
            whole = dataclasses.replace(edition, self_url=self.address(file), links=links)
            path = self.folder / file
            content = renderer.render(whole)
            if files.write(path, content, before=partial(self._owe, edition.spec, file)):
                yield path

    def _owe(self, spec: FeedSpec, file: str) -> None:
        if not spec.token:
            self.owe(self.address(file))

    def _history(
        self, renderer: Renderer, edition: Edition, now: datetime
    ) -> tuple[History, tuple[tuple[str, str], ...]]:
        """Extend the archive with what left the feed; return it, and the link to its newest page."""
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
        history = archive.extend(edition.stories, now=now)
        pages = history.pages
        return history, (("prev-archive", archive.address(pages)),) if pages else ()

    def _digest(self) -> str:
        """Return a digest of the settings; empty if the secret cannot be read, to report that again."""
        try:
            secrets = [files.secret(self.folder.parent) for one in self.feeds if one.split_links]
        except PublishError:
            return ""
        return stamp.digest(self.feeds, self.sources, self.public_url, self.hub, secrets)

    def _names(self) -> list[str]:
        """Return the paths of the feeds, and what tells that an archive is whole."""
        names: list[str] = []
        for spec in self.feeds:
            for name in spec.formats:
                extension = self.renderers[name].EXTENSION
                names.append(f"{spec.name}.{extension}")
                names += files_of(self.folder, spec.name, extension)
        return names

    def _edition(
        self,
        spec: FeedSpec,
        selected: tuple[ShownStory, ...],
        infos: Mapping[str, FeedInfo],
        now: datetime,
    ) -> Edition:
        buried = self.store.tombstones(now - _TOMBSTONE_TIME)[:_TOMBSTONES_MOST]
        moments = [one.story.updated for one in selected] + [one.when for one in buried]
        return Edition(
            # a digest is no story: it has no page, and stories that were merged are not in the feed
            spec=dataclasses.replace(spec, group="none") if spec.digest else spec,
            self_url="",
            home_url=self.public_url,
            updated=max(moments, default=_NEVER),
            stories=selected,
            tombstones=buried if spec.group == "stories" and not spec.digest else (),
            sources=infos,
            categories=selection.categories_of(self.sources),
            links=(("hub", self.hub),) if self.hub and not spec.token else (),
            has_pages=bool(spec.token) or are_pages_public(self.feeds),
            secret=files.secret(self.folder.parent) if spec.split_links else b"",
        )


def digest_ends(
    feeds: Iterable[FeedSpec], now: datetime, *, following: bool = False
) -> tuple[datetime, ...]:
    """Return when the last periods of the feeds of digests ended, or how long the present ones last."""
    wanted = [spec.digest for spec in feeds if spec.digest]
    if not wanted:
        return ()
    from aggregator.publish import digest_making  # noqa: PLC0415  few feeds are of digests

    if following:
        return tuple(digest_making.next_end(one, now) - _INSTANT for one in wanted)
    return tuple(digest_making.periods(one, now)[0].end for one in wanted)


def _log_edition(edition: Edition, since: datetime) -> None:
    """Log how many stories a feed contains."""
    count = len(edition.stories)
    word = "story" if count == 1 else "stories"
    _log.info(
        "published {feed}: {stories} {word}, {new} new",
        feed=edition.spec.name,
        stories=count,
        word=word,
        new=sum(one.story.first_published >= since for one in edition.stories),
    )
