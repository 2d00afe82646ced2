"""The words behind the stems of an entry's meaning, to show which words of two languages match."""

from aggregator.core.model import StoredEntry
from aggregator.core.settings import NamePairs
from aggregator.group.features import glossary
from aggregator.group.features.features import CHINESE, script_of, words_by_hash


def words_by_stem(stored: StoredEntry, names: NamePairs = ()) -> dict[int, str]:
    """Return a word of the entry for each English stem that it stands for."""
    words = words_by_hash(stored)
    if script_of(stored.entry) not in CHINESE:
        return words
    heads_of = glossary.names(names).heads_of
    found: dict[int, str] = {}
    for word in words.values():
        for head in heads_of[word]:
            for stem, _ in head.stems:
                found.setdefault(stem, word)
    return found
