"""Pages for people: what a template shows of the stories, and why entries stand together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.core.model import Reason, ShownStory, StoredEntry
from aggregator.publish.reports import reports
from aggregator.text import fold, phrases, urls
from aggregator.web._site import Published

_TEXT_MOST = 320  # characters of the text on a story's page
_WEIGHTS_MOST = 5
_KINDS = {
    "founder": "It was the first report of this story.",
    "same event": "It reports the same event",
    "same text": "It has the same text",
    "same link": "It leads to the same page",
    "user": "You put it here.",
    "journal": "It stood here before the database was lost.",
}


_FORMATS = {"atom": "Atom", "rss": "RSS", "json": "JSON", "dump": "dumps"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A published feed in one format, as a page links it."""

    name: str  # of the feed
    format: str
    href: str
    media_type: str

    @property
    def title(self) -> str:
        """The feed and its format, for who sees the link alone."""
        return f"{self.name} ({self.format})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One member of a story, as a page shows it."""

    title: str
    link: str
    publisher: str
    language: str
    published: datetime
    first_seen: datetime
    score: str
    why: str
    together: tuple[str, ...]
    apart: tuple[str, ...]
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story, as a page shows it; the report that is shown comes first."""

    slug: str
    title: str
    language: str
    excerpt: str
    publishers: int
    first_published: datetime
    updated: datetime
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reader is asked about: a report, and the story that it may not belong to."""

    said: phrases.Words
    report: Report | None  # None: it stands there no more
    title: str
    language: str


class Pages:
    """The templates, with what every page shows."""

    def __init__(
        self,
        *,
        prefix: str,
        feeds: Sequence[FeedLink],
        title: str,
        public_title: str = "",
        private: bool = False,
    ) -> None:
        self._private = private
        self._titles = (title, public_title or title)
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["minute"] = _minute
        self._templates.globals.update(prefix=prefix, feeds=tuple(feeds))

    def index(self, stories: Sequence[StoryView], token: str = "") -> str:
        """Return the page of the newest stories; its links carry the token on."""
        return self._render("index.html", token, stories=stories)

    def story(self, story: ShownStory, token: str = "") -> str:
        """Return the page of one story."""
        return self._render("story.html", token, story=view(story))

    def split(self, asked: "Asked", state: str) -> str:
        """Return the page that asks whether a report is of another story, or says that it is kept.

        `state` is `asked`, `kept` or `apart`.
        """
        return self._render("split.html", "", asked=asked, state=state, said=asked.said)

    def error(self, status: int, problem: str) -> str:
        """Return the page that says what went wrong."""
        return self._render("error.html", "", status=status, problem=problem)

    def _render(self, name: str, token: str, **values: object) -> str:
        """Make a page; without a token private pages are neither named nor linked."""
        hidden = self._private and not token
        query = f"?token={quote(token, safe='')}" if token else ""
        site = self._titles[1 if hidden else 0]
        template = self._templates.get_template(name)
        return template.render(query=query, hidden=hidden, site=site, **values)


def view(shown: ShownStory) -> StoryView:
    """Return what a page shows of a story."""
    lead = shown.lead.entry
    reasons = {member.key: member.reason for member in shown.story.members}
    titles = {stored.key: _title(stored) for stored in shown.entries}
    return StoryView(
        slug=shown.story.id.removeprefix("urn:uuid:"),
        title=_title(shown.lead),
        language=lead.language,
        excerpt=fold.shorten(fold.plain(lead.text[: 2 * _TEXT_MOST]), _TEXT_MOST),
        publishers=len({stored.entry.publisher.id for stored in shown.entries}),
        first_published=shown.story.first_published,
        updated=shown.story.updated,
        reports=tuple(
            _report(stored, reasons.get(stored.key, Reason(kind="founder")), titles)
            for stored in reports(shown)
        ),
    )


def ask(shown: ShownStory | None, stored: StoredEntry | None) -> Asked:
    """Return what a reader is asked before an entry is taken out of a story."""
    if shown is None or stored is None:
        lead = shown.lead.entry if shown else None
        said = (
            phrases.choose(lead.language, lead.title, lead.text) if lead else phrases.choose("en")
        )
        return Asked(said=said, report=None, title="", language="")
    shows = next((one for one in shown.entries if one.key != stored.key), stored)
    entry = shows.entry
    return Asked(
        said=phrases.choose(entry.language, entry.title, entry.text),
        report=_report(stored, Reason(kind="founder"), {stored.key: _title(stored)}),
        title=_title(shows),
        language=entry.language,
    )


def feed_links(feeds: Iterable[Published], prefix: str) -> tuple[FeedLink, ...]:
    """Return the links to the public feeds."""
    return tuple(
        FeedLink(
            name=feed.spec.title,
            format=_FORMATS.get(feed.format, feed.format),
            href=f"{prefix}/feeds/{feed.file}",
            media_type=feed.media_type.partition(";")[0],
        )
        for feed in feeds
        if not feed.spec.token
    )


def _report(stored: StoredEntry, reason: Reason, titles: Mapping[str, str]) -> Report:
    entry = stored.entry
    weights = sorted(reason.weights, key=lambda weight: -abs(weight[1]))[:_WEIGHTS_MOST]
    return Report(
        title=titles[stored.key],
        link=_link(entry.link),
        publisher=fold.plain(entry.publisher.title) or entry.publisher.id,
        language=entry.language,
        published=stored.published,
        first_seen=stored.first_seen,
        score="" if reason.kind in {"founder", "user", "journal"} else f"{reason.score:.0%}",
        why=_why(reason, titles.get(reason.nearest, "")),
        together=tuple(_weigh(name, value) for name, value in weights if value > 0),
        apart=tuple(_weigh(name, value) for name, value in weights if value < 0),
        shared=reason.shared,
    )


def _why(reason: Reason, nearest: str) -> str:
    words = _KINDS[reason.kind]
    if words.endswith("."):
        return words
    return f"{words} as “{nearest}”." if nearest else f"{words}."


def _weigh(name: str, value: float) -> str:
    return f"{name.replace('_', ' ')} {'−' if value < 0 else '+'}{abs(value):.1f}"


def _title(stored: StoredEntry) -> str:
    entry = stored.entry
    return (
        fold.plain(entry.title)
        or fold.shorten(fold.plain(entry.text[:200]), 80)
        or fold.plain(entry.publisher.title)
        or "?"
    )


def _link(address: str) -> str:
    written = urls.rfc3986(fold.xml_safe(address)) if address else ""
    return written if urls.is_web(written) else ""


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
