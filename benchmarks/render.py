"""Times the renderers over 500 stories of 5 kB against plain string building of the same Atom feed."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape

from aggregator.core import ids, plugins
from aggregator.core.model import (
    Author,
    Edition,
    Enclosure,
    Entry,
    Member,
    Publisher,
    Reason,
    ShownStory,
    StoredEntry,
    Story,
)
from aggregator.core.settings import FeedSpec

STORIES, SIZE, ROUNDS = 500, 5_000, 15
HOME = "http://127.0.0.1:8080/"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SENTENCES = (
    "<p>两国官员均表示，他们在一些较小的、务实的方面取得了进展，包括在未来几周内举行首次会谈。</p>",
    '<p>The minister said on Friday that <a href="https://example.org/a?b=1&amp;c=2">talks</a> went on.</p>',
)


def make_entry(story: int, member: int) -> StoredEntry:
    """Make one entry of 5 kB of HTML; every tenth has media."""
    language = ("zh-Hans", "en")[story % 2]
    sentence = SENTENCES[story % 2]
    number = f"{story}-{member}"
    html = sentence * (SIZE // len(sentence.encode()))
    entry = Entry(
        title=f"Headline {number} 布林肯会晤习近平 称中国对俄军工支持引忧",
        link=f"https://publisher{member}.example/{story}",
        html=html,
        text="The text of the entry. " * 20,
        language=language,
        authors=(Author(name="Jane Doe"),),
        categories=("world", "politics"),
        publisher=Publisher(
            id=f"publisher{member}.example",
            title=f"Publisher {member}",
            url=f"https://publisher{member}.example/",
            feed_id=f"https://publisher{member}.example/feed",
        ),
        enclosures=(Enclosure(url="https://example.org/a.mp3", type="audio/mpeg", length=1),)
        if story % 10 == 0
        else (),
    )
    when = NOW - timedelta(minutes=story + member)
    key = ids.entry_key("benchmark", "guid", number)
    return StoredEntry(
        key=key, source_id="benchmark", entry=entry, first_seen=NOW, published=when, revised=when
    )


def make_story(number: int) -> ShownStory:
    """Make a story of one to four members."""
    entries = tuple(make_entry(number, member) for member in range(number % 4 + 1))
    story = Story(
        id=ids.story_id(entries[0].key),
        founder=entries[0].key,
        representative=entries[0].key,
        members=tuple(Member(key=one.key, reason=Reason(kind="founder")) for one in entries),
        first_published=NOW,
        updated=NOW,
    )
    return ShownStory(story=story, entries=entries)


def build_plainly(edition: Edition) -> bytes:
    """Write the same Atom document, unchecked, with nothing but strings: the floor of the comparison."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:story="urn:x:story">'
        f"<id>{ids.feed_id(edition.spec.name)}</id><title>{escape(edition.spec.title)}</title>"
        f"<updated>{edition.updated.isoformat()}</updated>"
        f'<link rel="self" href="{escape(edition.self_url)}"/>'
    )
    return "".join([head, *map(plain_entry, edition.stories), "</feed>"]).encode()


def plain_entry(shown: ShownStory) -> str:
    """Write one story with nothing but strings, trusting that each is as it should be."""
    lead, others = shown.lead, shown.entries[1:]
    entry, publisher = lead.entry, lead.entry.publisher
    lines = "".join(
        f'<li><a href="{escape(one.entry.link)}">{escape(one.entry.title)}</a> – '
        f"{escape(one.entry.publisher.title)}, {one.published:%Y-%m-%d %H:%M} UTC</li>"
        for one in others
    )
    html = f"{entry.html}<hr><p>Also reported by</p><ul>{lines}</ul>" if others else entry.html
    related = "".join(
        f'<link rel="related" href="{escape(one.entry.link)}"'
        f' title="{escape(one.entry.publisher.title)}"/>'
        for one in others
    )
    media = "".join(
        f'<link rel="enclosure" href="{escape(one.url)}" type="{escape(one.type)}"/>'
        for one in entry.enclosures
    )
    people = [*(one.name for one in entry.authors), publisher.title]
    page = f"{HOME}stories/{shown.story.id.removeprefix('urn:uuid:')}"
    return (
        f'<entry xml:lang="{entry.language}"><id>{shown.story.id}</id>'
        f"<title>{escape(entry.title)}</title>"
        f"<updated>{shown.story.updated.isoformat()}</updated>"
        f"<published>{lead.published.isoformat()}</published>"
        + "".join(f"<author><name>{escape(one)}</name></author>" for one in people)
        + "".join(f'<category term="{escape(one)}"/>' for one in entry.categories)
        + f'<link rel="alternate" href="{escape(entry.link)}"/>{related}{media}'
        f"<source><id>{escape(publisher.feed_id)}</id><title>{escape(publisher.title)}</title>"
        f"<updated>{lead.revised.isoformat()}</updated>"
        f'<link href="{escape(publisher.url)}"/></source>'
        f"<story:publishers>{len({one.entry.publisher.id for one in shown.entries})}"
        f"</story:publishers><story:entries>{len(shown.entries)}</story:entries>"
        f"<story:page>{escape(page)}</story:page>"
        f'<content type="html">{escape(html)}</content></entry>\n'
    )


def measure(
    builds: Mapping[str, Callable[[Edition], bytes]], edition: Edition
) -> dict[str, tuple[float, int]]:
    """Return the best time in milliseconds and the size of each; in turns, so that all suffer alike."""
    sizes = {name: len(build(edition)) for name, build in builds.items()}
    best = dict.fromkeys(builds, float("inf"))
    for _ in range(ROUNDS):
        for name, build in builds.items():
            started = time.process_time()
            build(edition)
            best[name] = min(best[name], time.process_time() - started)
    return {name: (best[name] * 1000, sizes[name]) for name in builds}


def main() -> None:
    """Print one line a format."""
    edition = Edition(
        spec=FeedSpec(name="merged", title="Merged news", limit=STORIES),
        self_url="http://127.0.0.1:8080/feeds/merged.atom",
        home_url=HOME,
        updated=NOW,
        stories=tuple(map(make_story, range(STORIES))),
    )
    builds = {"strings": build_plainly} | {
        name: plugins.load("aggregator.publish.renderers", name).render
        for name in plugins.names("aggregator.publish.renderers")
    }
    figures = measure(builds, edition)
    floor = figures["strings"][0]
    for name, (took, size) in figures.items():
        print(f"{name:8} {took:7.1f} ms  {took / floor:4.2f}x  {size:>9,} bytes")


if __name__ == "__main__":
    main()
