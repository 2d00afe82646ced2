"""A story as its page shows it: the text, the reports in order of time, the reasons, corrections."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from aggregator.core import ids
from aggregator.core.feature_names import plain_name
from aggregator.core.model import Decision, Reason, ShownStory, StoredEntry
from aggregator.publish.reports import reports
from aggregator.text import fold
from aggregator.web.pages.cards import (
    primary_language,
    publisher_name,
    slug_of,
    title_of,
    web_link,
)
from aggregator.web.pages.rich_text import rich_text

_EXCERPT_CHARS = 320
_MAX_WEIGHTS = 5
_COPIES = frozenset({"same text", "same link"})
_FOUNDER = Reason(kind="founder")
_MAX_CORRECTIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One member of a story."""

    slug: str  # of the entry
    title: str
    link: str
    publisher: str
    language: str
    excerpt: str
    published: datetime
    first_seen: datetime
    kind: str  # of the reason
    nearest: str  # the title of the closest member
    score: float
    bar: float | None
    supporting: tuple[str, ...] = ()
    opposing: tuple[str, ...] = ()
    shared_words: tuple[str, ...] = ()

    @property
    def is_measured(self) -> bool:
        """Whether the reason has a probability."""
        return self.kind == "same event"

    @property
    def has_details(self) -> bool:
        """Whether there is more to say than the reason."""
        return bool(self.supporting or self.opposing or self.shared_words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A report in the order of time, with the copies of its text."""

    report: Report
    copies: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InLanguage:
    """The reports of a story in another language than its own."""

    language: str
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A correction of the user that concerns a story."""

    kind: str
    when: datetime
    titles: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story on its page."""

    slug: str
    title: str
    language: str
    image: str
    lead: Report
    text: Markup
    publishers: int
    reports: int
    first_published: datetime
    updated: datetime
    timeline: tuple[Told, ...]
    other_languages: tuple[InLanguage, ...]
    corrections: tuple[Correction, ...] = ()


def story_view(shown: ShownStory, decisions: Iterable[Decision] = ()) -> StoryView:
    """Return a story as its page shows it."""
    lead = shown.lead
    reasons = {member.key: member.reason for member in shown.story.members}
    titles = {stored.key: title_of(stored) for stored in shown.entries}
    told = {
        stored.key: _report(stored, reasons.get(stored.key, _FOUNDER), titles)
        for stored in reports(shown)
    }
    return StoryView(
        slug=slug_of(shown.story.id),
        title=titles[lead.key],
        language=lead.entry.language,
        image=web_link(lead.entry.image),
        lead=told[lead.key],
        text=rich_text(lead.entry.html, lead.entry.text or lead.entry.summary),
        publishers=len({stored.entry.publisher.id for stored in shown.entries}),
        reports=len(told),
        first_published=shown.story.first_published,
        updated=shown.story.updated,
        timeline=_timeline(told, reasons),
        other_languages=_other_languages(told[lead.key], told.values()),
        corrections=_corrections(titles, decisions),
    )


def report_of(stored: StoredEntry) -> Report:
    """Return an entry on its own."""
    return _report(stored, _FOUNDER, {stored.key: title_of(stored)})


def _report(stored: StoredEntry, reason: Reason, titles: Mapping[str, str]) -> Report:
    entry = stored.entry
    weights = sorted(reason.weights, key=lambda weight: -abs(weight[1]))[:_MAX_WEIGHTS]
    return Report(
        slug=slug_of(ids.entry_id(stored.key)),
        title=titles[stored.key],
        link=web_link(entry.link),
        publisher=publisher_name(stored),
        language=entry.language,
        excerpt=fold.shorten(
            fold.plain((entry.text or entry.summary)[: 2 * _EXCERPT_CHARS]), _EXCERPT_CHARS
        ),
        published=stored.published,
        first_seen=stored.first_seen,
        kind=reason.kind,
        nearest=titles.get(reason.nearest, ""),
        score=min(max(reason.score, 0.0), 1.0),
        bar=reason.bar,
        supporting=tuple(_format_weight(name, value) for name, value in weights if value > 0),
        opposing=tuple(_format_weight(name, value) for name, value in weights if value < 0),
        shared_words=reason.shared,
    )


def _format_weight(name: str, value: float) -> str:
    return f"{plain_name(name)} {'−' if value < 0 else '+'}{abs(value):.1f}"


def _timeline(told: Mapping[str, Report], reasons: Mapping[str, Reason]) -> tuple[Told, ...]:
    """Return the reports in order of time, each copy folded under the text that it repeats."""
    copies: dict[str, list[Report]] = {}
    for key, report in told.items():
        copies.setdefault(_original(key, told, reasons), []).append(report)
    found = []
    for root, held in copies.items():
        rest = sorted((one for one in held if one is not told[root]), key=_place)
        found.append(Told(report=told[root], copies=tuple(rest)))
    return tuple(sorted(found, key=lambda one: _place(one.report)))


def _original(key: str, told: Mapping[str, Report], reasons: Mapping[str, Reason]) -> str:
    """Follow copies to the first text among the reports; in a cycle, the least key is the first."""
    seen = {key}
    while (reason := reasons.get(key, _FOUNDER)).kind in _COPIES and reason.nearest in told:
        if reason.nearest in seen:
            return min(seen)
        key = reason.nearest
        seen.add(key)
    return key


def _place(report: Report) -> tuple[datetime, str]:
    return report.published, report.slug


def _other_languages(lead: Report, told: Iterable[Report]) -> tuple[InLanguage, ...]:
    own = primary_language(lead.language)
    found: dict[str, list[Report]] = {}
    for report in told:
        language = primary_language(report.language)
        if language and language != own:
            found.setdefault(language, []).append(report)
    return tuple(
        InLanguage(language=language, reports=tuple(sorted(held, key=_place)))
        for language, held in found.items()
    )


def _corrections(
    titles: Mapping[str, str], decisions: Iterable[Decision]
) -> tuple[Correction, ...]:
    """Return the latest corrections that name an entry of the story, newest first."""
    concerned = [one for one in decisions if one.a in titles or one.b in titles]
    return tuple(
        Correction(
            kind=one.kind,
            when=one.when,
            titles=(titles.get(one.a, ""), titles.get(one.b, "")),
        )
        for one in reversed(concerned[-_MAX_CORRECTIONS:])
    )
