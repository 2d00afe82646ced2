"""Maintenance of the store in each run: restores lost texts, deletes old ones."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aggregator.core.errors import ParseError, PublishError
from aggregator.core.logger import get_logger
from aggregator.core.model import Document, Entry, Source
from aggregator.core.ports import Clock, UpkeepStore
from aggregator.core.settings import CleanOptions, StorySettings
from aggregator.publish import archive_files
from aggregator.publish.publisher import Publication
from aggregator.publish.renderers import LIST

_MAX_RECOVERED = 100_000  # entries of one published feed
_FORGET_INTERVAL = timedelta(days=1)
_COMPRESSED_MOST = 50  # old archive pages a day, two seconds of work

_log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """Keeps the store complete and bounded."""

    store: UpkeepStore
    settings: StorySettings
    folder: Path  # of the published feeds
    clock: Clock

    def prove(self) -> None:
        """Raise StoreError unless what a run brings can be saved."""
        self.store.prove_writable()

    def tidy(self) -> None:
        """Make database and journal smaller, if that pays."""
        database, journal = self.store.tidy()
        if database > 0 or journal > 0:
            _log.info("store made smaller", database_bytes=database, journal_bytes=journal)

    def notice_loss(self) -> bool:
        """Say whether the database was lost and made anew."""
        return self.store.notice_loss()

    def recover(self) -> None:
        """Restore the texts that the published feeds still hold, if the database was lost."""
        if not self.store.rebuilt:
            return
        # slow, and needed only after a loss
        from aggregator.gather.document import read_document  # noqa: PLC0415

        entries: list[Entry] = []
        published = Source(id="published", clean=CleanOptions(strip=(f".{LIST}",)))
        for path in self._published_feeds():
            try:
                content = archive_files.read(path)
                document = Document(name=path.name, content=content, format="feed")
                entries += read_document(document, published, {}, _MAX_RECOVERED).entries
            except (ParseError, archive_files.DamagedPage) as error:
                _log.warning("published feed not readable", feed=path.name, error=str(error))
        count = self.store.restore(entries)
        _log.warning("texts restored from the published feeds", entries=count)

    def _published_feeds(self) -> list[Path]:
        """Return the Atom feeds and the pages of their archives, compressed or not, in order."""
        found = (path for path in self.folder.rglob("*") if not path.name.startswith("."))
        plain = {path.with_name(path.name.removesuffix(archive_files.END)) for path in found}
        return sorted(path for path in plain if path.suffix == ".atom")

    def forget(self, published: Publication) -> None:
        """Delete old texts, about once a day; stories that left the feeds are in the archives."""
        before = self.clock() - max(self.settings.keep, 2 * self.settings.window)
        last = self.store.forgotten()
        if published.errors or (last is not None and abs(before - last) < _FORGET_INTERVAL):
            return
        with suppress(PublishError, OSError):  # only room is lost
            archive_files.compress_old(self.folder, _COMPRESSED_MOST)
        if count := self.store.forget(before, published.stories):
            _log.info("old texts deleted", stories=count)
