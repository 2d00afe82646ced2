"""The glossary: what Chinese words mean in English, and names that the user adds."""

import pytest

from aggregator.group.features import english, glossary, terms
from aggregator.group.features.glossary import Headword, Names
from aggregator.text.fold import fold

STARMER = glossary.names((("斯塔默", "Keir Starmer"),))


def stems(*words: str) -> set[int]:
    """Return the hashes of the stems of English words."""
    return {terms.term_hash(english.stem(word)) for word in words}


def meant(heads: tuple[Headword, ...]) -> set[int]:
    """Return the hashes of all stems of headwords."""
    return {stem for head in heads for stem, _ in head.stems}


@pytest.mark.parametrize(
    ("word", "english_words"),
    [
        ("北京", ["beijing"]),
        ("宣布", ["announce", "declare"]),
        ("石油", ["petroleum"]),
        ("联合国", ["united", "nations"]),
        ("石油储备", ["petroleum", "reserve"]),  # two headwords
    ],
)
def test_a_word_means_its_glosses(word: str, english_words: list[str]) -> None:
    assert stems(*english_words) <= meant(glossary.headwords(word))


@pytest.mark.parametrize(
    ("word", "country"), [("美国", ("usa",)), ("伊朗", ("iran",)), ("美伊", ("usa", "iran"))]
)
def test_countries_are_one_word_in_both_languages(word: str, country: tuple[str, ...]) -> None:
    assert glossary.countries_of_all([word]) == [country]
    assert meant(glossary.headwords(word)) == {terms.term_hash(one) for one in country}


def test_a_country_is_the_same_term_in_both_languages() -> None:
    assert terms.word_hash("美国") == terms.word_hash("usa") != terms.word_hash("英国")


def test_what_no_dictionary_knows_means_nothing() -> None:
    assert glossary.headwords("囧囧") == ()


def test_later_and_longer_glosses_count_less() -> None:
    (head,) = glossary.headwords("宣布")
    shares = [share for _, share in head.stems]
    assert shares == sorted(shares, reverse=True)
    assert 0 < min(shares) < max(shares) <= 1


def test_a_name_is_one_word_however_it_was_cut() -> None:
    assert STARMER.join(["首相", "斯塔", "默", "访华"]) == ["首相", "斯塔默", "访华"]
    assert STARMER.join(["斯塔", "福德"]) == ["斯塔", "福德"]
    assert STARMER.join(["斯塔"]) == ["斯塔"]
    assert STARMER.join([]) == []


def test_a_name_means_its_english_form() -> None:
    heads = STARMER.heads["斯塔默"]
    assert heads[0].is_name
    assert meant(heads) == stems("keir", "starmer")


def test_names_of_the_user_go_before_those_of_the_package() -> None:
    assert "泽连斯基" in glossary.names().words
    other = glossary.names((("泽连斯基", "Petra Oakes"),)).heads["泽连斯基"]
    assert meant(other) == stems("petra", "oakes")


@pytest.mark.parametrize(
    ("names_of_one", "stem"),
    [
        (("泽连斯基", "泽伦斯基"), "zelensky"),
        (("真主党", "真主黨"), "hezbollah"),
        (("霍尔木兹", "荷莫兹", "荷姆兹"), "hormuz"),
        (("特朗普", "川普"), "trump"),
        (("哈马斯", "哈玛斯"), "hamas"),
        (("马克龙", "马克宏"), "macron"),
    ],
)
def test_the_names_of_one_are_one_in_all_regions(names_of_one: tuple[str, ...], stem: str) -> None:
    known = glossary.names()
    for name in map(fold, names_of_one):
        heads = known.heads_of[name]
        assert stems(stem) <= meant(heads), name


def test_every_name_of_the_package_has_an_english_form() -> None:
    for name, heads in glossary.names().heads.items():
        assert len(name) >= 2, name
        assert meant(heads), name


def test_names_in_traditional_characters_are_known() -> None:
    assert "泽连斯基" in glossary.names((("澤連斯基", "Zelensky"),)).words


def test_no_names() -> None:
    assert Names({}).join(["大坝", "裂缝"]) == ["大坝", "裂缝"]
