"""Says what two entries have in common and what they differ in."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from rapidfuzz.distance import Levenshtein

from aggregator.core.model import StoredEntry
from aggregator.text.fold import DENSE, fold, plain

_TOKEN = re.compile(rf"\d+(?:[.,:/-]\d+)*%?|[{DENSE}]|[^\W_\d{DENSE}]+|[^\W_]")
_DENSE = re.compile(f"[{DENSE}]")
_NUMBER = re.compile(
    rf"(?<![\w.,])\d+(?:[.,]\d+)*(?:%|\s?(?:[^\W\d_{DENSE}]{{2,}})|[亿億万萬]?[{DENSE}])?"
)
_MAX_NAMES, _MAX_NUMBERS = 3, 1  # shared names and numbers in a sentence
_MIN_OCCURRENCES, _MAX_ADDED = 4, 3  # of a word that show what it is part of; characters
_MAX_HALVES = 5  # numbers from here on are rounded to whole ones
_MAX_TEXT = 4000  # characters that are searched
_MAX_DIFFERENCE = 24  # characters that a sentence quotes
_SUBJECTS = (  # what two bulletins of one template are about, by words of the template
    (
        "company",
        re.compile(
            r"净利|营收|财报|业绩|股价|\b(?:profit|earnings|revenue|results|shares|sales|dividend)s?\b"
        ),
    ),
    (
        "place",
        re.compile(
            r"地震|暴雨|台风|大风|预警|高温|洪水"
            r"|\b(?:earthquake|quake|storm|warning|flood|weather|tornado|wildfire)s?\b"
        ),
    ),
    ("team", re.compile(r"击败|战胜|不敌|联赛|\b(?:beats?|defeats?|draws? with|vs?)\b|\d+[-:]\d+")),
)
_DAY = re.compile(
    r"(?:周|星期|礼拜)[一二三四五六日天]|\d{1,2}月(?:\d{1,2}日?)?|\d{1,2}日"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"[a-z]*(?:\s\d{1,2})?"
)


def whole_words(words: Iterable[str], *entries: StoredEntry) -> list[str]:
    """Return the words that all entries contain as complete words, without parts of longer ones."""
    texts = [fold(plain(f"{one.entry.title} {one.entry.text[:_MAX_TEXT]}")) for one in entries]
    held = [one for one in words if all(_holds(text, one) for text in texts)]
    found = list(dict.fromkeys(_completed(one, "\0".join(texts)) for one in held))
    return [one for one in found if not any(one != other and one in other for other in found)]


def _places(text: str, word: str) -> Iterator[int]:
    """Yield where a word begins in a text; a search for a pattern would be compiled each time."""
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + len(word))


def _holds(text: str, word: str) -> bool:
    """Return whether a folded text contains a word; a Latin one must not be part of another."""
    if _DENSE.search(word):
        return word in text
    return any(
        not text[place - 1 : place].isalnum()
        and not text[place + len(word) : place + len(word) + 1].isalnum()
        for place in _places(text, word)
    )


def _completed(word: str, text: str) -> str:
    """Return a Chinese word with the characters that always surround it: 布林肯, not 林肯."""
    if not _DENSE.search(word):
        return word
    for _ in range(_MAX_ADDED):
        places = list(_places(text, word))
        before = {text[place - 1 : place] for place in places}
        after = {text[place + len(word) : place + len(word) + 1] for place in places}
        if len(places) < _MIN_OCCURRENCES:
            break
        if len(before) == 1 and _DENSE.fullmatch(min(before)):
            word = before.pop() + word
        elif len(after) == 1 and _DENSE.fullmatch(min(after)):
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
    """Return the numbers of a title, with what they count, that the other entry has too."""
    found: list[str] = []
    for one, other in ((a, b), (b, a)):
        text = fold(f"{other.entry.title} {other.entry.text}")
        numbers = (match[0].strip() for match in _NUMBER.finditer(plain(one.entry.title)))
        found += [n for n in numbers if re.search(rf"(?<![\w.,]){re.escape(fold(n))}", text)]
    # Of "14" and "14 dead" the longer one says more.
    longest = sorted(dict.fromkeys(found), key=lambda n: -len(n))
    return [n for n in longest if not any(n != more and more.startswith(n) for more in longest)]


def differences(a: StoredEntry, b: StoredEntry) -> list[tuple[str, str]]:
    """Return the parts of one title that differ, each with its counterpart in the other title."""
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
    """Return "both name Aurora, Northport and 14 dead", '' for nothing.

    Names come first; words that are no names are told only if there are no names.
    """
    numbers = shared_numbers(a, b)[:_MAX_NUMBERS]
    counted = fold(" ".join(numbers))
    written = [as_written(one, a, b) for one in words if one not in counted]
    names = [one for one in written if _is_name(one, a, b)]
    told = [*(names or written)[:_MAX_NAMES], *numbers]
    return f"both {'name' if names else 'have'} {listed(told)}" if told else ""


def translated(pairs: Sequence[tuple[str, str]], a: StoredEntry, b: StoredEntry) -> str:
    """Return "“地震” means “earthquake”, and “北海道” means “Hokkaido”", '' for nothing."""
    told = [f"“{as_written(one, a)}” means “{as_written(other, b)}”" for one, other in pairs]
    return listed(told)


def listed(parts: Sequence[str]) -> str:
    """Return "A", "A and B", "A, B and C"."""
    *before, last = parts or ("",)
    return f"{', '.join(before)} and {last}" if before else last


def _is_name(word: str, *entries: StoredEntry) -> bool:
    """Return whether a word is never written in lower case; Chinese words may all be names."""
    if _DENSE.search(word):
        return True
    if not word[:1].isalpha():
        return False
    text = " ".join(f"{one.entry.title} {one.entry.text}" for one in entries)
    return re.search(rf"(?<![^\W_]){re.escape(word.lower())}(?![^\W_])", text) is None


def in_contrast(a: StoredEntry, b: StoredEntry) -> str:
    """Return "another company: 五粮液, not 贵州茅台" or what else differs, '' for nothing."""
    titles = [fold(one.entry.title) for one in (a, b)]
    for one, other in differences(a, b):
        if max(len(one), len(other)) <= _MAX_DIFFERENCE:
            days = [f"{part}日" for part in (one, other)]  # 5日 and 6日 differ in one token
            if all(day in title for day, title in zip(days, titles, strict=True)):
                one, other = days  # noqa: PLW2901
            return f"another {_kind_of(one, other, titles[0])}: {other}, not {one}"
    return ""


def _kind_of(one: str, other: str, title: str) -> str:
    """Return what two titles differ in: a number, a day, a company, a place, a team, a subject."""
    if _DAY.fullmatch(fold(one)) and _DAY.fullmatch(fold(other)):
        return "day"
    if _all_digits(one) and _all_digits(other):
        return "number"
    return next((noun for noun, words in _SUBJECTS if words.search(title)), "subject")


def _all_digits(text: str) -> bool:
    return not re.sub(r"[\d\s.,:%/-]", "", text)


def time_apart(apart: timedelta) -> str:
    """Return "40 minutes apart", "1.5 hours apart", "12 days apart"."""
    minutes = round(apart.total_seconds() / 60)
    if minutes < 1:
        return "in the same minute"
    for limit, size, name in ((60, 1, "minute"), (1440 * 3, 60, "hour")):
        if minutes < limit:
            return f"{_count(minutes / size, name)} apart"
    return f"{_count(minutes / 1440, 'day')} apart"


def _count(number: float, noun: str) -> str:
    """Return "1 hour", "1.5 hours", "17 hours": halves of small numbers, else whole ones."""
    rounded = round(2 * number) / 2 if number < _MAX_HALVES else round(number)
    return f"{rounded:g} {noun}{'s' * (rounded != 1)}"
