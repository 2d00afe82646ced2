"""Stories, reports and sources as the API gives them; `openapi.json` describes each field."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

from aggregator.core import ids
from aggregator.core.model import Reason, ShownStory, Source, SourceState, StoredEntry
from aggregator.core.search import SearchHit
from aggregator.publish.reports import reports
from aggregator.text import fold, urls
from aggregator.web.pages.cards import title_of, web_link

_MOST_REPORTS = 50  # of a story in a list
_MOST_IN_STORY = 500  # of a story on its own
_SUMMARY = 500  # characters
_MOST_HTML = 500_000  # characters; a longer text is left out, for a part of it would not be HTML


def story(shown: ShownStory) -> dict[str, Any]:
    """Return a story with its first reports."""
    lead = shown.lead.entry
    return {
        "id": shown.story.id,
        "title": title_of(shown.lead),
        "link": web_link(lead.link) or None,
        "language": lead.language or None,
        "summary": fold.shorten(fold.plain(lead.text[: 2 * _SUMMARY]), _SUMMARY),
        "image": web_link(lead.image) or None,
        "first_published": _iso(shown.story.first_published),
        "updated": _iso(shown.story.updated),
        "publishers": len({one.entry.publisher.id for one in shown.entries}),
        "entries": len(shown.entries),
        "reports": [_report(one) for one in islice(reports(shown), _MOST_REPORTS)],
    }


def whole_story(shown: ShownStory) -> dict[str, Any]:
    """Return a story with its text, and why each report is part of it."""
    html = shown.lead.entry.html
    reasons = {member.key: member.reason for member in shown.story.members}
    return story(shown) | {
        "html": html if len(html) <= _MOST_HTML else None,
        "reports": [
            _report(one) | {"reason": _reason(reasons.get(one.key))}
            for one in islice(reports(shown), _MOST_IN_STORY)
        ],
    }


def hit(found: SearchHit) -> dict[str, Any]:
    """Return a story that was searched for, and the id of the entry that was found."""
    return story(found.shown) | {"found": ids.entry_id(found.key)}


def source(one: Source, state: SourceState | None) -> dict[str, Any]:
    """Return a source and its state, without secrets."""
    known = state or SourceState()
    return {
        "id": one.id,
        "title": fold.plain(one.title or known.info.title) or one.id,
        "kind": one.kind,
        "url": urls.redact(one.url) if one.url else None,
        "category": one.category or None,
        "language": one.language or known.info.language or None,
        "state": _state(one, known),
        "error": known.error or None,
        "last_success": _iso(known.last_success),
        "next_fetch": None if one.paused or known.gone else _iso(known.due),
    }


def _state(one: Source, state: SourceState) -> str:
    if one.paused:
        return "paused"
    if state.gone:
        return "gone"
    if state.wait_until:
        return "later"
    if state.error:
        return "error"
    return "ok" if state.last_success else "new"


def _report(stored: StoredEntry) -> dict[str, Any]:
    entry = stored.entry
    return {
        "id": ids.entry_id(stored.key),
        "title": title_of(stored),
        "link": web_link(entry.link) or None,
        "publisher": {
            "id": entry.publisher.id,
            "title": fold.plain(entry.publisher.title) or entry.publisher.id,
        },
        "source": stored.source_id,
        "language": entry.language or None,
        "published": _iso(stored.published),
        "first_seen": _iso(stored.first_seen),
    }


def _reason(reason: Reason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {
        "kind": reason.kind,
        "score": reason.score,
        "bar": reason.bar,
        "nearest": ids.entry_id(reason.nearest) if reason.nearest else None,
        "shared": list(reason.shared),
    }


def _iso(when: datetime | None) -> str | None:
    return (
        when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if when else None
    )
