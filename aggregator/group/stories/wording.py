"""What two entries have in common and what they differ in, in words that a reader would use."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from rapidfuzz.distance import Levenshtein

from aggregator.core.model import StoredEntry
from aggregator.text.fold import DENSE, fold, plain

_TOKEN = re.compile(rf"\d+(?:[.,:/-]\d+)*%?|[{DENSE}]|[^\W_\d{DENSE}]+|[^\W_]")
_NUMBER = re.compile(
    rf"(?<![\w.,])\d+(?:[.,]\d+)*(?:%|\s?(?:[^\W\d_{DENSE}]{{2,}})|[亿億万萬]?[{DENSE}])?"
)
_NAMED, _COUNTED = 3, 1  # shared words and shared numbers that a sentence tells
_OFTEN, _MAX_ADDED = 4, 3  # sights of a word that show what it is part of; characters
_SLOT = 24  # characters of what differs
# Features as a reader would call them; one that is not here has its own name.
PLAIN_NAMES = {
    "top words": "the rarest words that both hold",
    "all words": "all words that both hold",
    "word cosine": "likeness of words",
    "bigram cosine": "likeness of wording",
    "rare words": "how many rare words both hold",
    "coverage, least": "share in common, of the lesser sharer",
    "coverage, most": "share in common, of the greater sharer",
    "titles": "likeness of titles",
    "title ratio": "titles alike letter by letter",
    "title words ratio": "titles alike word by word",
    "best sentences": "the two sentences most alike",
    "leads": "likeness of title and first sentences",
    "rest": "what later sentences share",
    "containment": "copied passages",
    "same day": "both name the same day",
    "same numbers": "the same numbers in the titles",
    "hours": "time between them",
    "first 6 hours": "time between them, up to six hours",
    "over 18 hours": "more than 18 hours apart",
    "undated": "no date known",
    "shorter body": "length of the shorter text",
    "same publisher": "one publisher",
    "same publisher, at once": "one publisher, minutes apart",
    "meaning": "how much of either meaning the other has",
    "meaning cosine": "likeness of meaning",
    "meaning, least": "meaning in common, of the lesser sharer",
    "meaning, most": "meaning in common, of the greater sharer",
    "titles' meaning": "how much of either title's meaning the other has",
    "titles' meaning, least": "titles' meaning in common, of the lesser sharer",
    "title words together": "how many others share the rarest words of both titles",
    "text words together": "how many others share the rarest words of both",
    "same countries": "countries that both name",
    "other countries": "countries that only one names",
    "no countries in common": "no country in common",
    "same amounts": "quantities that both give",
    "other amounts": "quantities that only one gives",
    "longer body": "length of the longer text",
    "titles alone": "titles without a text",
    "two languages": "two languages",
    "names apart": "names that only one has",
    "names, least": "names in common, of the lesser sharer",
    "names, most": "names in common, of the greater sharer",
}


def plain_name(feature: str) -> str:
    """Return what a reader would call a feature."""
    return PLAIN_NAMES.get(feature, feature)


def whole_words(words: Iterable[str], a: StoredEntry, b: StoredEntry) -> list[str]:
    """Return the words that both entries hold as words, without parts of longer ones among them."""
    texts = [fold(plain(f"{one.entry.title} {one.entry.text}")) for one in (a, b)]
    held = [one for one in words if all(_holds(text, one) for text in texts)]
    found = list(dict.fromkeys(_completed(one, "\0".join(texts)) for one in held))
    return [one for one in found if not any(one != other and one in other for other in found)]


def _holds(text: str, word: str) -> bool:
    """Say whether a folded text holds a word; one of Latin letters must not be part of another."""
    if re.search(rf"[{DENSE}]", word):
        return word in text
    return re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text) is not None


def _completed(word: str, text: str) -> str:
    """Return a Chinese word with the characters that it never stands without: 布林肯, not 林肯."""
    for _ in range(_MAX_ADDED):
        around = re.findall(f"(.?){re.escape(word)}(?=(.?))", text)
        before, after = ({one[side] for one in around} for side in (0, 1))
        if len(around) < _OFTEN or not re.search(rf"[{DENSE}]", word):
            break
        if len(before) == 1 and re.fullmatch(f"[{DENSE}]", *before):
            word = before.pop() + word
        elif len(after) == 1 and re.fullmatch(f"[{DENSE}]", *after):
            word += after.pop()
        else:
            break
    return word


def as_written(word: str, *entries: StoredEntry) -> str:
    """Return a folded word as an entry writes it."""
    for one in entries:
        text = f"{one.entry.title} {one.entry.text}"
        found = re.search(rf"(?<![^\W_{DENSE}]){re.escape(word)}", text, re.IGNORECASE)
        if found:
            return found[0]
    return word


def shared_numbers(a: StoredEntry, b: StoredEntry) -> list[str]:
    """Return the numbers of one title, with what they count, that the other entry has too."""
    other = fold(f"{b.entry.title} {b.entry.text}")
    found = [one[0].strip() for one in _NUMBER.finditer(plain(a.entry.title))]
    return [
        one
        for one in dict.fromkeys(found)
        if re.search(rf"(?<![\w.,]){re.escape(fold(one))}", other)
    ]


def differences(a: StoredEntry, b: StoredEntry) -> list[tuple[str, str]]:
    """Return what stands in one title and what stands in its place in the other, in order."""
    titles = [plain(one.entry.title) for one in (a, b)]
    tokens = [list(_TOKEN.finditer(title)) for title in titles]
    keys = [[fold(one[0]) for one in some] for some in tokens]
    spans: list[tuple[int, int, int, int] | None] = [None]
    for step in Levenshtein.opcodes(*keys):
        last = spans[-1]
        if step.tag == "equal":
            spans.append(None)
        elif last is None:
            spans.append((step.src_start, step.src_end, step.dest_start, step.dest_end))
        else:
            spans[-1] = (last[0], step.src_end, last[2], step.dest_end)
    return [
        (
            titles[0][tokens[0][a].start() : tokens[0][b - 1].end()],
            titles[1][tokens[1][c].start() : tokens[1][d - 1].end()],
        )
        for a, b, c, d in filter(None, spans)
        if a < b and c < d
    ]


def in_common(words: Sequence[str], a: StoredEntry, b: StoredEntry) -> str:
    """Return "both name Aurora and Northport and 14 dead", '' for nothing."""
    numbers = shared_numbers(a, b)[:_COUNTED]
    held = fold(" ".join(numbers))
    named = [as_written(one, a, b) for one in words if one not in held][:_NAMED]
    told = [*named, *numbers]
    return f"both name {' and '.join(told)}" if told else ""


def in_contrast(a: StoredEntry, b: StoredEntry) -> str:
    """Return "another company: 五粮液, not 贵州茅台" or what else differs, '' for nothing."""
    for one, other in differences(a, b):
        if max(len(one), len(other)) <= _SLOT:
            kind = "number" if _all_digits(one) and _all_digits(other) else "subject"
            return f"another {kind}: {other}, not {one}"
    return ""


def _all_digits(text: str) -> bool:
    return not re.sub(r"[\d\s.,:%/-]", "", text)


def time_apart(apart: timedelta) -> str:
    """Return "40 minutes apart", "3 hours apart", "12 days apart"."""
    minutes = round(apart.total_seconds() / 60)
    if minutes < 1:
        return "at the same minute"
    for size, name in ((1440 * 3, "day"), (90, "hour"), (1, "minute")):
        if minutes >= size:
            count = round(minutes / {"day": 1440, "hour": 60, "minute": 1}[name])
            return f"{count} {name}{'s' * (count != 1)} apart"
    return ""
