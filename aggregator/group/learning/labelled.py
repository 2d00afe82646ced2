"""Labelled entries: a stream of JSON objects as grouping would meet it, with the truth beside it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any, Protocol

from aggregator.core import ids
from aggregator.core.model import Entry, FeedInfo, RawEntry, Source, StoredEntry

_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
_OFTEN = 4  # sights of a block in a publisher's entries after which it is boilerplate


class Clean(Protocol):
    """Turns what a parser read into an entry; `cleaning.clean` is one."""

    def __call__(
        self,
        raw: RawEntry,
        info: FeedInfo,
        source: Source,
        *,
        boilerplate: Mapping[str, frozenset[int]] = ...,
    ) -> Entry: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An entry with the event that it reports, '' for one that no other entry reports."""

    id: str
    stored: StoredEntry
    event: str
    ambiguous: bool = False

    @property
    def language(self) -> str:
        """The language without script and region."""
        return self.stored.entry.language.partition("-")[0] or "unknown"


def read(rows: Iterable[Mapping[str, Any]], clean: Clean) -> tuple[Labelled, ...]:
    """Clean {id,title,html|text,published,source,link?,lang?,event,ambiguous} in their order.

    Boilerplate is learned on the way, as a real run learns it. An entry without time stands
    where the one before it does.
    """
    sights: dict[str, Counter[int]] = defaultdict(Counter)
    names = Counter[str]()
    found: list[Labelled] = []
    last = _UNDATED
    for row in rows:
        name = str(row.get("id", ""))
        names[name] += 1
        name += f" {names[name]}"  # two with one id stay two
        publisher = _text(row, "source") or f"unknown {name}"  # unknown is equal to none
        seen = sights[publisher]
        learned = frozenset(block for block, times in seen.items() if times >= _OFTEN)
        entry = _clean(row, name, publisher, learned, clean)
        seen.update(entry.blocks)
        last = entry.published or last
        found.append(_labelled(row, name, entry, last))
    return tuple(found)


def _clean(
    row: Mapping[str, Any], name: str, publisher: str, learned: frozenset[int], clean: Clean
) -> Entry:
    raw = RawEntry(
        where=name,
        guid=name,
        link=_text(row, "link"),
        title=unescape(_text(row, "title")),
        content=_text(row, "html") or escape(_text(row, "text"), quote=False),
        language=_text(row, "lang"),
        published=_text(row, "published"),
    )
    source = Source(id=publisher, title=publisher)
    return clean(raw, FeedInfo(), source, boilerplate={publisher: learned})


def _labelled(row: Mapping[str, Any], name: str, entry: Entry, when: datetime) -> Labelled:
    stored = StoredEntry(
        key=ids.entry_key("stream", "guid", name),
        source_id=entry.publisher.id,
        entry=entry,
        first_seen=when,
        published=when,
        revised=when,
    )
    return Labelled(
        id=str(row.get("id", "")),
        stored=stored,
        event=_text(row, "event"),
        ambiguous=row.get("ambiguous") is True,
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    """Return a field as text; '' if it is absent, null or of another kind."""
    found = row.get(name)
    return found if isinstance(found, str) else ""
