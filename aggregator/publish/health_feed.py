"""The health feed: the events of the health record as an Atom document."""

from html import escape

from aggregator.core import ids
from aggregator.core.health import HealthEvent, HealthRecord
from aggregator.core.model import Edition, Entry, Publisher, ShownStory, StoredEntry, Story
from aggregator.core.settings import FeedSpec
from aggregator.publish.renderers import atom

FILE = "health.atom"
MEDIA_TYPE = f"{atom.MEDIA_TYPE}; charset=utf-8"
_SPEC = FeedSpec(name=FILE, title="Health of the aggregator")
_OURSELVES = Publisher(id="aggregator", title="Aggregator", feed_id=ids.feed_id(FILE))


def render(record: HealthRecord, public_url: str) -> bytes:
    """Return the Atom document; it is the same for the same record."""
    newest = record.events[0].when if record.events else record.since
    return atom.render(
        Edition(
            spec=_SPEC,
            self_url=f"{public_url.rstrip('/')}/{FILE}",
            home_url=public_url,
            updated=newest,
            stories=tuple(_story(one, public_url) for one in record.events),
            has_pages=False,
            note="" if record.events else "Nothing has happened yet.",
        )
    )


def _story(event: HealthEvent, public_url: str) -> ShownStory:
    entry = Entry(
        title=event.title,
        html=f"<p>{escape(event.text or event.title)}</p>",
        text=event.text or event.title,
        link=f"{public_url.rstrip('/')}/health",
        publisher=_OURSELVES,
        language="en",
        published=event.when,
    )
    stored = StoredEntry(
        key=event.id,
        source_id="",
        entry=entry,
        first_seen=event.when,
        published=event.when,
        revised=event.when,
    )
    story = Story(
        id=event.id,
        founder=event.id,
        representative=event.id,
        members=(),
        first_published=event.when,
        updated=event.when,
    )
    return ShownStory(story=story, entries=(stored,))
