"""What every format shows of a story: texts, links, people and times, ready to write."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import islice

from aggregator.core import ids
from aggregator.core.model import (
    Author,
    Edition,
    Enclosure,
    Publisher,
    ShownStory,
    StoredEntry,
    Tombstone,
)
from aggregator.publish import signed_links
from aggregator.publish.renderers import LIST
from aggregator.publish.renderers._writable import (
    language,
    line,
    media_type,
    plain_title,
    public_uri,
    uri,
)
from aggregator.publish.reports import page_of, reports
from aggregator.text import fold, phrases

NAMESPACE = "urn:uuid:3c7f1f86-0d5e-5b0f-9a6c-5f1f0c2d7e11"  # of story: elements; never changes
HISTORY = "http://purl.org/syndication/history/1.0"

_CHARS = r"[\w.~!$'()*+,;=:@/?-]+"
_ID = re.compile(
    r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rf"|urn:(?!uuid:)[a-z0-9][a-z0-9-]{{1,31}}:{_CHARS}"
    rf"|tag:(?:[\w.-]+@)?[a-z0-9.-]+,\d{{4}}(?:-\d\d(?:-\d\d)?)?:{_CHARS}",
    re.ASCII,
)
_MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_MOST = 30  # categories, authors and enclosures of an entry, each


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Another member of the story: one line of the list below the text."""

    publisher: str
    title: str
    link: str
    published: datetime
    same_text: bool
    split: str = ""  # signed link that removes it from the story


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The feed that the shown entry came from (atom:source)."""

    id: str
    title: str
    link: str
    self_url: str
    rights: str
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """A story ready to write: every text scrubbed, every address a URI or empty."""

    id: str
    language: str
    title: str
    link: str
    via: str
    summary: str
    start: str  # of the text, as stored
    html: str
    published: datetime
    updated: datetime
    origin: Origin
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    enclosures: tuple[Enclosure, ...]
    image: str
    rights: str
    mentions: tuple[Mention, ...]
    publishers: int
    page: str

    @property
    def excerpt(self) -> str:
        """The start of the text in one line, never empty."""
        start = fold.xml_safe(fold.plain(self.start))
        return self.summary or fold.shorten(start, 300) or self.title

    @property
    def related(self) -> Iterator[Mention]:
        """Yield the other members with a link of their own, each link once."""
        seen = {self.link, ""}
        for mention in self.mentions:
            if mention.link not in seen:
                seen.add(mention.link)
                yield mention


def renditions(edition: Edition, *, scrub: bool = True) -> tuple[Rendition, ...]:
    """Return the stories of an edition, ready to write.

    Without `scrub`, texts may keep characters that XML does not allow.
    """
    return tuple(_rendition(shown, edition, scrub=scrub) for shown in edition.stories)


def write_xml(edition: Edition, write: Callable[[tuple[Rendition, ...]], bytes]) -> bytes:
    """Return the document that `write` produces; the stories are scrubbed only if that fails.

    Cleaned texts are valid and lxml checks every character anyway; scrubbing all of them would cost
    another tenth of the time.
    """
    try:
        return write(renditions(edition, scrub=False))
    except ValueError:
        return write(renditions(edition))


def last_change(edition: Edition, shown: Iterable[Rendition]) -> datetime:
    """Return `updated` of the feed: that of its newest entry, else of the edition."""
    newest = max((one.updated for one in shown), default=edition.updated)
    return max([newest, *(stone.when for stone in tombstones(edition))])


def tombstones(edition: Edition) -> tuple[Tombstone, ...]:
    """Return the tombstones of stories that the edition does not show, each once."""
    living = {shown.story.id for shown in edition.stories}
    dead = {stone.id: stone for stone in reversed(edition.tombstones) if stone.id not in living}
    return tuple(reversed(dead.values()))


def is_archive(edition: Edition) -> bool:
    """Return whether this is a page of the archive."""
    return any(rel == "current" for rel, _ in edition.links)


def feed_title(edition: Edition) -> str:
    """Return the feed's title; never empty."""
    return plain_title(edition.spec.title) or edition.spec.name


