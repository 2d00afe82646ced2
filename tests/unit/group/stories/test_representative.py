"""Which entry is shown for a story."""

import numpy as np
import pytest

from aggregator.core.model import Reason
from aggregator.group.features import packing
from aggregator.group.features.features import wide_hash
from aggregator.group.stories import representative
from aggregator.group.stories.representative import Claim, Preferences


def claim(key: str, **kw: int) -> Claim:
    """Return a claim; entries came in the order of their keys."""
    given = {"priority": 0, "language": 0, "length": 400} | kw
    return Claim(
        key=key,
        priority=given["priority"],
        language=given["language"],
        length=given["length"],
        position=(float(ord(key[0])), key),
        copy=bool(given.get("copy")),
    )


@pytest.mark.parametrize(
    ("claims", "current", "expected"),
    [
        pytest.param([], "a", "a", id="nothing known"),
        pytest.param([claim("a"), claim("b")], "a", "a", id="equal, it stays"),
        pytest.param([claim("a"), claim("b")], "b", "b", id="equal, the later one stays"),
        pytest.param([claim("b"), claim("a")], "gone", "a", id="gone, the first takes over"),
        pytest.param([claim("a"), claim("b", priority=1)], "a", "b", id="preferred source"),
        pytest.param([claim("a", length=0), claim("b")], "a", "b", id="complete text"),
        pytest.param([claim("a", length=300), claim("b")], "a", "a", id="a little longer"),
        pytest.param([claim("a"), claim("b", length=9000)], "a", "a", id="full is full"),
        pytest.param([claim("a", copy=1), claim("b")], "a", "a", id="a copy alone is not clear"),
        pytest.param([claim("a", copy=1), claim("b")], "gone", "b", id="original before copy"),
        pytest.param(
            [claim("a", priority=1, length=0), claim("b")], "a", "a", id="preferred though short"
        ),
        pytest.param([claim("a"), claim("b", language=1)], "a", "b", id="a language liked more"),
        pytest.param(
            [claim("a", priority=1), claim("b", language=1)], "b", "a", id="the source goes first"
        ),
    ],
)
def test_choose(claims: list[Claim], current: str, expected: str) -> None:
    """The one that stands stays unless another is clearly better."""
    assert representative.choose(claims, current) == expected


def test_the_order_of_claims_does_not_matter() -> None:
    """The same entries give the same choice."""
    claims = [claim(key, length=length) for key, length in (("a", 10), ("b", 399), ("c", 399))]
    assert {representative.choose(claims[n:] + claims[:n], "gone") for n in range(3)} == {"b"}


@pytest.mark.parametrize(
    ("tag", "language", "script"),
    [
        pytest.param("zh-TW", "zh", "Hant", id="the script of a region"),
        pytest.param("zh_CN", "zh", "Hans", id="as some write it"),
        pytest.param("en-GB", "en", "Latn", id="a region alone"),
        pytest.param("zh-Hant-HK", "zh", "Hant", id="script and region"),
    ],
)
def test_tags_with_a_region(tag: str, language: str, script: str) -> None:
    """They mean what they mean where feeds are narrowed by language."""
    head = np.zeros(1, packing.HEADER)
    head["language"], head["script"] = language.encode(), script.encode()
    assert Preferences.from_settings({}, [tag]).claim("a", head[0], (1.0, "a")).language == 0
    head["script"] = b"Hans" if script == "Hant" else b"Hant"
    other = Preferences.from_settings({}, [tag]).claim("a", head[0], (1.0, "a")).language
    assert other == (0 if language == "en" else -1)


@pytest.mark.parametrize(
    ("language", "script", "liked"),
    [
        pytest.param("zh", "Hant", 0, id="the first"),
        pytest.param("zh", "Hans", -1, id="the language in another script"),
        pytest.param("zh", "Hani", 0, id="a script that shows neither"),
        pytest.param("en", "Latn", -2, id="the last"),
        pytest.param("fr", "Latn", -3, id="not liked"),
        pytest.param("", "", -3, id="unknown"),
    ],
)
def test_languages_in_the_order_of_the_reader(language: str, script: str, liked: int) -> None:
    """A language without a script is that language in any."""
    head = np.zeros(1, packing.HEADER)
    head["source"], head["length"] = wide_hash("s"), 50
    head["language"], head["script"] = language.encode(), script.encode()
    preferences = Preferences.from_settings({"s": 3}, ["zh-Hant", "zh", "en"])
    expected = Claim(key="a", priority=3, language=liked, length=50, position=(1.0, "a"))
    assert preferences.claim("a", head[0], (1.0, "a")) == expected


def test_the_later_one_of_two_with_one_text_is_the_copy() -> None:
    """It does not matter which of them came to us first."""
    same = Reason(kind="same text", nearest="b")
    members = {"b": Reason(kind="founder"), "a": same, "c": same, "d": Reason(kind="same event")}
    assert representative.copies(members, lambda key: (0.0, key)) == {"b", "c"}
