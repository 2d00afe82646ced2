"""The Chinese–English dictionary of the package, as a table of stems."""

import lzma
from functools import cache
from importlib import resources

from aggregator.group.features import countries


@cache
def table() -> dict[str, str]:
    """Return the stems of each headword: `announc proclaim,5`, 5 ninths of a whole meaning."""
    packed = resources.files(__package__).joinpath("glosses.xz").read_bytes()
    rows = (line.partition(" ") for line in lzma.decompress(packed).decode().split("\n"))
    return {word: stems for word, _, stems in rows}


def country_of(word: str) -> str:
    """Return the word that stands for a country, '' if a Chinese word is not the name of one."""
    row = table().get(word, "")
    return row if row in countries.words() else ""
