"""Digests: makes those that are due, once, and gives those that were made.

A period ends at the same time of each day or week in a time zone; days with a change of the clocks
are longer or shorter, so that no moment is in two periods or in none. A digest counts what was known
at the end of its period and is kept as it was made, so it is the same however often it is published.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from heapq import nsmallest
from html import escape
from itertools import islice
from zoneinfo import ZoneInfo

from aggregator.core import ids
from aggregator.core.model import (
    Entry,
    Member,
    Publisher,
    Reason,
    ShownStory,
    Source,
    StoredEntry,
    Story,
)
from aggregator.core.news_digest import NewsDigest
from aggregator.core.ports import PublishStore
from aggregator.core.settings import DigestSpec, FeedSpec
from aggregator.publish import selection
from aggregator.publish.selection.ranking import arranger
from aggregator.text import fold, phrases, urls

_CATCH_UP = {1: 7, 7: 4}  # periods that are still made when they were missed, by their days
_GROWS = timedelta(days=2)  # a story that starts before a period may still grow in it
_READ_MOST = 20_000  # stories
_NAMED = 12  # publishers of one story
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNDERLINED = 3  # titles in the summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A day or a week, named after the day on which it ends."""

    day: date
    start: datetime
    end: datetime


def periods(spec: DigestSpec, now: datetime) -> tuple[Period, ...]:
    """Return the last periods that have ended, the latest first."""
    step = 7 if spec.day else 1
    day = now.astimezone(ZoneInfo(spec.zone)).date()
    while (spec.day and _DAYS[day.weekday()] != spec.day) or _moment(spec, day) > now:
        day -= timedelta(days=1)
    days = [day - timedelta(days=step * count) for count in range(_CATCH_UP[step] + 1)]
    moments = [_moment(spec, one) for one in days]
    return tuple(
        Period(day=one, start=start, end=end)
        for one, end, start in zip(days, moments, moments[1:], strict=False)
    )


def next_end(spec: DigestSpec, now: datetime) -> datetime:
    """Return when the period of now ends."""
    day = periods(spec, now)[0].day + timedelta(days=7 if spec.day else 1)
    return _moment(spec, day)


def _moment(spec: DigestSpec, day: date) -> datetime:
    """Return the time of a day; one that the clocks skip is as long after midnight as it would be."""
    return datetime.combine(day, spec.at, ZoneInfo(spec.zone)).astimezone(UTC)


def publish(
    store: PublishStore,
    spec: FeedSpec,
    wanted: DigestSpec,
    sources: Sequence[Source],
    now: datetime,
) -> tuple[ShownStory, ...]:
    """Make the digests that are due and return the newest ones, each as a story of one entry.

    One without stories is kept too, so that it is not tried again, and is not shown.
    """
    kept = 2 * spec.limit + _CATCH_UP[1]  # some are empty
    made = store.digests(spec.name, kept)
    if any(one.end > now for one in made):
        store.drop_digests(spec.name, now)
        made = store.digests(spec.name, kept)
    for period in reversed(_missing(wanted, made, now)):
        listed = {id_ for one in made for id_ in one.stories if one.end > period.start - 2 * _GROWS}
        found = nsmallest(wanted.top, _candidates(store, spec, sources, period, listed), key=_rank)
        store.save_digest(spec.name, _digest(spec, period, found))
        made = store.digests(spec.name, kept)
    oldest = now - spec.max_age if spec.max_age else None
    full = (one for one in made if one.stories and (oldest is None or one.end >= oldest))
    return tuple(_shown(spec, one) for one in islice(full, spec.limit))


def _missing(spec: DigestSpec, made: Sequence[NewsDigest], now: datetime) -> tuple[Period, ...]:
    """Return the periods without a digest; of a feed that is new, the last one alone."""
    known = {one.period for one in made}
    ended = periods(spec, now)
    first = min((one.end for one in made), default=ended[0].start)
    return tuple(one for one in ended if one.end > first and one.day.isoformat() not in known)


def _candidates(
    store: PublishStore,
    spec: FeedSpec,
    sources: Sequence[Source],
    period: Period,
    listed: set[str],
) -> Iterator[ShownStory]:
    """Yield the stories of a period that no digest before has listed."""
    fits = selection.conditions((spec,), sources)
    arrange = arranger(spec, sources)
    for shown in _grown(store, period):
        if shown.story.id not in listed and fits(shown):
            yield arrange(shown)


