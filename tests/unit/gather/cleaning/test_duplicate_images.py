"""Which repeated image is a duplicate."""

import pytest

from aggregator.gather.cleaning.html import clean_html

A, B = '<img src="https://i.example/a.jpg">', '<img src="https://i.example/b.jpg">'
STAR = '<img src="https://i.example/star.png" alt="*">'
TEXT = "<p>The first paragraph tells at some length what happened.</p>"

ONCE = {
    "lead at once": f"{A}<p>{A}</p>{TEXT}",
    "lead with a size": f'{A}<p><img src="https://i.example/a.jpg" width="900"></p>{TEXT}',
    "lead, later": f"<p>{A}</p>{TEXT}<figure>{A}</figure>{TEXT}",
    "lead after a date": f"<div>2024-04-20 10:00</div>{A}{TEXT}<p>{A}</p>",
    "lead in a link": f'<a href="https://a.example/">{A}</a><div>{A}</div>{TEXT}',
    "neighbour": f"{TEXT}<p>{A}</p><p>{A}</p>{TEXT}",
}


@pytest.mark.parametrize("html", ONCE.values(), ids=ONCE)
def test_goes(html: str) -> None:
    made = clean_html(html)
    assert made.count("<img") == 1
    assert clean_html(made) == made


KEPT = {
    "formulas": f"{TEXT}<p>If {A} exceeds {B}, then {A} wins over {B}.</p>",
    "emoji": f"<p>a {STAR} b {STAR}</p>",
    "stars": f"{TEXT}<p>Rating: {STAR}{STAR}{STAR}</p>",
    "stars alone": f"<p>{STAR}{STAR}{STAR}</p>",
    "ticks": f"<table><tr><td>{A}</td><td>{A}</td></tr></table>",
    "bullets": f"<ul><li>{A} one</li><li>{A} two</li></ul>",
    "with text between": f"{TEXT}<p>{A}</p>{TEXT}<p>{A}</p>",
    "another between": f"{TEXT}<p>{A}</p><p>{B}</p><p>{A}</p>",
    "small": f"{TEXT}<p>{A.replace('>', ' width=16>')}</p><p>{A.replace('>', ' width=16>')}</p>",
    "formula on a line of its own": "".join(f'<p>{word}<img src="https://i.example/f" alt="x^2"></p>' for word in ("", "so ", "")),
}  # fmt: skip


@pytest.mark.parametrize("html", KEPT.values(), ids=KEPT)
def test_stays(html: str) -> None:
    made = clean_html(html)
    assert made.count("<img") == html.count("<img")
    assert clean_html(made) == made
