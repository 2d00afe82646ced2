"""Fetches a source once, without storing anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aggregator.core.errors import FetchError, ParseError
from aggregator.core.model import CleanedFeed, Entry, FeedInfo, Fetched, Skipped, Source, Validators
from aggregator.core.ports import Fetcher
from aggregator.gather.document import read_document

_MAX_ENTRIES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The result of a probe; `address` is the target of permanent redirects, else the URL of the source."""

    source: Source
    address: str
    info: FeedInfo
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def newest(self) -> Entry | None:
        """The entry with the latest date; without dates, the first of the document."""
        dated = [one for one in self.entries if one.published]
        first = self.entries[0] if self.entries else None
        return max(dated, key=_when, default=first)


async def probe(source: Source, fetchers: Mapping[str, Fetcher]) -> Probe:
    """Fetch and parse a source; raises FetchError or ParseError (NotAFeed lists the feeds of a page)."""
    answer = await fetchers[source.kind].fetch(source, Validators())
    if not isinstance(answer, Fetched):  # a 304 to a request that was not conditional
        raise FetchError("304: not modified, but the request was not conditional")
    read: list[CleanedFeed] = []
    skipped = list(answer.skipped)
    for document in answer.documents:
        try:
            read.append(read_document(document, source, {}, _MAX_ENTRIES))
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


def with_url(source: Source, url: str) -> Source:
    """Return the source with another URL."""
    return replace(source, url=url)
