"""The HTML pages: view models of stories and their members, and the templates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.core.feature_names import plain_name
from aggregator.core.model import Reason, ShownStory, StoredEntry
from aggregator.publish.reports import reports
from aggregator.text import fold, phrases, urls
from aggregator.web._site import PublishedFile

_EXCERPT_CHARS = 320
_MAX_WEIGHTS = 5
_REASONS = {
    "founder": "It was the first report of this story.",
    "same event": "It reports the same event",
    "same text": "It has the same text",
    "same link": "It links to the same page",
    "user": "You put it here.",
    "journal": "It was in this story before the database was lost.",
}


_FORMAT_NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON", "dump": "dumps"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A link to a feed in one format."""

    name: str  # of the feed
    format: str
    href: str
    media_type: str

    @property
    def title(self) -> str:
        """The feed's name and format, for use without context."""
        return f"{self.name} ({self.format})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One member of a story, as shown on a page."""

    title: str
    link: str
    publisher: str
    language: str
    published: datetime
    first_seen: datetime
    score: str
    why: str
    supporting: tuple[str, ...]
    opposing: tuple[str, ...]
    shared_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story, as shown on a page; the representative report comes first."""

    slug: str
    title: str
    language: str
    excerpt: str
    publishers: int
    first_published: datetime
    updated: datetime
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitQuestion:
    """The question whether a report belongs to a story."""

    phrases: phrases.Words
    report: Report | None  # None: it is no longer in the story
    title: str
    language: str


class Pages:
    """Renders the templates with the values that all pages share."""

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
        self._templates.filters["minute"] = _format_minute
        self._templates.globals.update(prefix=prefix, feeds=tuple(feeds))

    def index(self, stories: Sequence[StoryView], token: str = "") -> str:
        """Return the page of the newest stories; its links keep the token."""
        return self._render("index.html", token, stories=stories)

    def story(self, story: ShownStory, token: str = "") -> str:
        """Return the page of one story."""
        return self._render("story.html", token, story=story_view(story))

    def split(self, question: SplitQuestion, state: str) -> str:
        """Return the page that asks whether to split off a report, or confirms that it is recorded.

        `state` is `asked`, `kept` or `apart`.
        """
        return self._render(
            "split.html", "", question=question, state=state, phrases=question.phrases
        )

    def search(self, *, token: str, **values: object) -> str:
        """Return the page of the search; `values` are those of its template."""
        return self._render("search.html", token, sent_token=token, **values)

    def error(self, status: int, problem: str) -> str:
        """Return the error page."""
        return self._render("error.html", "", status=status, problem=problem)

    def _render(self, name: str, token: str, **values: object) -> str:
        """Render a page; without a token, private pages are neither named nor linked."""
        hidden = self._private and not token
        query = f"?token={quote(token, safe='')}" if token else ""
        site = self._titles[1 if hidden else 0]
        template = self._templates.get_template(name)
        return template.render(query=query, hidden=hidden, site=site, **values)


def story_view(shown: ShownStory) -> StoryView:
    """Return a story as shown on a page."""
    lead = shown.lead.entry
    reasons = {member.key: member.reason for member in shown.story.members}
    titles = {stored.key: title_of(stored) for stored in shown.entries}
    return StoryView(
        slug=shown.story.id.removeprefix("urn:uuid:"),
        title=title_of(shown.lead),
        language=lead.language,
        excerpt=fold.shorten(fold.plain(lead.text[: 2 * _EXCERPT_CHARS]), _EXCERPT_CHARS),
        publishers=len({stored.entry.publisher.id for stored in shown.entries}),
        first_published=shown.story.first_published,
        updated=shown.story.updated,
        reports=tuple(
            _report(stored, reasons.get(stored.key, Reason(kind="founder")), titles)
            for stored in reports(shown)
        ),
    )


def split_question(shown: ShownStory | None, stored: StoredEntry | None) -> SplitQuestion:
    """Return the question to confirm before an entry is split from a story."""
    if shown is None or stored is None:
        lead = shown.lead.entry if shown else None
        words = (
            phrases.choose(lead.language, lead.title, lead.text) if lead else phrases.choose("en")
        )
        return SplitQuestion(phrases=words, report=None, title="", language="")
    other = next((one for one in shown.entries if one.key != stored.key), stored)
    entry = other.entry
    return SplitQuestion(
        phrases=phrases.choose(entry.language, entry.title, entry.text),
        report=_report(stored, Reason(kind="founder"), {stored.key: title_of(stored)}),
        title=title_of(other),
        language=entry.language,
    )


def feed_links(feeds: Iterable[PublishedFile], prefix: str) -> tuple[FeedLink, ...]:
    """Return the links to the public feeds."""
    return tuple(
        FeedLink(
            name=feed.spec.title,
            format=_FORMAT_NAMES.get(feed.format, feed.format),
            href=f"{prefix}/feeds/{feed.file}",
            media_type=feed.media_type.partition(";")[0],
        )
        for feed in feeds
        if not feed.spec.token
    )


def _report(stored: StoredEntry, reason: Reason, titles: Mapping[str, str]) -> Report:
    entry = stored.entry
    weights = sorted(reason.weights, key=lambda weight: -abs(weight[1]))[:_MAX_WEIGHTS]
    return Report(
        title=titles[stored.key],
        link=safe_link(entry.link),
        publisher=fold.plain(entry.publisher.title) or entry.publisher.id,
        language=entry.language,
        published=stored.published,
        first_seen=stored.first_seen,
        score="" if reason.kind in {"founder", "user", "journal"} else f"{reason.score:.0%}",
        why=_why(reason, titles.get(reason.nearest, "")),
        supporting=tuple(_format_weight(name, value) for name, value in weights if value > 0),
        opposing=tuple(_format_weight(name, value) for name, value in weights if value < 0),
        shared_words=reason.shared,
    )


def _why(reason: Reason, nearest: str) -> str:
    text = _REASONS[reason.kind]
    if text.endswith("."):
        return text
    return f"{text} as “{nearest}”." if nearest else f"{text}."


def _format_weight(name: str, value: float) -> str:
    return f"{plain_name(name)} {'−' if value < 0 else '+'}{abs(value):.1f}"


def title_of(stored: StoredEntry) -> str:
    """Return the title of an entry, never empty."""
    entry = stored.entry
    return (
        fold.plain(entry.title)
        or fold.shorten(fold.plain(entry.text[:200]), 80)
        or fold.plain(entry.publisher.title)
        or "?"
    )


def safe_link(address: str) -> str:
    """Return an address that a page may link to; else an empty text."""
    url = urls.rfc3986(fold.xml_safe(address)) if address else ""
    return url if urls.is_web(url) else ""


def _format_minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
