"""Meaning: the English stems of a title and a lead, in either language."""

import numpy as np

from aggregator.group.features import english, glossary, meaning, terms
from aggregator.group.features.meaning import IN_TITLE, NAME, Meaning


def of(*parts: list[str], chinese: bool = True, named: tuple[str, ...] = ()) -> Meaning:
    """Return the meaning of a title and sentences that are cut already."""
    return meaning.of_words(parts, named, glossary.names(), chinese=chinese)


def test_both_languages_mean_the_same_stems() -> None:
    ours = of(["伊朗", "宣布"])
    theirs = of(["iran", "announces"], chinese=False)
    assert set(theirs.stems.tolist()) <= set(ours.stems.tolist())


def test_words_of_the_title_weigh_most() -> None:
    found = of(["伊朗"], ["北京"])
    assert found.places.tolist() == [1.0, np.float32(0.6)]
    assert found.flags.tolist() == [IN_TITLE | NAME, NAME]


def test_each_stem_says_which_word_it_is_of() -> None:
    found = of(["宣布", "北京"])
    beijing = found.of[found.stems == terms.term_hash(english.stem("beijing"))]
    assert found.heads[beijing].tolist() == [terms.word_hash("北京")]


def test_latin_words_in_a_chinese_text_mean_themselves() -> None:
    assert terms.word_hash("nvidia") in of(["nvidia", "宣布"]).stems.tolist()


def test_only_the_lead_is_read() -> None:
    assert len(of([], ["北京"] * 100, ["伊朗"]).heads) == 1
    long = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(300)]
    assert len(of(long, chinese=False).heads) == 64


def test_nothing_means_nothing() -> None:
    assert len(of([]).stems) == len(of([]).heads) == 0
