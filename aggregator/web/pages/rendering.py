"""Renders the templates with the values that all pages share."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import partial
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.core.model import ShownStory, StoredEntry
from aggregator.text import phrases
from aggregator.web._site import PublishedFile
from aggregator.web.pages import relative_time
from aggregator.web.pages.cards import title_of
from aggregator.web.pages.interface import wording
from aggregator.web.pages.language_names import language_name
from aggregator.web.pages.source_view import sparkline
from aggregator.web.pages.story_view import Report, report_of

_TEMPLATES = Path(__file__).parent.parent / "templates"
_FORMAT_NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON", "dump": "dumps"}
_SECTIONS = (
    ("/", "section_stories"),
    ("/sources", "section_sources"),
    ("/about", "section_about"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A link to a feed in one format."""

    name: str  # of the feed
    format: str
    href: str
    media_type: str
    address: str = ""  # in full, for people to copy

    @property
    def title(self) -> str:
        """The feed's name and format, for use without context."""
        return f"{self.name} ({self.format})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who asks for a page: language of the interface, token of a private feed, whether it is the owner."""

    language: str = "en"
    token: str = ""
    owner: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitQuestion:
    """The question whether a report belongs to a story."""

    phrases: phrases.Words
    report: Report | None  # None: it is no longer in the story
    title: str
    language: str


class Pages:
    """Renders pages."""

    def __init__(
        self,
        *,
        prefix: str,
        feeds: Sequence[FeedLink],
        title: str,
        public_title: str = "",
        private: bool = False,
        has_search: bool = True,
        has_owner: bool = False,
        zone: tzinfo,
        clock: Callable[[], datetime],
    ) -> None:
        self.prefix = prefix
        self.zone = zone
        self._clock = clock
        self._private = private
        self._titles = (title, public_title or title)
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            prefix=prefix,
            feeds=tuple(feeds),
            sections=_SECTIONS,
            has_search=has_search,
            has_owner=has_owner,
            percent=_percent,
            sparkline=sparkline,
        )

    def render(self, name: str, reader: Reader, here: str = "", **values: object) -> str:
        """Return a page; without a token, private pages are neither named nor linked."""
        hidden = self._private and not reader.token and not reader.owner
        now, words = self._clock(), wording(reader.language)
        today = now.astimezone(self.zone).date()

        def day_name(day: date) -> str:
            """Return the name of a day."""
            return relative_time.day_name(words, day, today)

        return self._templates.get_template(name).render(
            t=words,
            here=here,
            token=reader.token,
            is_owner=reader.owner,
            now=now,
            hidden=hidden,
            site=self._titles[1 if hidden else 0],
            href=partial(self.href, reader.token),
            time=lambda when: relative_time.time_element(words, when, now, self.zone),
            day_name=day_name,
            long_date=partial(relative_time.long_date, words),
            language_name=language_name,
            **values,
        )

    def split(self, question: SplitQuestion, state: str) -> str:
        """Return the page that asks whether to split off a report, or confirms that it is recorded.

        `state` is `asked`, `kept` or `apart`. It is in the language of the report.
        """
        reader = Reader(language=question.phrases.tag)
        return self.render(
            "split.html", reader, question=question, state=state, phrases=question.phrases
        )

    def error(self, reader: Reader, status: int, problem: str = "") -> str:
        """Return the error page; without a problem, the usual one of the status."""
        words = wording(reader.language)
        heading = words.get(f"error_{status}", words("error_other"))
        problem = problem or words.get(f"problem_{status}", "")
        return self.render("error.html", reader, status=status, heading=heading, problem=problem)

    def href(self, token: str, path: str, query: str = "") -> str:
        """Return an address on this site; links keep the token of a private feed."""
        key = f"token={quote(token, safe='')}" if token else ""
        asked = "&".join(one for one in (query, key) if one)
        return f"{self.prefix}{path}?{asked}" if asked else f"{self.prefix}{path}"


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
        report=report_of(stored),
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


def _percent(share: float) -> str:
    return f"{share:.0%}"
