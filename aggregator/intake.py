"""What a worker process does with one document: parse, clean, extract features, in one trip."""

from collections.abc import Mapping, Sequence
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

_READING, _WORDS = "aggregator.gather.document", "aggregator.group.features.vocabulary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Reads documents in the pool; a ports.DocumentReader."""

    pool: Pool
    names: NamePairs
    clock: Clock

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
        # slow: parsers and cleaning take half a second, and most rounds bring no document
        await slow_imports.imported(_READING, *([_WORDS] if all_new else ()))
        from aggregator.gather.document import read_document  # noqa: PLC0415

        given = (source, boilerplate, max_entries)
        if not all_new:
            calls = [(document, *given, known) for document in documents]
            return await self.pool.run(read_document, calls)
        now = self.clock()
        results = await self.pool.run(
            read_and_extract, [(document, *given, (self.names, now)) for document in documents]
        )
        return [_take_words(one) for one in results]


def read_and_extract(
    document: Document,
    source: Source,
    boilerplate: Boilerplate,
    max_entries: int,
    names_and_now: tuple[NamePairs, datetime],
) -> tuple[CleanedFeed, Mapping[int, str]]:
    """Return a document cleaned, with the features of its entries, and the words new to the process."""
    # slow, as above; a worker that gets no new source needs no features
    from aggregator.gather.document import read_document  # noqa: PLC0415
    from aggregator.group.features import vocabulary  # noqa: PLC0415
    from aggregator.group.features.unweighted import extract_to_bytes  # noqa: PLC0415

    names, now = names_and_now
    known = vocabulary.size()
    feed = read_document(document, source, boilerplate, max_entries)
    features = (extract_to_bytes(_as_stored(one, source, now), names) for one in feed.entries)
    return replace(feed, extracted=tuple(features)), vocabulary.since(known)


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
    from aggregator.group.features import vocabulary  # noqa: PLC0415  slow, as above

    feed, words = result
    vocabulary.update(words)
    return feed
