"""The terms of the search."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text import search_terms
from aggregator.text.search_terms import Phrase, languages, parse, terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("Storm hits Texas", ["storm", "hit", "texa"]),
        ("中國人 said", ["中国", "国人", "人", "said"]),
        ("国", ["国"]),
        ("iPhone17发布", ["iphone17", "发布", "布"]),
        ("São Paulo, Zürich, naïve", ["sao", "paulo", "zurich", "naive"]),
        ("1,000 people; 3.5%", ["1000", "people", "3.5"]),
        ("U.S. don't a_b", ["u", "s", "don", "t", "a", "b"]),
        ("parties boxes churches news bus crisis glass", "party box church news bus crisis glass".split()),
        ("한국어", ["한국", "국어", "어"]),
        ("выборы ﬁne ＡＢＣ", ["выборы", "fine", "abc"]),
        ("x" * 100, ["x" * 40]),
        ("\ud800 \x00 🚀", []),
    ],
)  # fmt: skip
def test_a_text_has_terms(text: str, terms: Sequence[str]) -> None:
    assert terms_of(text) == terms


def phrases(query: str) -> tuple[list[str], list[str]]:
    """Return the phrases of a query in short form: wanted and unwanted ones."""
    parsed = parse(query)

    def short(some: Sequence[Phrase]) -> list[str]:
        return [" ".join(one.terms) + ("*" if one.is_prefix else "") for one in some]

    return short(parsed.wanted), short(parsed.unwanted)


@pytest.mark.parametrize(
    ("query", "wanted", "unwanted"),
    [
        ("Elections storm", ["election", "storm"], []),
        ('"climate change" -hoax', ["climate change"], ["hoax"]),
        ("“climate change”", ["climate change"], []),
        ("「人工智慧」", ["人工 工智 智慧"], []),
        ('"not closed', ["not closed"], []),
        ("covid-19", ["covid 19"], []),
        ("中", ["中*"], []),
        ("中国", ["中国"], []),
        ("G20峰会", ["g20 峰会"], []),
        ('"中国人 said"', ["中国 国人 人 said"], []),
        ('"国 said"', ["国 said"], []),
        ("politi* 'quoted'", ["politi*", "quoted"], []),
        ("parties*", ["part*"], []),
        ("a a A", ["a"], []),
        ('foo AND (bar OR "baz")', ["foo", "and", "bar", "or", "baz"], []),
        ("NEAR(a,b) col:x ^y {z}", ["near a b", "col x", "y", "z"], []),
        ("'; DROP TABLE entry; --", ["drop", "table", "entry"], []),
        ("x -", ["x"], []),
    ],
)
def test_a_query_has_phrases(query: str, wanted: list[str], unwanted: list[str]) -> None:
    assert phrases(query) == (wanted, unwanted)


@pytest.mark.parametrize(
    "query",
    ["", " ", "-", '""', "-word", "*", "()", "🚀", "\x00", "\ud800", "x" * 201, "a b c d e f g h i j k l m",
     "a*", "x -y*", "ab* cd* ef* gh*", "一 二 三 四"],
)  # fmt: skip
def test_what_cannot_be_searched_for_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match=r"^q "):
        parse(query)


@pytest.mark.parametrize(
    ("tag", "found"),
    [("zh-TW", ["zh", "zh-hant"]), ("en_GB", ["en", "en-gb"]), ("zh", ["zh"])],
)
def test_a_language_has_wider_ones(tag: str, found: list[str]) -> None:
    assert list(languages(tag)) == found


def contains(text: str, query: str) -> bool:
    """Say whether a text has the phrases of a query, as a database would."""
    terms = terms_of(text)
    return all(
        any(fits(terms[start:], phrase) for start in range(len(terms)))
        for phrase in parse(query).wanted
    )


def fits(terms: Sequence[str], phrase: Phrase) -> bool:
    """Say whether terms begin with a phrase."""
    *firsts, last = phrase.terms
    if len(terms) < len(phrase.terms) or list(terms[: len(firsts)]) != firsts:
        return False
    end = terms[len(firsts)]
    return end.startswith(last) if phrase.is_prefix else end == last


CHINESE = st.text("中国人民大學说", min_size=1, max_size=12)


@given(CHINESE, st.data())
def test_any_part_of_a_chinese_text_finds_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert contains(text, text[start:end])
    assert contains(f"before {text} after", f'"{text[start:]} after"')


@given(CHINESE, CHINESE)
def test_a_chinese_query_finds_no_other_text(text: str, query: str) -> None:
    same = str.maketrans("學", "学")
    assert contains(text, query) == (query.translate(same) in text.translate(same))


@given(
    st.lists(st.sampled_from("Parties win 3.5 élan boxes U.S. news".split()), min_size=1), st.data()
)
def test_any_words_of_a_text_find_it(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    some = " ".join(words[start : start + 4])
    assert contains(" ".join(words), f'"{some}"')


@given(st.text(max_size=300))
def test_no_query_has_terms_that_mean_anything_to_a_database(query: str) -> None:
    try:
        parsed = parse(query)
    except ValueError:
        return
    for phrase in (*parsed.wanted, *parsed.unwanted):
        for term in phrase.terms:
            assert term.replace(".", "").isalnum() or not term.isascii()
            assert not term.startswith(search_terms.LABEL)
            assert not set(term) & set("'\"\\*:&|!()<> \x00")
