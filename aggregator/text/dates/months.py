"""Month names in many languages, loaded from `months.txt` when first needed."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Final

ENGLISH: Final = {
    name: month
    for month, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        1,
    )
    for name in names.split()
}
_ROMAN: Final = {
    name: month for month, name in enumerate("I II III IV V VI VII VIII IX X XI XII".split(), 1)
}
# The months of the Iranian calendar, numbered 101 to 112; the names are unique to it.
_PERSIAN: Final = {
    name: 100 + month
    for month, names in enumerate(
        (
            "فروردین",
            "اردیبهشت",
            "خرداد",
            "تیر",
            "مرداد امرداد",
            "شهریور",
            "مهر",
            "ابان",
            "اذر",
            "دی",
            "بهمن",
            "اسفند",
        ),
        1,
    )
    for name in names.split()
}
_LANGUAGE_ALIASES: Final = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "tl": "fil", "mo": "ro"}
# A word: letters of any script with combining marks, with dots and apostrophes between them.
_LETTERS = r"[^\W\d_](?:[^\W\d_]|[^\x00-\u02ff\s\d\u2000-\u206f\u3000-\u303f،؛])*"
_WORD: Final = re.compile(rf"{_LETTERS}(?:['’.]{_LETTERS}){{0,2}}")
_NUMBERED_MONTH: Final = re.compile(r"\b(?:tháng|thg)\.?\s?(\d\d?)(?!\d)", re.IGNORECASE)


def normalize(word: str) -> str:
    """Return a word in lower case without accents."""
    parts = unicodedata.normalize("NFD", word.lower().replace("ı", "i").replace("’", "'"))
    return "".join(char for char in parts if not unicodedata.combining(char))


def month_of(name: str, language: str) -> int:
    """Return the month of a name, 0 for none; the language resolves ambiguous names."""
    word = normalize(name)
    if month := ENGLISH.get(word):
        return month
    plain, several = _table()
    if month := plain.get(word):
        return month
    code = re.split("[-_]", language)[0]
    return several.get(word, {}).get(_LANGUAGE_ALIASES.get(code, code), 0)


def find(text: str, language: str) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and month of each month name in a text; names of several words first.

    Months of the Iranian calendar are 101 to 112.
    """
    for found in _NUMBERED_MONTH.finditer(text):
        if 1 <= int(found[1]) <= 12:
            yield found.start(), found.end(), int(found[1])
    words = list(_WORD.finditer(text))
    for count in (3, 2):
        for several in zip(*(words[at:] for at in range(count)), strict=False):
            start, end = several[0].start(), several[-1].end()
            if month := month_of(" ".join(text[start:end].split()), language):
                yield start, end, month
    for one in words:
        month = (
            month_of(one[0], language) or _ROMAN.get(one[0]) or _PERSIAN.get(normalize(one[0]), 0)
        )
        if month:
            yield one.start(), one.end(), month


@cache
def _table() -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Return the unambiguous names, and the ambiguous ones by language."""
    plain: dict[str, int] = {}
    several: dict[str, dict[str, int]] = {}
    written = resources.files(__package__).joinpath("months.txt").read_text("utf-8")
    for line in written.splitlines():
        key, _, names = line.partition("\t")
        if key.isdigit():
            plain.update(
                dict.fromkeys((name.replace("_", " ") for name in names.split()), int(key))
            )
        elif names:
            pairs = (pair.split("=") for pair in names.split())
            several[key.replace("_", " ")] = {language: int(month) for language, month in pairs}
    return plain, several
