"""What an entry's title and lead mean in English stems, so that two languages can be compared."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import countries, english, glossary, terms
from aggregator.group.features.glossary import Headword, Names
from aggregator.group.features.terms import Floats, Hashes

IN_TITLE, NAME = 1, 2  # what the flags of a head say
_MOST_HEADS, _MOST_STEMS = 64, 200
_LEAD_CHINESE, _LEAD_OTHER = 160, 400  # characters of the body that are looked at
_BESIDE_TITLE = 0.6  # weight of a word of the lead


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Stems, each of one of the entry's words (its heads); a word of a Chinese text has several."""

    stems: Hashes
    shares: Floats  # how much of the head's meaning a stem is
    of: NDArray[np.intp]  # the number of its head
    heads: Hashes
    places: Floats  # 1 for a word of the title
    flags: NDArray[np.uint8]


def of_words(
    parts: Sequence[Sequence[str]], named: Collection[str], names: Names, *, chinese: bool
) -> Meaning:
    """Return what the words of a title and of the sentences after it mean; `named` are stems of names."""
    heads: dict[int, tuple[Headword, bool]] = {}
    for in_title, word in _read(parts, _LEAD_CHINESE if chinese else _LEAD_OTHER):
        if len(heads) >= _MOST_HEADS:
            break
        for head in _heads(word, named, names, chinese=chinese):
            if in_title or len(word) > 1:
                heads.setdefault(head.id, (head, in_title))
    return _made(list(heads.values()))


def _read(parts: Sequence[Sequence[str]], most: int) -> Iterator[tuple[bool, str]]:
    """Yield the words of the title and those of so many characters after it."""
    for word in parts[0]:
        yield True, word
    for part in parts[1:]:
        for word in part:
            most -= len(word) + word.isascii()
            if most < 0:
                return
            yield False, word


def _heads(
    word: str, named: Collection[str], names: Names, *, chinese: bool
) -> tuple[Headword, ...]:
    if chinese and not word.isascii():
        name = names.head(word)
        return (name,) if name else glossary.headwords(word)
    code = terms.word_hash(word)
    if not code:
        return ()
    is_name = word in countries.words() or english.stem(word) in named
    return (Headword(code, ((code, 1.0),), is_name=is_name),)


def _made(heads: Sequence[tuple[Headword, bool]]) -> Meaning:
    stems = [
        (stem, share, number)
        for number, (head, _) in enumerate(heads)
        for stem, share in head.stems
    ][:_MOST_STEMS]
    flags = [IN_TITLE * in_title | NAME * head.is_name for head, in_title in heads]
    return Meaning(
        stems=np.array([one[0] for one in stems], "<u4"),
        shares=np.array([one[1] for one in stems], "<f4"),
        of=np.array([one[2] for one in stems], np.intp),
        heads=np.array([head.id for head, _ in heads], "<u4"),
        places=np.array([1.0 if title else _BESIDE_TITLE for _, title in heads], "<f4"),
        flags=np.array(flags, np.uint8),
    )
