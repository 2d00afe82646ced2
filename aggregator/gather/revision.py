"""What a sight changes in the stored entry, and which times are believed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from aggregator.core.model import Entry
from aggregator.gather.identity import OLDEST, Known, link_name

Verdict = Literal["new", "modified", "refreshed", "same", "older", "double"]

VARIANTS_KEPT = 8
FLIP = timedelta(hours=24)  # an earlier text comes back for good when the later one is gone so long
CLOCK_SLACK = timedelta(minutes=5)


def judge(known: Known, entry: Entry, now: datetime) -> Verdict:
    """Say what a sight does to the stored entry: modified, refreshed, same or older.

    A copy that claims to be older than what is stored never overrides it, and a text that
    alternates with another one is no change.
    """
    if known.blank:
        return "refreshed"
    if entry.material == known.material or _reads_the_same(known, entry):
        return "same"
    if _is_before(entry.gathered, known.gathered) or _is_before(stamp(entry, now), known.stamp):
        return "older"
    if _is_before(known.stamp, stamp(entry, now)) or _is_before(known.gathered, entry.gathered):
        return "modified"
    texts = dict(known.variants)
    if entry.material in texts and now - texts.get(known.material, now) < FLIP:
        return "older"
    return "modified"


def _reads_the_same(known: Known, entry: Entry) -> bool:
    """Say whether title, text and page are those that are stored; an address may carry a session."""
    return (
        entry.title == known.title
        and entry.fingerprint == known.fingerprint != ""
        and _page(entry.link) == _page(known.link)
    )


def _page(address: str) -> str:
    return link_name(address).partition("?")[0]


def _is_before(one: datetime | None, two: datetime | None) -> bool:
    return one is not None and two is not None and one < two


def stamp(entry: Entry, now: datetime) -> datetime | None:
    """Return how new an entry claims to be; None if it does not say, or says what cannot be."""
    claims = (entry.modified, entry.published)
    return max((one for one in claims if one and OLDEST <= one <= now), default=None)


def variants(known: Known, material: str, now: datetime) -> tuple[tuple[str, datetime], ...]:
    """Return the texts of an entry after this one was seen, the one that is shown last."""
    before = known.variants or ((known.material, now),)
    older = tuple(one for one in before if one[0] != material)
    return (*older, (material, now))[-VARIANTS_KEPT:]


def should_touch(known: Known, now: datetime) -> bool:
    """Say whether the time at which the present one of several texts was seen is worth writing."""
    return len(known.variants) > 1 and now - known.variants[-1][1] > FLIP / 12


# --- times ---------------------------------------------------------------------------------


def published(entry: Entry, first_seen: datetime) -> datetime:
    """Return the effective date: the claimed one, else a dump's stamp, never after first seen."""
    claim = next(
        (one for one in (entry.published, entry.gathered) if one and one >= OLDEST), first_seen
    )
    return min(claim, first_seen)


def newest(dates: Sequence[datetime], most: int | None) -> frozenset[int]:
    """Return the places of the newest dates, all if `most` is None; of equals the first."""
    places = sorted(range(len(dates)), key=lambda place: (-dates[place].timestamp(), place))
    return frozenset(places[:most])


def trusted(now: datetime, latest: datetime | None, claims: Sequence[datetime]) -> datetime:
    """Return the time to write down, where the clock may be behind.

    `latest` is the latest time ever written, `claims` the dates claimed by entries seen last.
    If the clock went back and most of the claims lie after it, then the clock is wrong and
    `latest` is nearer to the truth; else the earlier time was wrong.
    """
    if latest is None or now >= latest - CLOCK_SLACK:
        return now
    later = sum(claim > now + CLOCK_SLACK for claim in claims)
    return latest if later * 2 > len(claims) else now
