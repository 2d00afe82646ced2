"""Countries: their names, those who live there, and Chinese short names are one word each."""

import pytest

from aggregator.group.features import countries


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("US and U.S. troops", "usa and usa troops"),
        ("the UK's", "the uk's"),
        ("USA", "usa"),
        ("U.A.E. calls", "uae calls"),
        ("tell us", "tell us"),
        ("US$5", "US$5"),
        ("BUS, USAGE", "BUS, USAGE"),
    ],
)
def test_short_names_in_capitals_become_words(text: str, spelt: str) -> None:
    assert countries.spell(text) == spelt


@pytest.mark.parametrize(
    ("words", "folded"),
    [
        (["south", "koreans", "march"], ["southkorea", "march"]),
        (["the", "south"], ["the", "south"]),
        (["iranian", "team", "in", "japan"], ["iran", "team", "in", "japan"]),
        (["united", "states", "of", "america"], ["usa"]),
        (["united", "kingdom"], ["uk"]),
        ([], []),
    ],
)
def test_each_country_is_one_word(words: list[str], folded: list[str]) -> None:
    assert countries.fold_words(words) == folded


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("美伊", ("usa", "iran")),
        ("中美", ("china", "usa")),
        ("美", ("usa",)),
        ("日", ()),  # a day, mostly
        ("以", ()),
        ("美美", ()),
        ("美国人民代表", ()),
        ("会谈", ()),
    ],
)
def test_chinese_short_names(word: str, found: tuple[str, ...]) -> None:
    assert countries.of_signs(word) == found
