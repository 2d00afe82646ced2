"""What Chinese words mean in English: headwords of a dictionary and of names, as hashed stems."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import yaml

from aggregator.core.settings import NamePairs
from aggregator.group.features import countries, dictionary, english, terms
from aggregator.group.features.memo import Memo
from aggregator.text.fold import fold, words

Stems = tuple[tuple[int, float], ...]  # the hash of a stem, how much of the meaning it is
_LONGEST = 8  # characters of a headword
_NINTHS = 9  # in which the shares are stored


@dataclass(frozen=True, slots=True)
class Headword:
    """A word with the stems that explain it."""

    id: int
    stems: Stems
    is_name: bool = False


class Names:
    """Names that the dictionary lacks: Chinese words with the stems of their English forms."""

    def __init__(self, rows: Mapping[str, str]) -> None:
        self.heads = {
            word: (Headword(terms.term_hash(word), _english_stems(name), is_name=True),)
            for word, name in rows.items()
        }
        self.words = frozenset(rows)
        self.heads_of = Memo(self._heads_of, 1 << 16)
        self._begins = {word[:size] for word in rows for size in (1, 2)}
        self._starts = {word[:2] for word in rows}
        self._longest = max(map(len, rows), default=0)

    def join(self, found: list[str]) -> list[str]:
        """Return the words of a text in which each name is one word."""
        begins = [place for place, word in enumerate(found) if word[:2] in self._begins]
        names = {place: length for place in begins if (length := self._length(found, place)) > 1}
        if not names:
            return found
        joined: list[str] = []
        place = 0
        while place < len(found):
            length = names.get(place, 1)
            joined.append("".join(found[place : place + length]))
            place += length
        return joined

    def _heads_of(self, word: str) -> tuple[Headword, ...]:
        return self.heads.get(word) or headwords(word)

    def _length(self, found: list[str], place: int) -> int:
        """Return of how many words the longest name is that begins at a place, 1 if none does."""
        start, length = found[place], 1
        for end in range(place + 2, min(place + self._longest, len(found)) + 1):
            start += found[end - 1]
            if start[:2] not in self._starts or len(start) > self._longest:
                break
            if start in self.heads:
                length = end - place
        return length


@lru_cache(maxsize=8)
def names(added: NamePairs = ()) -> Names:
    """Return the names of the package and those that the user added, which go before."""
    text = resources.files(__package__).joinpath("names.yaml").read_text("utf-8")
    rows: Iterable[tuple[str, str]] = (*yaml.safe_load(text).items(), *added)
    return Names({fold(word): fold(english_name) for word, english_name in rows})


def _english_stems(name: str) -> Stems:
    """Return the stems of a name: all of one or two words, less of each of more."""
    parts = [one for one in map(english.stem, words(name)) if one]
    return tuple((terms.term_hash(one), 1.0 if len(parts) < 3 else 0.8) for one in parts)


@lru_cache(maxsize=1 << 16)
def headwords(word: str) -> tuple[Headword, ...]:
    """Return the headwords that a Chinese word consists of; none if no dictionary knows any."""
    signs = countries.of_signs(word)
    if signs:
        return tuple(_country(one) for one in signs)
    row = dictionary.table().get(word)
    if row is not None:
        country = dictionary.country_of(word)
        return (_country(country) if country else _headword(word, row),)
    return tuple(_inside(word)) if len(word) > 2 else ()


def countries_of_all(words_: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the countries that each of some folded words names."""
    return _countries.of_all(words_)


def _countries_of(word: str) -> tuple[str, ...]:
    if word.isascii():
        return (word,) if word in countries.words() else ()
    country = dictionary.country_of(word)
    return (country,) if country else countries.of_signs(word)


def _country(word: str) -> Headword:
    code = terms.term_hash(word)
    return Headword(code, ((code, 1.0),), is_name=True)


def _headword(word: str, row: str) -> Headword:
    stems = []
    for part in row.split(" "):
        stem, _, share = part.partition(",")
        stems.append((terms.term_hash(stem), int(share) / _NINTHS if share else 1.0))
    return Headword(terms.word_hash(word), tuple(stems), is_name=terms.is_name(word))


def _inside(word: str) -> Iterator[Headword]:
    """Yield the longest headwords inside a word, one after another."""
    begin = 0
    while begin < len(word) - 1:
        ends = range(min(len(word), begin + _LONGEST), begin + 1, -1)
        end = next((end for end in ends if word[begin:end] in dictionary.table()), 0)
        if end:
            yield from headwords(word[begin:end])
        begin = end or begin + 1


_countries = Memo(_countries_of, 1 << 16)
