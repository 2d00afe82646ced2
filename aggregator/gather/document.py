"""Parses and cleans one document: pure functions of picklable values, for worker processes."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from aggregator.core.errors import NotAFeed
from aggregator.core.model import (
    Document,
    Entry,
    FeedInfo,
    ParsedFeed,
    RawEntry,
    Skipped,
    Source,
    StoredEntry,
)
from aggregator.core.ports import Boilerplate
from aggregator.core.traces import DocumentTrace, KnownDocument, TracedFeed
from aggregator.gather import cleaning, document_limits, parsers, tracing
from aggregator.gather.cleaning.text_blocks import block_hash
from aggregator.text.charset import decode


def read_document(
    document: Document,
    source: Source,
    boilerplate: Boilerplate,
    max_entries: int,
    known: KnownDocument | None = None,
) -> TracedFeed:
    """Parse a document and clean its entries, in its order; raises ParseError.

    Of more than `max_entries` entries only the newest are kept. An entry that cannot be cleaned is
    skipped with a reason. Entries that are known from the document before are left out.
    """
    parsed = _parse(replace(document, max_entries=max_entries))
    kept, cut = _newest(parsed, max_entries)
    domain = cleaning.document_domain(parsed.entries, parsed.info, source)
    context = partial(
        tracing.context_digest,
        document,
        source,
        max_entries,
        boilerplate,
        info=parsed.info,
        domain=domain,
    )
    is_whole = source.kind == "feed" and not (parsed.cut or parsed.skipped or cut)
    digests = tuple(map(tracing.entry_digest, kept)) if is_whole else ()
    is_same = known is not None and known.context == context(known.publishers)
    old = known.keys() if known and is_same and len(set(digests)) == len(kept) else {}
    fresh = [n for n in range(len(kept)) if not (old and digests[n] in old)]
    entries, refused = _clean((kept[n] for n in fresh), parsed.info, source, boilerplate, domain)
    trace = None
    if is_whole and not refused:
        names = {one.publisher.id for one in entries} | set(
            known.publishers if known and old else ()
        )
        trace = DocumentTrace(
            context=context(names),
            publishers=tuple(sorted(names)),
            digests=digests,
            fresh=tuple(fresh),
        )
    return TracedFeed(
        info=parsed.info,
        entries=tuple(entries),
        skipped=document_limits.bounded([*parsed.skipped, *cut, *refused]),
        cut=parsed.cut,
        trace=trace,
    )


def _clean(
    raws: Iterable[RawEntry],
    info: FeedInfo,
    source: Source,
    boilerplate: Boilerplate,
    domain: str,
) -> tuple[list[Entry], list[Skipped]]:
    """Return the cleaned entries, and those that cannot be."""
    entries: list[Entry] = []
    refused: list[Skipped] = []
    for raw in raws:
        if _is_empty(raw):
            refused.append(Skipped(where=raw.where, reason=document_limits.EMPTY))
            continue
        try:
            entry = cleaning.clean(raw, info, source, boilerplate=boilerplate, domain=domain)
            entries.append(entry)
        except Exception as error:  # noqa: BLE001  one broken entry must not fail the feed
            refused.append(Skipped(where=raw.where, reason=f"cannot be cleaned: {error!r}"))
    return entries, refused


def without_learned(stored: StoredEntry, learned: Boilerplate) -> StoredEntry:
    """Return a stored entry without the blocks learned since; the same object if it has none."""
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
        # slow: BeautifulSoup takes a tenth of a second, and few documents are web pages
        from aggregator.gather.cleaning import discover  # noqa: PLC0415

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
    """Return the newest entries up to the limit, and a note on the discarded ones."""
    entries = parsed.entries
    if len(entries) <= limit:
        return entries, ()
    dates = [raw.published or raw.updated for raw in entries]
    kept = document_limits.newest(dates, limit, parsed.info.language)
    return tuple(entries[place] for place in kept), (
        document_limits.over(len(entries) - limit, limit),
    )
