"""A story as it stands in a list: title, two lines of text, picture, publishers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.model import ShownStory, Source, StoredEntry
from aggregator.publish.reports import reports
from aggregator.text import fold, urls

_EXCERPT_CHARS = 240
_MAX_TITLE_CHARS = 400
_MAX_CHIPS = 60  # publishers of a story that are kept; the others are counted
_SAMPLE_CHARS = 80  # of a text that stands for a missing title
_NO_SOURCE = Source(id="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A publisher of a story, with its report."""

    id: str
    name: str
    link: str  # to the report; empty if it has none
    title: str  # of the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A story in a list."""

    slug: str
    title: str
    language: str
    excerpt: str
    image: str
    when: datetime  # of the first report
    chips: tuple[Chip, ...]
    publishers: int
    reports: int
    priority: int  # the highest of its sources
    sources: frozenset[str]  # identities
    categories: frozenset[str]  # of its sources
    languages: frozenset[str]  # primary, of its reports


def make_card(shown: ShownStory, sources: Mapping[str, Source]) -> Card:
    """Return a story as it stands in a list; `sources` are those of the configuration, by identity."""
    lead = shown.lead.entry
    found = [sources.get(one.source_id, _NO_SOURCE) for one in shown.entries]
    chips = {one.id: one for one in _chips(shown)}
    title = title_of(shown.lead)
    return Card(
        slug=slug_of(shown.story.id),
        title=title,
        language=lead.language,
        excerpt=_excerpt(shown.lead, title),
        image=web_link(lead.image),
        when=min(one.published for one in shown.entries),
        chips=tuple(chips.values())[:_MAX_CHIPS],
        publishers=len(chips),
        reports=sum(1 for _ in reports(shown)),
        priority=max(one.priority for one in found),
        sources=frozenset(one.source_id for one in shown.entries),
        categories=frozenset(one.category for one in found if one.category),
        languages=frozenset(primary_language(one.entry.language) for one in shown.entries) - {""},
    )


def _chips(shown: ShownStory) -> Iterable[Chip]:
    """Yield the publisher of each report; the first one of a publisher is shown."""
    seen = set[str]()
    for stored in reports(shown):
        publisher = stored.entry.publisher
        if publisher.id not in seen:
            seen.add(publisher.id)
            yield Chip(
                id=publisher.id,
                name=publisher_name(stored),
                link=web_link(stored.entry.link),
                title=title_of(stored),
            )


def _excerpt(stored: StoredEntry, title: str) -> str:
    """Return the beginning of the text, without the title if it begins with that."""
    entry = stored.entry
    text = fold.plain((entry.text or entry.summary)[: 3 * _EXCERPT_CHARS])
    if text == title:
        return ""
    return fold.shorten(text.removeprefix(title).lstrip(" .:：。—–-|"), _EXCERPT_CHARS)


def slug_of(story_id: str) -> str:
    """Return the part of a story's id that stands in its URL."""
    return story_id.removeprefix("urn:uuid:")


def title_of(stored: StoredEntry) -> str:
    """Return the title of an entry, else the beginning of its text or its publisher's name."""
    entry = stored.entry
    return (
        fold.shorten(fold.plain(entry.title), _MAX_TITLE_CHARS)
        or fold.shorten(fold.plain(entry.text[:200]), _SAMPLE_CHARS)
        or fold.plain(entry.publisher.title)
        or "?"
    )


def publisher_name(stored: StoredEntry) -> str:
    """Return the name of an entry's publisher."""
    publisher = stored.entry.publisher
    return fold.shorten(fold.plain(publisher.title), 60) or publisher.id


def web_link(address: str) -> str:
    """Return an address that is safe to link to; empty if it is not http or https."""
    url = urls.rfc3986(fold.xml_safe(address)) if address else ""
    return url if urls.is_web(url) else ""


def primary_language(tag: str) -> str:
    """Return the language of a tag without script and region, in lower case."""
    return tag.replace("_", "-").partition("-")[0].casefold()
