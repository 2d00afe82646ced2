"""Decides what a fetched entry changes in the stored one, and which times are trusted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal

from aggregator.core.model import Entry
from aggregator.gather.changes import Difference
from aggregator.gather.identity import MIN_DATE, SHORT_TEXT_LETTERS, Known, link_name

Variants = tuple[tuple[str, datetime], ...]
Verdict = Literal["modified", "refreshed", "same", "older"]

MAX_VARIANTS = 12  # texts remembered of one entry
# An earlier text is accepted again once the later one was absent this long.
REVERT_AFTER = timedelta(hours=24)
CLOCK_SLACK = timedelta(minutes=5)
_COUNTER_CHANGES = 3  # changes of the same numbers after which they are a counter
_SENTENCE_PREFIX = "#"  # marks the digest of a sentence among the variants


def classify(known: Known, entry: Entry, found: Difference, now: datetime) -> Verdict:
    """Classify a fetched entry: modified, refreshed (a silent change), same or older.

    `found` is its difference from the stored entry. A copy with an older date is discarded unless the
    stored text was absent for a day. So is an earlier text that alternates with the stored one.
    """
    if known.blank:
        return "refreshed"
    if found.kind == "same":
        return "same"
    if _is_before(entry.gathered, known.gathered):
        return "older"
    claim = stamp(entry, now)
    present = dict(known.variants).get(known.fingerprint, now)
    protected = entry.fingerprint not in dict(known.variants) or now - present < REVERT_AFTER
    if protected and _is_before(claim, known.stamp):
        return "older"
    if found.kind == "silent":
        return "refreshed"
    later = _is_before(known.stamp, claim) or _is_before(known.gathered, entry.gathered)
    return "older" if protected and not later and _alternates(known, entry) else "modified"


def difference_from_outline(known: Known, entry: Entry) -> Difference:
    """Compare with a forgotten entry, of which only title, link and fingerprint are stored."""
    same = (
        entry.title == known.title
        and entry.fingerprint == known.fingerprint
        and link_name(entry.link) == link_name(known.link)
    )
    return Difference(kind="same" if same else "material")


def is_counter_change(
    known: Known, entry: Entry, found: Difference, counters: frozenset[str]
) -> bool:
    """Return whether all differences are counters, such as a number of readers.

    They are if several entries contain the same words with other numbers, or if the same numbers
    changed several times before. In a short text no number is taken for a counter.
    """
    if not found.number_sentences or entry.letters < SHORT_TEXT_LETTERS:
        return False
    before = [
        text.removeprefix(_SENTENCE_PREFIX)
        for text, _ in known.variants
        if text.startswith(_SENTENCE_PREFIX)
    ]
    return all(
        sentence in counters or before.count(sentence_digest(sentence)) >= _COUNTER_CHANGES
        for sentence in found.number_sentences
    )


def sentence_digest(sentence: str) -> str:
    """Return the digest of a sentence whose numbers changed."""
    return blake2b(sentence.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _alternates(known: Known, entry: Entry) -> bool:
    """Return whether this text preceded the stored one and already came back once."""
    texts = [text for text, _ in known.variants]
    if known.fingerprint not in texts or texts.count(entry.fingerprint) < 2:
        return False
    return texts.index(entry.fingerprint) < texts.index(known.fingerprint)


def _is_before(one: datetime | None, two: datetime | None) -> bool:
    return one is not None and two is not None and one < two


def stamp(entry: Entry, now: datetime) -> datetime | None:
    """Return the latest date that an entry states; None if it has none, or only implausible ones."""
    claims = (entry.modified, entry.published)
    return max((one for one in claims if one and MIN_DATE <= one <= now), default=None)


def variants_if_modified(known: Known, entry: Entry, found: Difference, now: datetime) -> Variants:
    """Return the variants after this text replaced the stored one.

    Each text is listed as often as it appeared, the current one last, with the time it was last seen.
    """
    before = known.variants or ((known.fingerprint, now),)
    sentences = tuple(
        (_SENTENCE_PREFIX + sentence_digest(sentence), now)
        for sentence in sorted(found.number_sentences)
    )
    return (*before, *sentences, (entry.fingerprint, now))[-MAX_VARIANTS:]


def variants_if_older(known: Known, entry: Entry, now: datetime) -> Variants:
    """Return the variants after this text was discarded as older."""
    before = known.variants or ((known.fingerprint, now),)
    if entry.fingerprint in dict(before):
        return before
    return ((entry.fingerprint, now), *before)[-MAX_VARIANTS:]


def variants_if_seen(known: Known, entry: Entry, now: datetime) -> Variants:
    """Return the variants after the current text was seen again."""
    return (*known.variants[:-1], (entry.fingerprint, now)) if known.variants else ()


def should_record_seen(known: Known, now: datetime) -> bool:
    """Return whether to store when the current text was last seen; only needed if there are several."""
    return len(known.variants) > 1 and now - known.variants[-1][1] > REVERT_AFTER / 12


# --- times ---------------------------------------------------------------------------------


def published(entry: Entry, first_seen: datetime) -> datetime:
    """Return the effective date: the stated one, else the stamp of a dump, never after first seen."""
    claim = next(
        (one for one in (entry.published, entry.gathered) if one and one >= MIN_DATE), first_seen
    )
    return min(claim, first_seen)


def newest(dates: Sequence[datetime], limit: int | None) -> frozenset[int]:
    """Return the indexes of the newest dates, all if `limit` is None; of equal dates the first."""
    indexes = sorted(range(len(dates)), key=lambda n: (-dates[n].timestamp(), n))
    return frozenset(indexes[:limit])


def trusted(now: datetime, latest: datetime | None, claims: Sequence[datetime]) -> datetime:
    """Return the time to store, in case the clock is behind.

    `latest` is the latest stored time, `claims` are dates stated by the entries seen last. If the
    clock went back and most claims are later than it, the clock is wrong, and `latest` is the better
    time. Otherwise the stored time was wrong.
    """
    if latest is None or now >= latest - CLOCK_SLACK:
        return now
    later = sum(claim > now + CLOCK_SLACK for claim in claims)
    return latest if later * 2 > len(claims) else now
