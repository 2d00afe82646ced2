"""Maintenance of the store in each run: restores lost texts, deletes old ones."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aggregator.core.errors import ParseError
from aggregator.core.logger import get_logger
from aggregator.core.model import Document, Entry, Source
from aggregator.core.ports import Clock, UpkeepStore
from aggregator.core.settings import CleanOptions, StorySettings
from aggregator.publish.publisher import Publication
from aggregator.publish.renderers import LIST

_MAX_RECOVERED = 100_000  # entries of one published feed
_FORGET_INTERVAL = timedelta(days=1)

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
        feeds = (path for path in self.folder.rglob("*.atom") if not path.name.startswith("."))
        for path in sorted(feeds):
            document = Document(name=path.name, content=path.read_bytes(), format="feed")
            try:
                entries += read_document(document, published, {}, _MAX_RECOVERED).entries
            except ParseError as error:
                _log.warning("published feed not readable", feed=path.name, error=str(error))
        count = self.store.restore(entries)
        _log.warning("texts restored from the published feeds", entries=count)

    def forget(self, published: Publication) -> None:
        """Delete old texts, about once a day; stories that left the feeds are in the archives."""
        before = self.clock() - max(self.settings.keep, 2 * self.settings.window)
        last = self.store.forgotten()
        if published.errors or (last is not None and abs(before - last) < _FORGET_INTERVAL):
            return
        if count := self.store.forget(before, published.stories):
            _log.info("old texts deleted", stories=count)