def _grown(store: PublishStore, period: Period) -> Iterator[ShownStory]:
    """Yield the stories that got a report in a period, as they were at its end."""
    for shown in islice(store.newest_stories(), _READ_MOST):
        if shown.story.first_published < period.start - _GROWS:
            return
        known = tuple(one for one in shown.entries if one.first_seen < period.end and one.shown)
        if known and max(one.first_seen for one in known) >= period.start:
            yield replace(shown, entries=known)


def _rank(shown: ShownStory) -> tuple[int, float, str]:
    """Return the place of a story: those of many publishers first, then the newest."""
    return (-_publishers(shown), -shown.story.first_published.timestamp(), shown.story.id)


def _publishers(shown: ShownStory) -> int:
    return len({one.entry.publisher.id for one in shown.entries})


# --- text ----------------------------------------------------------------------------------


def _digest(spec: FeedSpec, period: Period, stories: Sequence[ShownStory]) -> NewsDigest:
    words = _words(stories)
    titles = [_title(shown) for shown in stories]
    lines = [_line(shown, words) for shown in stories]
    entry = Entry(
        title=words.digest.format(
            title=spec.title, day=period.day.day, month=period.day.month, year=period.day.year,
            month_name=_MONTHS[period.day.month - 1],
        ),
        html=f"<ol>{''.join(lines)}</ol>",
        text="\n".join(titles),
        summary=" · ".join(titles[:_UNDERLINED]),
        language=words.tag,
        publisher=Publisher(id=spec.name, title=spec.title),
        published=period.end,
    )  # fmt: skip
    return NewsDigest(
        period=period.day.isoformat(),
        end=period.end,
        entry=entry,
        stories=tuple(shown.story.id for shown in stories),
    )


_MONTHS = (
    "January February March April May June July August September October November December".split()
)


def _words(stories: Sequence[ShownStory]) -> phrases.Words:
    """Return the phrases of the language that most of the stories have."""
    leads = [shown.lead.entry for shown in stories]
    if not stories:
        return phrases.choose("")
    chosen = Counter(phrases.choose(one.language, one.title, one.text) for one in leads)
    return chosen.most_common(1)[0][0]


def _line(shown: ShownStory, words: phrases.Words) -> str:
    """Return a story as an item of the list: its title, and who reports it."""
    names: dict[str, str] = {}
    for one in shown.entries:
        publisher = one.entry.publisher
        name = fold.plain(publisher.title) or publisher.id
        names.setdefault(publisher.id, _linked(one.entry.link, name))
    told = list(names.values())
    rest = f" +{len(told) - _NAMED}" if len(told) > _NAMED else ""
    lead = shown.lead.entry
    title = _linked(lead.link, _title(shown))
    right = ' dir="rtl"' if phrases.is_right_to_left(lead.language, lead.title) else ""
    language = f' lang="{escape(lead.language)}"' if lead.language else ""
    reporters = words.separator.join(told[:_NAMED]) + rest
    count = words.publishers.format(count=len(told)) if len(told) > 1 else ""
    return f"<li><p><b{language}{right}>{title}</b><br/>{count}{reporters}</p></li>"


def _title(shown: ShownStory) -> str:
    entry = shown.lead.entry
    return fold.plain(entry.title) or fold.shorten(fold.plain(entry.text[:200]), 80) or "?"


def _linked(address: str, text: str) -> str:
    shown = escape(fold.xml_safe(text))
    url = urls.rfc3986(fold.xml_safe(address)) if address else ""
    return f'<a href="{escape(url)}">{shown}</a>' if urls.is_web(url) else shown


def _shown(spec: FeedSpec, digest: NewsDigest) -> ShownStory:
    """Return a digest as a story of one entry, which every format can show."""
    id_ = ids.digest_id(spec.name, digest.period)
    stored = StoredEntry(
        key=id_,
        source_id="",
        entry=digest.entry,
        first_seen=digest.end,
        published=digest.end,
        revised=digest.end,
    )
    story = Story(
        id=id_,
        founder=id_,
        representative=id_,
        members=(Member(key=id_, reason=Reason(kind="founder")),),
        first_published=digest.end,
        updated=digest.end,
    )
    return ShownStory(story=story, entries=(stored,))
