"""Text: folding, cutting into words, scrubbing, shortening."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.fold import cut, cut_all, fold, plain, script, shorten, words, xml_safe

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("Hello World", "hello world", id="ascii"),
        pytest.param("臺灣總統", "台湾总统", id="traditional"),
        pytest.param("ＡＢＣ１２", "abc12", id="full width"),
        pytest.param("STRASSE Straße", "strasse strasse", id="case"),
        pytest.param("說著裡面", "说着里面", id="variants"),
        pytest.param("", "", id="empty"),
        pytest.param("\ud800", "\ud800", id="lone surrogate"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_fold_twice_is_fold_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_character_folds_the_same_wherever_it_stands() -> None:
    assert fold("乾") + fold("坤") == fold("乾坤")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("总统今天访问", ["总统", "今天", "访问"], id="chinese"),
        pytest.param("the mayor's 1,250 x 3.5%", ["the", "mayor", "1250", "3.5"], id="english"),
        pytest.param("a 7", ["7"], id="a digit is a word, a letter is none"),
        pytest.param("今天 ok 总统，访问 7", ["今天", "ok", "总统", "访问", "7"], id="in order"),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


_MIXED = (
    st.text("总统今天访问。，\n \u3000abc79,.한글ไทยကមកカナ々\U00020000", max_size=30) | st.text()
)


@given(st.lists(_MIXED, max_size=6))
def test_many_texts_are_cut_like_each_alone(texts: list[str]) -> None:
    assert cut_all(texts) == [cut(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("总统说", "Hans", id="simplified"),
        pytest.param("總統說", "Hant", id="traditional"),
        pytest.param("中文", "Hani", id="either"),
        pytest.param("今日のニュース", "Jpan", id="japanese"),
        pytest.param("오늘 뉴스", "Kore", id="korean"),
        pytest.param("news of the day", "Latn", id="latin"),
        pytest.param("NBA 总统说", "Hans", id="a Latin name in Chinese"),
        pytest.param("новости", "Cyrl", id="cyrillic"),
        pytest.param("123 !", "", id="none"),
    ],
)
def test_script(text: str, code: str) -> None:
    assert script(text) == code


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(" a \n\t b ", "a b", id="white space"),
        pytest.param("a\x00b\x07c", "abc", id="controls"),
        pytest.param("\u202eevil\u2066", "evil", id="bidi"),
        pytest.param("zero\u200bwidth\ufeff", "zerowidth", id="zero width"),
        pytest.param("x\ud800y\ufffe", "xy", id="surrogate and non-character"),
        pytest.param(FAMILY, FAMILY, id="joined emoji"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="persian"),
        pytest.param("中\u200d文a\u200db", "中文ab", id="joiner between others"),
        pytest.param("\u200da", "a", id="joiner at the start"),
        pytest.param("x\U000e0067", "x", id="hidden tag"),
        pytest.param("\u3000全角\u2028行", "全角 行", id="wide spaces"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text())
def test_plain_twice_is_plain_once_and_safe(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert xml_safe(once) == once


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        pytest.param("short", 5, "short", id="fits"),
        pytest.param("two words", 8, "two…", id="word"),
        pytest.param("中文新闻标题", 4, "中文新…", id="chinese"),
        pytest.param("中文hello", 5, "中文…", id="word after chinese"),
        pytest.param("unbelievable", 6, "unbel…", id="one long word"),
        pytest.param("好" + FAMILY + "好", 5, "好…", id="joined emoji"),
        pytest.param("好\U0001f44d\U0001f3fe好", 3, "好…", id="skin tone"),
        pytest.param(
            "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 3, "\U0001f1e9\U0001f1ea…", id="flags"
        ),
        pytest.param("好e\u0301\u0302好", 4, "好…", id="marks"),
        pytest.param("a\r\nb", 3, "a…", id="line break"),
        pytest.param("\u1100\u1161\u11a8\u1100", 3, "…", id="jamo"),
        pytest.param("abc", 0, "", id="no room"),
    ],
)
def test_shorten(text: str, limit: int, shown: str) -> None:
    assert shorten(text, limit) == shown


@given(st.text(max_size=40), st.integers(0, 40))
def test_shorten_keeps_the_limit_and_the_start(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit or short == text
    assert short == text or text.startswith(short.removesuffix("…"))


def test_xml_safe() -> None:
    assert xml_safe("a\x01b\tc\ufffe\ud800中") == "ab\tc中"
