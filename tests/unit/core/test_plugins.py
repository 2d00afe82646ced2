"""Plug-ins are files; helpers begin with an underscore."""

import pytest

from aggregator.core import plugins
from aggregator.core.errors import ConfigError


def test_finds_modules_but_no_helpers() -> None:
    found = plugins.names("aggregator.publish.renderers")
    assert "atom" in found
    assert not [name for name in found if name.startswith("_")]
    assert list(found) == sorted(found)
    assert plugins.names("aggregator.nothing_here") == ()


def test_loads_one_by_its_name() -> None:
    assert plugins.load("aggregator.publish.renderers", "atom").EXTENSION == "atom"


def test_says_which_is_nearest() -> None:
    with pytest.raises(ConfigError, match="no 'atm' among the renderers; did you mean 'atom'"):
        plugins.load("aggregator.publish.renderers", "atm")


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("feeed", ["feed", "dump"], "; did you mean 'feed'?"),
        ("FEED", ["feed"], "; did you mean 'feed'?"),
        ("zzz", ["feed", "dump"], "; known: feed, dump"),
        ("zzz", [], ""),
        ("zzz", [f"name{number}" for number in range(20)], ""),
    ],
)
def test_the_end_of_a_message(word: str, known: list[str], said: str) -> None:
    assert plugins.did_you_mean(word, known) == said
