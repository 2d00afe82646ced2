"""Sources as their pages show them: state, figures, latest entries, history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from aggregator.core.advice import find_fix
from aggregator.core.figures import EntryOfSource, SourceFigures
from aggregator.core.model import Source, SourceState
from aggregator.core.outcomes import PastOutcome
from aggregator.gather import schedule
from aggregator.gather.cleaning.text_blocks import block_hash, texts
from aggregator.text import fold, urls
from aggregator.web._site import Site
from aggregator.web.pages.cards import slug_of, title_of, web_link

LATEST = 30  # entries of one source that its page lists
_SEARCHED = 200  # entries of one source, for the texts of its learned blocks
_MAX_BLOCKS, _MAX_BLOCK_CHARS = 50, 200
_MAX_ERROR_CHARS = 400
_ORDER = ("gone", "error", "later", "new", "ok", "paused")  # what needs a look comes first


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source in the list."""

    id: str
    title: str
    category: str
    host: str  # the rest of the address may be a secret
    home: str
    state: str
    last_success: datetime | None
    next_fetch: datetime | None
    error: str
    fix: str
    figures: SourceFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestEntry:
    """One of the latest entries of a source."""

    title: str
    link: str
    language: str
    published: datetime
    story: str  # the slug; empty while it is not grouped


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """A source on its page."""

    row: SourceRow
    entries: tuple[LatestEntry, ...]
    blocks: tuple[str, ...]  # texts of learned boilerplate
    history: tuple[PastOutcome, ...]


def source_rows(site: Site, now: datetime, figures: Mapping[str, SourceFigures]) -> list[SourceRow]:
    """Return all configured sources: failing ones first, then by title."""
    states = site.store.source_states()
    rows = [
        _row(
            source,
            states.get(source.identity, SourceState()),
            now,
            figures.get(source.identity, SourceFigures()),
        )
        for source in site.sources
    ]
    return sorted(rows, key=lambda one: (_ORDER.index(one.state), fold.fold(one.title), one.id))


def source_page(site: Site, source: Source, now: datetime, figures: SourceFigures) -> SourcePage:
    """Return a source as its page shows it."""
    state = site.store.source_states().get(source.identity, SourceState())
    latest = site.store.latest_entries(source.identity, _SEARCHED)
    publishers = {one.stored.entry.publisher.id for one in latest} | {source.identity}
    learned = site.store.learned_blocks(publishers)
    return SourcePage(
        row=_row(source, state, now, figures),
        entries=tuple(_latest(one) for one in latest[:LATEST]),
        blocks=tuple(_blocks(latest, learned))[:_MAX_BLOCKS],
        history=state.history,
    )


def _row(source: Source, state: SourceState, now: datetime, figures: SourceFigures) -> SourceRow:
    current = schedule.current_state(source, state)
    name = outcome(source, current)
    error = fold.shorten(fold.plain(current.error), _MAX_ERROR_CHARS)
    return SourceRow(
        id=source.id,
        title=fold.plain(source.title or state.info.title) or source.id,
        category=source.category,
        host=urls.host(source.url) if source.url else "",
        home=web_link(state.info.link),
        state=name,
        last_success=current.last_success,
        next_fetch=schedule.due_at(source, state, {}, now),
        error="" if name in {"ok", "new", "paused"} else error,
        fix=_fix(error, source),
        figures=figures,
    )


def _fix(error: str, source: Source) -> str:
    """Return what to do about an error, without the full address of the source."""
    if not error or not source.url:
        return ""
    parts = urlsplit(source.url)
    return find_fix(error, replace(source, url=f"{parts.scheme}://{urls.host(source.url)}/"))


def outcome(source: Source, state: SourceState) -> str:
    """Return the state of a source in one word, as the command line names it."""
    if source.paused:
        return "paused"
    if state.gone:
        return "gone"
    if state.wait_until:
        return "later"
    if state.error:
        return "error"
    return "ok" if state.last_success else "new"


def _latest(one: EntryOfSource) -> LatestEntry:
    stored = one.stored
    return LatestEntry(
        title=title_of(stored),
        link=web_link(stored.entry.link),
        language=stored.entry.language,
        published=stored.published,
        story=slug_of(one.story_id),
    )


def _blocks(
    latest: Iterable[EntryOfSource], learned: Mapping[str, frozenset[int]]
) -> Sequence[str]:
    """Return the texts of learned blocks that the latest entries contain."""
    found: dict[tuple[str, int], str] = {}
    for one in latest if learned else ():
        entry = one.stored.entry
        hashes = learned.get(entry.publisher.id, frozenset())
        for text in texts(entry.html) if hashes else ():
            place = entry.publisher.id, block_hash(text)
            if place[1] in hashes:
                found.setdefault(place, fold.shorten(fold.plain(text), _MAX_BLOCK_CHARS))
    return list(found.values())


def sparkline(days: Sequence[int], width: int = 112, height: int = 24) -> tuple[str, str]:
    """Return the points of a line over the days, and of the area under it, for an SVG."""
    most, step = max(*days, 1), width / max(len(days) - 1, 1)
    points = [
        f"{number * step:.1f},{height - 2 - (height - 4) * count / most:.1f}"
        for number, count in enumerate(days)
    ]
    return " ".join(points), " ".join((f"0,{height}", *points, f"{width},{height}"))
