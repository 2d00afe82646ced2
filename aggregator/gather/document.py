"""Parse and clean one document: a pure function of picklable values, fit for a worker process."""

from collections.abc import Mapping
from dataclasses import replace

from aggregator.core.errors import NotAFeed
from aggregator.core.model import (
    CleanedFeed,
    Document,
    Entry,
    ParsedFeed,
    RawEntry,
    Skipped,
    Source,
    StoredEntry,
)
from aggregator.gather import cleaning, parsers
from aggregator.gather.cleaning import discover
from aggregator.gather.cleaning.blocks import block_hash
from aggregator.text import dates
from aggregator.text.charset import decode

_UNDATED = 0.0


def read_document(
    document: Document,
    source: Source,
    boilerplate: Mapping[str, frozenset[int]],
    max_entries: int,
) -> CleanedFeed:
    """Return the entries of a document, cleaned, in its order; raise ParseError.

    Of more than `max_entries` the newest stay. An entry that cannot be cleaned is skipped
    with its reason. `boilerplate` is what was learned, by publisher id.
    """
    parsed = _parse(document)
    kept, cut = _newest(parsed, max_entries)
    entries: list[Entry] = []
    skipped = [*parsed.skipped, *cut]
    domain = cleaning.document_domain(parsed.entries, parsed.info, source)
    for raw in kept:
        if _is_empty(raw):
            skipped.append(Skipped(where=raw.where, reason="holds neither title, text nor link"))
            continue
        try:
            entry = cleaning.clean(raw, parsed.info, source, boilerplate=boilerplate, domain=domain)
            entries.append(entry)
        except Exception as error:  # noqa: BLE001  one odd entry must not cost the feed
            skipped.append(Skipped(where=raw.where, reason=f"cannot be cleaned: {error!r}"))
    return CleanedFeed(
        info=parsed.info, entries=tuple(entries), skipped=tuple(skipped), cut=parsed.cut
    )


def without_learned(stored: StoredEntry, learned: Mapping[str, frozenset[int]]) -> StoredEntry:
    """Return a stored entry whose text lacks what was learned since; itself if it holds nothing."""
    entry = stored.entry
    hashes = learned.get(entry.publisher.id)
    if not hashes or hashes.isdisjoint(entry.blocks):
        return stored
    lines = entry.text.split("\n")
    text = "\n".join(line for line in lines if block_hash(line) not in hashes)
    return stored if text == entry.text else replace(stored, entry=replace(entry, text=text))


def _parse(document: Document) -> ParsedFeed:
    try:
        return parsers.parse(document)
    except NotAFeed as error:
        page = decode(document.content, content_type=document.content_type)
        feeds = discover.feeds_in_page(page, document.url)
        if not feeds:
            raise
        problem = f"{error}; the page links to {', '.join(feeds[:5])}"
        raise NotAFeed(problem, feeds=feeds) from None


def _is_empty(raw: RawEntry) -> bool:
    texts = (raw.title, raw.summary, raw.content, raw.link, raw.guid)
    return not any(text.strip() for text in texts)


def _newest(parsed: ParsedFeed, limit: int) -> tuple[tuple[RawEntry, ...], tuple[Skipped, ...]]:
    """Split off what is over the limit, the oldest; undated entries keep their place by order."""
    entries = parsed.entries
    if len(entries) <= limit:
        return entries, ()

    def _age(place: int) -> tuple[float, int]:
        raw = entries[place]
        when = dates.parse(raw.published or raw.updated, language=raw.language)
        return (-when.timestamp() if when else _UNDATED, place)

    kept = sorted(sorted(range(len(entries)), key=_age)[:limit])
    over = Skipped(
        where=f"{len(entries) - limit} older entries",
        reason=f"over the limit of {limit} entries a document (fetch.max_entries)",
    )
    return tuple(entries[place] for place in kept), (over,)
