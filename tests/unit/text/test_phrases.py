"""The words that we add to an entry."""

import pytest

from aggregator.text import phrases


@pytest.mark.parametrize(
    ("language", "sample", "also"),
    [
        ("en", "", "Also reported by"),
        ("en-GB", "", "Also reported by"),
        ("zh-Hans", "", "其他报道"),
        ("zh-CN", "", "其他报道"),
        ("zh-Hans-CN", "", "其他报道"),
        ("zh-TW", "", "其他報導"),
        ("zh", "習近平會見布林肯", "其他報導"),
        ("zh", "习近平会见布林肯", "其他报道"),
        ("", "习近平会见布林肯", "其他报道"),
        ("", "中美", "其他报道"),
        ("", "A headline", "Also reported by"),
        ("und", "", "Also reported by"),
        ("fr-CA", "", "Also reported by"),
    ],
)
def test_words_follow_the_language(language: str, sample: str, also: str) -> None:
    assert phrases.choose(language, sample).also == also


@pytest.mark.parametrize(
    ("language", "sample", "leftward"),
    [
        ("ar", "", True),
        ("fa-IR", "", True),
        ("he", "", True),
        ("az-Arab", "", True),
        ("ar-Latn", "", False),
        ("en", "خبر عاجل", False),
        ("", "خبر عاجل", True),
        ("und", "שלום", True),
        ("", "Breaking", False),
        ("zh-Hant", "", False),
    ],
)
def test_direction_follows_the_language(language: str, sample: str, *, leftward: bool) -> None:
    assert phrases.is_right_to_left(language, sample) == leftward