def feed_id(edition: Edition) -> str:
    """Return the permanent id of the feed."""
    return ids.feed_id(edition.spec.name)


def address(edition: Edition, path: str) -> str:
    """Return the URL of a file beside the feeds, or ''."""
    return uri(f"{edition.home_url.rstrip('/')}/{path}")


def home(edition: Edition) -> str:
    """Return the address of the pages, or '' if readers of the feed may not open them."""
    return address(edition, "") if edition.has_pages else ""


def _rendition(shown: ShownStory, edition: Edition, *, scrub: bool) -> Rendition:
    lead = shown.lead
    entry = lead.entry
    mentions = tuple(_mentions(shown, edition)) if len(shown.entries) > 1 else ()
    html = _html(lead, mentions)
    published = _published(shown)
    spread = timedelta(microseconds=zlib.crc32(shown.story.id.encode()) % 1_000_000)
    return Rendition(
        id=shown.story.id,
        language=language(entry.language),
        title=_title(lead),
        link=uri(entry.link),
        via="" if entry.via == entry.link else uri(entry.via),
        summary=line(entry.summary),
        start=entry.text[:1000],
        html=fold.xml_safe(html) if scrub else html,
        published=published,
        # Many stories change in one run, but validators and sorting readers want distinct times.
        updated=max(shown.story.updated + spread, published),
        origin=_origin(lead, edition),
        authors=_authors(lead),
        categories=_categories((*_of_sources(shown, edition), *entry.categories)),
        enclosures=_enclosures(entry.enclosures),
        image=uri(entry.image),
        rights=line(entry.rights),
        mentions=mentions,
        publishers=len({one.entry.publisher.id for one in shown.entries}),
        page=_page(shown, edition),
    )


def _page(shown: ShownStory, edition: Edition) -> str:
    """Return the URL of the page of the story; entries by themselves have none."""
    if edition.spec.group != "stories" or not edition.has_pages:
        return ""
    return address(edition, f"stories/{shown.story.id.removeprefix('urn:uuid:')}")


def _published(shown: ShownStory) -> datetime:
    """Return the date of the founder, which stays when another member is shown."""
    for one in shown.entries:
        if one.key == shown.story.founder:
            return one.published
    return min(one.published for one in shown.entries)


def _title(stored: StoredEntry) -> str:
    entry = stored.entry
    return (
        plain_title(entry.title)
        or plain_title(fold.shorten(fold.plain(entry.summary or entry.text[:1000]), 80))
        or _name(entry.publisher)
    )


def _name(publisher: Publisher) -> str:
    return plain_title(publisher.title) or plain_title(publisher.id) or "?"


def _mentions(shown: ShownStory, edition: Edition) -> Iterator[Mention]:
    copies = {one.key for one in shown.story.members if one.reason.kind == "same text"}
    lead_copies = shown.lead.key in copies
    own_page = page_of(shown.lead)
    for stored in islice(reports(shown), 1, None):
        yield Mention(
            publisher=_name(stored.entry.publisher),
            title=_title(stored),
            # A link to the entry itself is useless to the reader.
            link="" if page_of(stored) == own_page else uri(stored.entry.link),
            published=stored.published,
            same_text=stored.key in copies
            or (lead_copies and _nearest(shown, shown.lead.key) == stored.key),
            split=_split(shown, stored, edition),
        )


def _split(shown: ShownStory, stored: StoredEntry, edition: Edition) -> str:
    """Return the split link of an entry, if the feed has such links."""
    spec = edition.spec
    if not (edition.secret and spec.split_links and spec.group == "stories"):
        return ""
    path = signed_links.split_path(edition.secret, shown.story.id, ids.entry_id(stored.key))
    return address(edition, path)


def _nearest(shown: ShownStory, key: str) -> str:
    return next((one.reason.nearest for one in shown.story.members if one.key == key), "")


