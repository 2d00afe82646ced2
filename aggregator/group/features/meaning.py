"""What an entry's title and lead mean in English stems, so that two languages can be compared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from aggregator.group.features import countries, english, terms
from aggregator.group.features.glossary import Headword, Names
from aggregator.group.features.memo import Memo
from aggregator.group.features.terms import Floats, Hashes

IN_TITLE, NAME = 1, 2  # what the flags of a head say
_MOST_HEADS, _MOST_STEMS = 64, 200
_LEAD_CHINESE, _LEAD_OTHER = 160, 340  # characters of the body that are looked at
_BESIDE_TITLE = 0.6  # weight of a word of the lead
_PLACE_WEIGHTS = np.array([_BESIDE_TITLE, 1.0], "<f4")  # by IN_TITLE


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
            found = names.heads_of if chinese and not word.isascii() else _heads_of(word, named)
            for head in found[word]:
                if head.id not in heads and (in_title or len(word) > 1):
                    heads[head.id] = (head, in_title)
        in_title = False
    return _made(list(heads.values()))


def _heads_of(word: str, named: Collection[str]) -> Memo[tuple[Headword, ...]]:
    """Return the table in which the heads of a word that is not Chinese are found."""
    return _names if word in countries.words() or _stems[word] in named else _others


def _own_head(word: str, *, is_name: bool = False) -> tuple[Headword, ...]:
    code = terms.word_hash(word)
    return (Headword(code, ((code, 1.0),), is_name=is_name),) if code else ()


def _made(heads: Sequence[tuple[Headword, bool]]) -> Meaning:
    counts = [len(head.stems) for head, _ in heads]
    pairs = list(chain.from_iterable(head.stems for head, _ in heads))[:_MOST_STEMS]
    stems, shares = zip(*pairs, strict=True) if pairs else ((), ())
    flags = bytes(IN_TITLE * in_title | NAME * head.is_name for head, in_title in heads)
    flag_of = np.frombuffer(flags, np.uint8)
    return Meaning(
        stems=np.array(stems, "<u4"),
        shares=np.array(shares, "<f4"),
        of=np.arange(len(heads)).repeat(counts)[:_MOST_STEMS],
        heads=np.array([head.id for head, _ in heads], "<u4"),
        places=_PLACE_WEIGHTS[flag_of & IN_TITLE],
        flags=flag_of,
    )


_stems = Memo(english.stem, 1 << 16)
_names = Memo(partial(_own_head, is_name=True), 1 << 15)
_others = Memo(_own_head, 1 << 15)
