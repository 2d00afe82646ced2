"""Corrections say something, counters and clocks do not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.gather.changes import Difference, difference, recurring, without_counters
from tests.builders import make_entry

LONG = "The office says each morning what the tide and the wind will be, and who may go out to sea."


def compare(before: str, after: str) -> Difference:
    """Compare two bodies of one entry."""
    one, other = (make_entry(1, html=html, text=html) for html in (before, after))
    return difference(one, other)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("<p>3人死亡。</p>", "<p>52人死亡，数百人受伤。</p>", id="more words"),
        pytest.param("<p>3人死亡。</p>", "<p>52人死亡。</p>", id="another number"),
        pytest.param("<p>Guilty.</p>", "<p>Not guilty.</p>", id="a short word"),
        pytest.param(f"<p>{LONG}</p><p>8 pm</p>", f"<p>{LONG}</p><p>Off</p>", id="called off"),
        pytest.param(
            "<ul><li>Ann</li></ul>", "<ul><li>Ann</li><li>Bo</li></ul>", id="a list grows"
        ),
        pytest.param(f"<p>{LONG}</p><p>Libel</p>", f"<p>{LONG}</p>", id="withdrawn"),
        pytest.param("<p>Call 555-1234</p>", "<p>Call 555-1235</p>", id="a telephone"),
        pytest.param("<p>They won 12 points.</p>", "<p>They won 15 points.</p>", id="a result"),
        pytest.param("<p>12 views differ.</p>", "<p>15 views differ.</p>", id="views of people"),
        pytest.param("<td>20:00</td>", "<td>21:00</td>", id="when it begins"),
    ],
)
def test_what_says_something(before: str, after: str) -> None:
    assert compare(before, after).kind == compare(after, before).kind == "material"


COUNTERS = [
    ("12 views", "1,300 views"),
    ("Views: 12", "Views: 13"),
    ("12 comments 3 likes", "13 comments 4 likes"),
    ("(12 comments)", "(13 comments)"),
    ("阅读 1.2万", "阅读 1.3万"),
    ("1234次阅读", "1250次阅读"),
    ("浏览次数：12", "浏览次数：13"),
    ("评论(5)", "评论(6)"),
    ("閲覧数 5", "閲覧数 9"),
    ("조회수 1,234", "조회수 1,299"),
    ("12 просмотров", "13 просмотров"),
    ("12 Aufrufe", "14 Aufrufe"),
    ("12 vues", "14 vues"),
    ("5 minutes ago", "2 hours ago"),
    ("5分钟前", "1小时前"),
    ("vor 5 Minuten", "vor 2 Stunden"),
    ("il y a 5 minutes", "il y a 2 heures"),
    ("Last updated: 10:32", "Last updated: 11:40"),
    ("更新时间：2026-03-02 10:30", "更新时间：2026-03-03 09:10"),
]


@pytest.mark.parametrize(("before", "after"), COUNTERS)
@pytest.mark.parametrize("form", ["<p>{0}</p><p>{1}</p>", "<p>{0} … {1}</p>", "<p>{0}<br>{1}</p>"])
def test_what_ticks(form: str, before: str, after: str) -> None:
    bodies = (form.format(LONG, one) for one in (before, after))
    assert compare(*bodies).kind == "silent"
    assert compare(form.format(LONG, before), f"<p>{LONG}</p>").kind == "silent"


def test_a_counter_in_a_title_ticks_too() -> None:
    one, other = (make_entry(1, title=f"Topic ({n} replies)") for n in (12, 13))
    assert difference(one, other).kind == "silent"


def test_the_order_of_blocks_and_their_cut_say_nothing() -> None:
    assert compare("<p>a a</p><p>b b</p>", "<p>b b</p><p>a a</p>").kind == "silent"
    assert compare("<p>a a</p><p>b b</p>", "<p>a a<br>b b</p>").kind == "silent"


@pytest.mark.parametrize(
    "change",
    [
        {"html": '<p><a href="https://example.org/right">here</a></p>'},
        {"image": "https://example.org/b.png"},
        {"categories": ("Sport",)},
        {"summary": "Other."},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_shown_is_taken(change: dict[str, object]) -> None:
    before = make_entry(1, html='<p><a href="https://example.org/wrong">here</a></p>')
    assert difference(before, replace(before, sent="other", **change)).kind == "silent"  # type: ignore[arg-type]


def test_what_an_earlier_version_read_less_of_is_no_change() -> None:
    old = make_entry(1, html=f"<p>{LONG}</p>", sent="")
    assert difference(old, make_entry(1, html=f"<p>{LONG}</p><p>☑ more</p>")).kind == "silent"
    assert difference(old, make_entry(1, html="<p>Nobody may go.</p>")).kind == "material"


def test_what_recurs_with_other_numbers_counts_something() -> None:
    def seen(n: int, people: int) -> str:
        return f"<p>{LONG} {'abcdef'[n]}.</p><p>Gesehen haben es {people} Leute</p>"

    found = compare(seen(1, 5), seen(1, 9))
    assert found.number_sentences
    others = [make_entry(n, html=seen(n, n * 7)) for n in range(4)]
    assert recurring(found.number_sentences, others) == found.number_sentences
    assert recurring(found.number_sentences, others[:2]) == frozenset()


@given(st.text(max_size=200))
def test_masking_is_stable(text: str) -> None:
    once = without_counters(text)
    assert without_counters(once) == once


@given(st.lists(st.sampled_from(["a b", "3 dead", "12 views", "c", "© x"]), max_size=6))
def test_an_entry_differs_from_itself_in_nothing(blocks: list[str]) -> None:
    html = "".join(f"<p>{one}</p>" for one in blocks)
    assert compare(html, html).kind == "same"
    assert compare(html, "".join(f"<p>{one}</p>" for one in reversed(blocks))).kind != "material"
