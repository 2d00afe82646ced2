"""Asks a source once, to see what it is; nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aggregator.core.errors import FetchError, ParseError
from aggregator.core.model import CleanedFeed, Entry, FeedInfo, Fetched, Skipped, Source, Validators
from aggregator.core.ports import Fetcher
from aggregator.gather.document import read_document

_ENTRIES_MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a source gave: `address` is where it is from now on, if redirects say so for good."""

    source: Source
    address: str
    info: FeedInfo
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def newest(self) -> Entry | None:
        """The entry that was published last, else the first of the document."""
        dated = [one for one in self.entries if one.published]
        first = self.entries[0] if self.entries else None
        return max(dated, key=_when, default=first)


async def probe(source: Source, fetchers: Mapping[str, Fetcher]) -> Probe:
    """Fetch and read a source; raise FetchError or ParseError (NotAFeed names feeds of a page)."""
    answer = await fetchers[source.kind].fetch(source, Validators())
    if not isinstance(answer, Fetched):  # a 304 to a request that was not conditional
        raise FetchError("nothing new, but nothing was known")
    read: list[CleanedFeed] = []
    skipped = list(answer.skipped)
    for document in answer.documents:
        try:
            read.append(read_document(document, source, {}, _ENTRIES_MOST))
        except ParseError as error:
            if source.kind == "feed":
                raise
            skipped.append(Skipped(where=document.name, reason=str(error)))
    return Probe(
        source=source,
        address=answer.permanent or source.url,
        info=next((one.info for one in read), FeedInfo()),
        entries=tuple(entry for one in read for entry in one.entries),
        skipped=(*skipped, *(left for one in read for left in one.skipped)),
    )


def _when(entry: Entry) -> float:
    return entry.published.timestamp() if entry.published else 0.0


def at(source: Source, url: str) -> Source:
    """Return the source at another address."""
    return replace(source, url=url)
