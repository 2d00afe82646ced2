"""What a worker process does with one document: parse, clean, extract features, in one trip."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.core import slow_imports
from aggregator.core.errors import SourceError
from aggregator.core.model import CleanedFeed, Document, Entry, Source, StoredEntry
from aggregator.core.ports import Boilerplate, Clock
from aggregator.core.settings import NamePairs
from aggregator.core.traces import KnownDocument
from aggregator.gather import revision
from aggregator.pool import Pool

_WORDS = "aggregator.group.features.vocabulary"  # slow to import


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Reads documents in the pool; a ports.DocumentReader."""

    pool: Pool
    names: NamePairs
    clock: Clock

    def expecting(self) -> AbstractContextManager[None]:
        """Tell that a request may bring documents; see ports.DocumentReader."""
        return self.pool.expecting()

    async def read(
        self,
        documents: Sequence[Document],
        source: Source,
        boilerplate: Boilerplate,
        max_entries: int,
        *,
        all_new: bool,
        known: KnownDocument | None = None,
    ) -> list[CleanedFeed | SourceError]:
        """Return each document cleaned, or why it cannot be read; see ports.DocumentReader."""
        given = (source, boilerplate, max_entries)
        if not all_new and known is None:
            return await self.pool.run(read_document, [(one, *given) for one in documents])
        names_and_now = (self.names, self.clock())
        results = await self.pool.run(
            read_and_extract, [(one, *given, (known, *names_and_now)) for one in documents]
        )
        await slow_imports.imported(_WORDS)
        return [_take_words(one) for one in results]


def prepare() -> None:
    """Load all that reading documents and extracting features needs, before workers are forked."""
    # slow: half a second, in the process that workers are forked from
    from aggregator.gather import document, parsers  # noqa: F401, PLC0415
    from aggregator.group.features import unweighted, word_tables  # noqa: F401, PLC0415

    parsers.load()
    word_tables.load()


def read_document(
    document: Document, source: Source, boilerplate: Boilerplate, max_entries: int
) -> CleanedFeed:
    """Return a document cleaned."""
    # slow: parsers and cleaning take a third of a second, and the main process reads few documents
    from aggregator.gather import document as reading  # noqa: PLC0415

    return reading.read_document(document, source, boilerplate, max_entries)


def read_and_extract(
    document: Document,
    source: Source,
    boilerplate: Boilerplate,
    max_entries: int,
    known_names_now: tuple[KnownDocument | None, NamePairs, datetime],
) -> tuple[CleanedFeed, Mapping[int, str]]:
    """Return a document cleaned, with the features of its entries, and the words new to the process.

    If a document before is `known`, features are extracted only beside known entries, because
    entries may not be new if none of them is known.
    """
    # slow, as above
    from aggregator.gather import document as reading  # noqa: PLC0415
    from aggregator.group.features import vocabulary  # noqa: PLC0415
    from aggregator.group.features.unweighted import extract_to_bytes  # noqa: PLC0415

    known, names, now = known_names_now
    size = vocabulary.size()
    feed = reading.read_document(document, source, boilerplate, max_entries, known)
    if known and not (feed.trace and feed.trace.is_partial):
        return feed, {}
    features = (extract_to_bytes(_as_stored(one, source, now), names) for one in feed.entries)
    return replace(feed, extracted=tuple(features)), vocabulary.since(size)


def _as_stored(entry: Entry, source: Source, now: datetime) -> StoredEntry:
    """Return the entry as it will be stored if it is new; its key is not known yet."""
    published = revision.published(entry, now)
    return StoredEntry(
        key="",
        source_id=source.identity,
        entry=entry,
        first_seen=now,
        published=published,
        revised=published,
    )


def _take_words(
    result: tuple[CleanedFeed, Mapping[int, str]] | SourceError,
) -> CleanedFeed | SourceError:
    if isinstance(result, SourceError):
        return result
    from aggregator.group.features import vocabulary  # noqa: PLC0415  imported already

    feed, words = result
    vocabulary.update(words)
    return feed
