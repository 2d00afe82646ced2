"""YAML with line numbers, and nothing of YAML that could hurt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config.yaml_tree import Tree, read


def problems(tree: Tree) -> list[str]:
    return [f"{one.line}: {one.text}" for one in tree.problems]


def test_values_know_their_lines() -> None:
    tree = read("a: 1\nb:\n  - x\n  - {c: y, d: null}\n", {})
    assert tree.value == {"a": "1", "b": ["x", {"c": "y"}]}
    assert tree.line(("a",)) == 1
    assert tree.line(("b", 1, "c")) == 4
    assert tree.line(("b", 1, "missing")) == 4
    assert tree.line(("nowhere",)) == 1
    assert tree.line(()) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("~", None),
        ("a: ~\nb: null\nc:\n", {}),
        ("[~, 'null', '']", [None, "null", ""]),
        (
            "language: no\ntitle: 1.10\nid: 007\nwhen: 2024-04-26\n",
            {"language": "no", "title": "1.10", "id": "007", "when": "2024-04-26"},
        ),
        ("a: &x [1]\nb: *x\n", {"a": ["1"], "b": ["1"]}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
    ],
    ids=["empty", "comment", "null", "nulls are left out", "in a list", "text", "alias", "block"],
)
def test_scalars_stay_what_was_written(text: str, value: object) -> None:
    tree = read(text, {})
    assert tree.value == value
    assert not tree.problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c", "1: is not YAML"),
        ("- a\nb: c", "2: is not YAML"),
        ("a: 'x", "1: is not YAML"),
        ("a: \x00", "None: is not YAML"),
        ("{url: https://x.example/${T}}", "quote a text"),
        ("a: 1\nb: 2\na: 3", "3: is a duplicate key (first in line 1)"),
        ("a: 1\n---\nb: 2", "2: a second document begins here"),
        ("x: !!python/object:os.system {}", "1: has a tag"),
        ("x: !secret 1", "remove it"),
        ("x: *nothing", "*nothing has no anchor"),
        ("x: &x [*x]", "*x has no anchor &x before it"),
        ("{[a, b]: c}", "a key must be plain text"),
        ("[" * 30 + "]" * 30, "nested more than 20 deep"),
        ("[" * 100_000, "nested more than 20 deep"),
        ("- " * 100_000, "nested more than 20 deep"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, said: str) -> None:
    assert said in "\n".join(problems(read(text, {})))


def test_aliases_cannot_multiply() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    tree = read("\n".join(rows), {})
    assert "contains more than" in problems(tree)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "one"),
        ("x-${A}-${B_2}", "x-one-two"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("^/x$", "^/x$"),
        ("US$5", "US$5"),
        ("'${A}'", "one"),
    ],
)
def test_environment_variables(text: str, value: str) -> None:
    tree = read(f"key: {text}", {"A": "one", "B_2": "two"})
    assert tree.value == {"key": value}
    assert not tree.problems
    assert tree.written[("key",)] == text.strip("'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: ${NOPE}", "2: the environment variable NOPE is not set"),
        ("a: ${1x}", "write ${NAME}, or $$ for a dollar"),
        ("a: '${'", "${ without a name"),
    ],
)
def test_faulty_variables(text: str, said: str) -> None:
    assert said in "\n".join(problems(read(text, {})))


def test_a_variable_is_text_and_no_yaml() -> None:
    assert read("a: ${X}", {"X": "[1, 2]\nb: 3"}).value == {"a": "[1, 2]\nb: 3"}


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@`,? \n\t$~0é\u2028"), max_size=60))
def test_never_raises(text: str) -> None:
    tree = read(text, {})
    assert tree.value is None or isinstance(tree.value, str | list | dict)
