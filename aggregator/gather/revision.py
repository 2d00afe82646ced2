"""What a sight changes in the stored entry, and which times are believed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal

from aggregator.core.model import Entry
from aggregator.gather.changes import Difference
from aggregator.gather.identity import OLDEST, SHORT_TEXT, Known, link_name

Variants = tuple[tuple[str, datetime], ...]
Verdict = Literal["new", "modified", "refreshed", "same", "older", "double"]

VARIANTS_KEPT = 12
FLIP = timedelta(hours=24)  # an earlier text comes back for good when the later one is gone so long
CLOCK_SLACK = timedelta(minutes=5)
_TICKS = 3  # changes of the same numbers after which they are known to count something
_TICK = "#"  # before the digest of a sentence, among the texts of an entry


def judge(known: Known, entry: Entry, found: Difference, now: datetime) -> Verdict:
    """Say what a sight does to the stored entry: modified, refreshed (silently), same or older.

    `found` is how it differs from what is stored. A copy that claims to be older does not
    override what is stored until that was not seen for a day; nor does an older text that
    comes back again and again.
    """
    if known.blank:
        return "refreshed"
    if found.kind == "same":
        return "same"
    if _is_before(entry.gathered, known.gathered):
        return "older"
    claim = stamp(entry, now)
    present = dict(known.variants).get(known.fingerprint, now)
    held = entry.fingerprint not in dict(known.variants) or now - present < FLIP
    if held and _is_before(claim, known.stamp):
        return "older"
    if found.kind == "silent":
        return "refreshed"
    later = _is_before(known.stamp, claim) or _is_before(known.gathered, entry.gathered)
    return "older" if held and not later and _comes_and_goes(known, entry) else "modified"


def outline_difference(known: Known, entry: Entry) -> Difference:
    """Compare with an entry of which no more is left than what tells it from others."""
    same = (
        entry.title == known.title
        and entry.fingerprint == known.fingerprint
        and link_name(entry.link) == link_name(known.link)
    )
    return Difference(kind="same" if same else "material")


def is_counting(known: Known, entry: Entry, found: Difference, counters: frozenset[str]) -> bool:
    """Say whether all that differs counts something.

    It does if other entries have the same words with other numbers, or if the same numbers have
    changed before, again and again. In a text that is short as a whole each word counts.
    """
    if not found.ticks or entry.letters < SHORT_TEXT:
        return False
    before = [text.removeprefix(_TICK) for text, _ in known.variants if text.startswith(_TICK)]
    return all(tick in counters or before.count(mark(tick)) >= _TICKS for tick in found.ticks)


def mark(tick: str) -> str:
    """Return what is remembered of a sentence whose numbers have changed."""
    return blake2b(tick.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _comes_and_goes(known: Known, entry: Entry) -> bool:
    """Say whether this text was there before the present one, and came back once already."""
    texts = [text for text, _ in known.variants]
    if known.fingerprint not in texts or texts.count(entry.fingerprint) < 2:
        return False
    return texts.index(entry.fingerprint) < texts.index(known.fingerprint)


def _is_before(one: datetime | None, two: datetime | None) -> bool:
    return one is not None and two is not None and one < two


def stamp(entry: Entry, now: datetime) -> datetime | None:
    """Return how new an entry claims to be; None if it does not say, or says what cannot be."""
    claims = (entry.modified, entry.published)
    return max((one for one in claims if one and OLDEST <= one <= now), default=None)


def variants(known: Known, entry: Entry, found: Difference, now: datetime) -> Variants:
    """Return the texts of an entry after this one took the place of the stored one.

    Each stands as often as it came, the present one last, with the time when it was last seen.
    """
    before = known.variants or ((known.fingerprint, now),)
    ticks = tuple((_TICK + mark(tick), now) for tick in sorted(found.ticks))
    return (*before, *ticks, (entry.fingerprint, now))[-VARIANTS_KEPT:]


def passed_over(known: Known, entry: Entry, now: datetime) -> Variants:
    """Return the texts of an entry after this one, an older one, was not taken."""
    before = known.variants or ((known.fingerprint, now),)
    if entry.fingerprint in dict(before):
        return before
    return ((entry.fingerprint, now), *before)[-VARIANTS_KEPT:]


def touched(known: Known, entry: Entry, now: datetime) -> Variants:
    """Return the texts of an entry after the present one was seen again, as it reads now."""
    return (*known.variants[:-1], (entry.fingerprint, now)) if known.variants else ()


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