def _html(lead: StoredEntry, mentions: tuple[Mention, ...]) -> str:
    """Return the body of the shown entry, with a lead image if it lacks one, and the list of the others."""
    entry = lead.entry
    body = entry.html if entry.html.strip() else f"<p>{escape(entry.summary or _title(lead))}</p>"
    if (image := uri(entry.image)) and "<img" not in body:
        body = f'<p><img src="{escape(image)}" alt=""></p>{body}'
    if phrases.is_right_to_left(entry.language, entry.title) and not body.startswith("<div dir="):
        body = f'<div dir="rtl">{body}</div>'  # few readers use the language
    if not mentions:
        return body
    said = phrases.choose(entry.language, entry.title, entry.text)
    lines = "".join(_line(mention, said) for mention in mentions)
    return f'{body}\n<div class="{LIST}">\n<hr>\n<p>{said.also}</p>\n<ul>{lines}\n</ul></div>'


def _line(mention: Mention, said: phrases.Words) -> str:
    title = escape(mention.title)
    if mention.link:
        title = f'<a href="{escape(mention.link)}">{title}</a>'
    when = mention.published.isoformat(" ", "minutes")[:16] + " UTC"
    mark = said.same_text if mention.same_text else ""
    if mention.split:
        mark += f' · <a href="{escape(mention.split)}" rel="nofollow">{said.split}</a>'
    said_by = f'<span dir="auto">{escape(mention.publisher)}</span>, <span dir="ltr">{when}</span>'
    return f'\n<li dir="auto">{title} – {said_by}{mark}</li>'


def _origin(lead: StoredEntry, edition: Edition) -> Origin:
    publisher = lead.entry.publisher
    info = edition.sources.get(lead.source_id)
    own = info if info and info.id and info.id == publisher.feed_id else None
    home = uri(publisher.url) or (uri(own.link) if own else "")
    return Origin(
        id=_origin_id(publisher, home),
        title=_name(publisher),
        link=home,
        self_url=public_uri(own.self_url) if own else "",
        rights=line(own.rights) if own else "",
        # The time of the entry, because later changes of its feed do not matter here.
        updated=lead.revised,
    )


def _origin_id(publisher: Publisher, home: str) -> str:
    if written := public_uri(publisher.feed_id):
        return written
    if _ID.fullmatch(publisher.feed_id):
        return publisher.feed_id
    return home or ids.feed_id(f"publisher {fold.xml_safe(publisher.id)}")


def _authors(lead: StoredEntry) -> tuple[Author, ...]:
    """Return the authors and, last, the publisher, which few readers show otherwise."""
    publisher = lead.entry.publisher
    people = {}
    for author in lead.entry.authors[:_MOST]:
        name = plain_title(_MAIL.sub("", author.name)).strip(" ()<>‹›,;")
        mail = author.email if _MAIL.fullmatch(author.email) else ""
        if name:
            people[name.casefold()] = Author(name=name, email=mail, url=uri(author.url))
    name = _name(publisher)
    people.setdefault(name.casefold(), Author(name=name, url=uri(publisher.url)))
    return tuple(people.values())


def _of_sources(shown: ShownStory, edition: Edition) -> Iterator[str]:
    """Yield the categories of the sources that report the story, that of the shown entry first."""
    for stored in shown.entries:
        if category := edition.categories.get(stored.source_id):
            yield category


def _categories(categories: Iterable[str]) -> tuple[str, ...]:
    shown = (fold.shorten(plain_title(category), 100) for category in categories)
    distinct: dict[str, str] = {}
    for one in filter(None, shown):
        distinct.setdefault(one.casefold(), one)
    return tuple(distinct.values())[:_MOST]


def _enclosures(enclosures: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    distinct: dict[str, Enclosure] = {}
    for one in enclosures:
        if len(distinct) < _MOST and (link := uri(one.url)):
            written = Enclosure(
                url=link,
                type=media_type(one),
                length=max(one.length, 0),
                title=plain_title(one.title),
            )
            distinct.setdefault(link, written)
    return tuple(distinct.values())
