"""Titles rewritten by the rules of their source."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.settings import CleanOptions, TitleRule
from aggregator.gather.cleaning import clean
from aggregator.gather.cleaning.title_rules import rewrite
from tests.builders import make_info, make_raw, make_source
from tests.waiting import cpu_time


def rules(*pairs: tuple[str, str]) -> tuple[TitleRule, ...]:
    """Make rules of expressions and replacements."""
    return tuple(TitleRule(match=match, replace=replace) for match, replace in pairs)


@pytest.mark.parametrize(
    ("title", "pairs", "rewritten"),
    [
        ("BREAKING: Ferry sinks", [("^breaking: ", "")], "Ferry sinks"),
        ("Ferry sinks | Example News", [(r" \| example news$", "")], "Ferry sinks"),
        ("【快讯】渡轮沉没", [("^【[^】]*】", "")], "渡轮沉没"),
        ("World: Ferry sinks", [(r"^(\w+): (.*)$", r"\2 (\1)")], "Ferry sinks (World)"),
        ("a b a", [("a", "c")], "c b c"),
        ("one", [("one", "two"), ("two", "three")], "three"),
        ("Live", [("^live", "")], "Live"),
        ("x  y", [("z", "")], "x y"),
        ("x", [("x", "<b>\u202e&")], "<b>&"),
        ("Live " + "x" * 400, [("^live ", "")], "Live " + "x" * 400),
        ("plain", [], "plain"),
    ],
)
def test_rules_are_applied_in_order(
    title: str, pairs: list[tuple[str, str]], rewritten: str
) -> None:
    assert rewrite(title, rules(*pairs)) == rewritten


def test_an_entry_stays_the_same_under_other_rules() -> None:
    raw = make_raw(title="Live: Ferry sinks", content="<p>Live: Ferry sinks</p><p>It sank.</p>")
    source = make_source()
    ruled = replace(source, clean=CleanOptions(rewrite=rules(("^live: ", ""))))
    plain, shown = (clean(raw, make_info(), one) for one in (source, ruled))
    assert (plain.title, shown.title) == ("Live: Ferry sinks", "Ferry sinks")
    assert shown.fingerprint == plain.fingerprint
    assert shown.sent == plain.sent
    assert shown.digest != plain.digest
    assert shown.html == plain.html


@given(st.text(max_size=400))
def test_a_title_is_never_lost(title: str) -> None:
    assert bool(rewrite(title, rules((".", ""), (r"\w*", "")))) == bool(title)


def test_the_worst_expression_ends_soon() -> None:
    with cpu_time(most=10):
        rewrite("a" * 299 + "!", rules(("a*a*a*$", "")))
