"""Loads what features are extracted with, so that workers forked afterwards share it."""

from aggregator.group.features import countries, dictionary, glossary
from aggregator.text.fold import cut, fold


def load() -> None:
    """Load the dictionaries, and the tables of the segmenter and of simplified characters."""
    cut(fold("\u65b0\u805e"))
    countries.words()
    dictionary.table()
    glossary.names()
