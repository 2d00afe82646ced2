"""The rule files are valid, and errors name the invalid rule."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.errors import ConfigError
from aggregator.gather.cleaning.noise import (
    NOISE,
    BlockRule,
    collapse,
    matches_any_rule,
    may_be_noise,
    parse_block_rule,
)
from aggregator.gather.cleaning.ruleset import compile_rules, parse_wrapper, read_wrappers


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"id": "a", "hosts": ["x.example"], "at": "query:u", "hots": 1}, "unknown key 'hots'"),
        ({"id": "a", "at": "query:u"}, "needs an id and a list of hosts"),
        ({"hosts": ["x.example"], "at": "query:u"}, "rule without id"),
        ({"id": "a", "hosts": "x.example", "at": "query:u"}, "list of hosts"),
        ({"id": "a", "hosts": ["x.example"], "at": "somewhere"}, "at must be"),
        ({"id": "a", "hosts": ["x.example"], "at": "path:("}, "is not a valid pattern"),
        ({"id": "a", "hosts": ["x.example"], "at": "path:^/x"}, "group `url`"),
        (
            {"id": "a", "hosts": ["x.example"], "at": "query:u", "path": "["},
            "is not a valid pattern",
        ),
        ({"id": "a", "hosts": ["x.example"], "at": "query:u", "coding": "rot13"}, "coding must be"),
        ({"id": "a", "hosts": ["x.example"], "at": "query:u", "kind": "odd"}, "kind must be"),
    ],
)
def test_mistakes_are_named(row: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse_wrapper(row)


def test_files_are_read() -> None:
    for name in ("image-proxies", "redirects"):
        rules = read_wrappers(name)
        ids = [rule.id for rule in rules]
        assert len(ids) == len(set(ids)) > 40


def test_rules_are_found_by_host() -> None:
    rules = compile_rules(
        [
            parse_wrapper({"id": "a", "hosts": ["x.example"], "at": "query:u"}),
            parse_wrapper({"id": "b", "hosts": ["*.x.example"], "at": "query:u"}),
            parse_wrapper({"id": "c", "hosts": ["*"], "at": "query:u", "marks": ["/c"]}),
            parse_wrapper({"id": "d", "hosts": ["x.example"], "at": "query:u", "enabled": False}),
            parse_wrapper({"id": "e", "hosts": ["*"], "at": "query:u"}),
        ]
    )
    found = {
        url: [one.rule.id for one in rules.find(host, url)]
        for host, url in [
            ("x.example", "https://x.example/"),
            ("a.x.example", "https://a.x.example/c"),
            ("y.example", "https://y.example/"),
        ]
    }
    assert list(found.values()) == [["a", "e"], ["b", "c", "e"], ["e"]]


def test_hosts_seen_are_bounded() -> None:
    rules = compile_rules([parse_wrapper({"id": "a", "hosts": ["x.example"], "at": "query:u"})])
    for number in range(5_000):
        assert rules.find(f"{number}.example", "") == ()
    assert rules.find("x.example", "")


@pytest.mark.parametrize(
    "row", [{"id": "a"}, {"id": "a", "text": "x", "at": "top"}, {"id": "a", "text": "x", "odd": 1}]
)
def test_mistakes_in_blocks_are_named(row: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"noise\.yaml: block 'a'"):
        parse_block_rule(row)


_ANYWHERE = {rule.id: rule.text for rule in NOISE.blocks if rule.at == "any"}
_ANYWHERE["related"] = NOISE.related


@pytest.mark.parametrize("name", _ANYWHERE)
@settings(max_examples=40)
@given(draw=st.data())
def test_starts_leave_out_nothing_that_a_rule_matches(name: str, draw: st.DataObject) -> None:
    pattern = _ANYWHERE[name]
    text = collapse(draw.draw(st.from_regex(pattern, fullmatch=True)))
    text = text.replace("\u017f", "s")  # a long s is one where case is ignored
    assert may_be_noise(text) or not pattern.fullmatch(text)


@pytest.mark.parametrize("rule", NOISE.blocks, ids=lambda rule: rule.id)
@settings(max_examples=40)
@given(draw=st.data())
def test_starts_at_an_edge_leave_out_nothing(rule: BlockRule, draw: st.DataObject) -> None:
    text = collapse(draw.draw(st.from_regex(rule.text, fullmatch=True)))
    assert matches_any_rule(text, rule.at) or not rule.text.fullmatch(text)


def test_rules_for_any_place_need_starts() -> None:
    with pytest.raises(ConfigError, match="starts if at is any"):
        parse_block_rule({"id": "a", "text": "b"})
