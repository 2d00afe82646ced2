"""Digests of documents and entries, by which those that were read before are recognised."""

from collections.abc import Iterable
from dataclasses import fields, replace
from hashlib import blake2b

from aggregator.core.digests import digest, program
from aggregator.core.model import Document, FeedInfo, Fetched, Hints, RawEntry, Source
from aggregator.core.ports import Boilerplate

# `where` names the place in the document, which moves with every new entry
_FIELDS = tuple(one.name for one in fields(RawEntry) if one.name != "where")


def entry_digest(raw: RawEntry) -> str:
    """Return the digest of an entry as parsed, wherever it stands in its document."""
    return digest(*(getattr(raw, name) for name in _FIELDS))


def body_digest(
    fetched: Fetched, source: Source, limit: int, learned: Boilerplate, publishers: Iterable[str]
) -> str:
    """Return the digest of a document's bytes and of all that is used to read them."""
    (document,) = fetched.documents
    setting = _setting(document, source, limit, learned, publishers)
    content = blake2b(document.content, digest_size=16).hexdigest()
    return digest(setting, content, document.content_type, document.format, fetched.links)


def context_digest(
    document: Document,
    source: Source,
    limit: int,
    learned: Boilerplate,
    publishers: Iterable[str],
    *,
    info: FeedInfo,
    domain: str,
) -> str:
    """Return the digest of all that cleaning an entry depends on besides the entry."""
    lasting = replace(info, updated="", hub="", hints=Hints())  # these say nothing of entries
    setting = _setting(document, source, limit, learned, publishers)
    return digest(setting, lasting, domain)


def _setting(
    document: Document,
    source: Source,
    limit: int,
    learned: Boilerplate,
    publishers: Iterable[str],
) -> str:
    names = sorted({*publishers, source.identity})
    blocks = [(name, sorted(learned[name])) for name in names if name in learned]
    return digest(document.url, source, limit, blocks, program("gather", "text"))
