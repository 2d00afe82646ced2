"""What an entry's title and lead mean in English stems, so that two languages can be compared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import countries, english, glossary, terms
from aggregator.group.features.glossary import Headword, Names
from aggregator.group.features.terms import Floats, Hashes

IN_TITLE, NAME = 1, 2  # what the flags of a head say
_MOST_HEADS, _MOST_STEMS = 64, 200
_LEAD_CHINESE, _LEAD_OTHER = 160, 340  # characters of the body that are looked at
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
    left = _LEAD_CHINESE if chinese else _LEAD_OTHER
    in_title = True
    for part in parts:
        for word in part:
            if not in_title:
                left -= len(word)
            if left < 0 or len(heads) >= _MOST_HEADS:
                return _made(list(heads.values()))
            for head in _heads(word, named, names, chinese=chinese):
                if head.id not in heads and (in_title or len(word) > 1):
                    heads[head.id] = (head, in_title)
        in_title = False
    return _made(list(heads.values()))


def _heads(
    word: str, named: Collection[str], names: Names, *, chinese: bool
) -> tuple[Headword, ...]:
    if chinese and not word.isascii():
        return names.heads.get(word) or glossary.headwords(word)
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
