"""The languages of the interface."""

from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.pages import wording_en, wording_zh_hans, wording_zh_hant
from aggregator.web.pages.interface import Phrases, choose_language, wording

CATALOGUES = (wording_en.PHRASES, wording_zh_hans.PHRASES, wording_zh_hant.PHRASES)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("*", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh_TW", "zh-Hant"),
        ("zh-HK;q=0.9", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("yue", "zh-Hant"),
        ("de, zh-TW;q=0.5, en;q=0.4", "zh-Hant"),
        ("en;q=0, zh;q=0.1", "zh-Hans"),
        ("zh;q=0", "en"),
        ("zh;q=x, en;q=0.1", "en"),
        ("zh;q=nan", "en"),
        ("english", "en"),
        ("zha", "en"),
        ("x," * 10_000 + "zh", "en"),
    ],
)
def test_the_interface_follows_the_reader(header: str, tag: str) -> None:
    assert choose_language(header) == tag


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert wording(choose_language(header))("skip")


def fields(phrase: str | tuple[str, str]) -> set[str]:
    texts = (phrase,) if isinstance(phrase, str) else phrase
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("phrases", CATALOGUES[1:])
def test_each_language_says_everything(phrases: Phrases) -> None:
    assert phrases.keys() == wording_en.PHRASES.keys()
    for key, phrase in wording_en.PHRASES.items():
        assert fields(phrases[key]) == fields(phrase), key
    for key in ("weekdays", "months", "short_months"):
        held, expected = phrases[key], wording_en.PHRASES[key]
        assert isinstance(held, str)
        assert isinstance(expected, str)
        assert len(held.split()) == len(expected.split())


def test_one_and_several_are_told_apart() -> None:
    words = wording("en")
    assert [words("n_reports", n) for n in (0, 1, 2, 1234)] == [
        "0 reports",
        "1 report",
        "2 reports",
        "1,234 reports",
    ]
