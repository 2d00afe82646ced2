"""Replacements for SVG, inputs, backgrounds and unusable images; choice of the best image."""

import pytest

from aggregator.gather.cleaning.html import clean_html

BASE = "https://news.example.org/p/1"
PIC = "https://pics.example.org/photo.jpg"
DATA = "data:image/gif;base64,R0lGOD"
TEXT = "<p>Body text stays here.</p>"

TRACES = {
    "title and text of a drawing": ("<figure><svg><title>Three steps</title><text>fetch <tspan>all</tspan></text></svg><figcaption>Fig. 1</figcaption></figure>", "<p>Three steps fetch all</p>"),
    "label of a drawing": ('<p>x <svg aria-label="A bar chart"><rect/></svg></p>', "x A bar chart"),
    "style of a drawing": ("<div><svg><style>.a{}</style><foreignObject><div>Label</div></foreignObject></svg></div>", "Label"),
    "ornament": ('<p>a <svg aria-hidden="true"><title>icon</title></svg>b</p>', "<p>a b</p>"),
    "picture in a drawing": (f'<section><svg><image href="{PIC}"/></svg></section>', f'src="{PIC}"'),
    "image as data": (f'<p><img src="{DATA}" alt="Chart of prices"></p>', "Chart of prices"),
    "ticked": ('<ul><li><input type="checkbox" checked> Done</li></ul>', "<li>☑ Done</li>"),
    "not ticked": ('<ul><li><input type="checkbox">Open</li></ul>', "<li>☐ Open</li>"),
    "chosen": ('<p><input type="radio" checked> Yes</p>', "◉ Yes"),
    "canvas": ("<canvas><p>Table of values</p></canvas>", "<p>Table of values</p>"),
    "canvas with a label": ('<canvas aria-label="A curve"></canvas>', "A curve"),
    "background": (f'<section style="background-image: url(&quot;{PIC}&quot;);"><svg></svg></section>', f'src="{PIC}"'),
    "background of a link": (f"<a href='/x' style=\"background-image:url('{PIC}')\"><div></div></a>", f'src="{PIC}"'),
    "background behind words": (f'<i style="background-image:url({PIC})"><b>🚨</b></i>', "<i><b>🚨</b></i>"),
}  # fmt: skip


@pytest.mark.parametrize(("html", "wanted"), TRACES.values(), ids=TRACES)
def test_leaves_a_trace(html: str, wanted: str) -> None:
    made = clean_html(TEXT + html, base=BASE)
    assert wanted in made
    assert "photo.jpg" not in made or "<img" in made
    for element in ("<svg", "<canvas", "<input", "data:"):
        assert element not in made
    assert clean_html(made, base=BASE) == made


def test_a_lazy_image_leaves_no_words_beside_the_true_one() -> None:
    html = f'<img src="{DATA}" alt="words"><noscript><img src="{PIC}" alt="words"></noscript>'
    assert clean_html(html).count("words") == 1


BEST = {
    "one larger candidate": ('<img src="chart.png" srcset="chart_2x.png 2x">', "/p/chart_2x.png 2x"),
    "one candidate for all": (f'<img src="small.png" srcset="{PIC} 1200w">', f'src="{PIC}"'),
    "thumbnail by name": (f'<img src="/thumb/p.jpg" data-full="{PIC}">', f'src="{PIC}"'),
    "thumbnail by size": (f'<img src="/p-150x150.jpg" srcset="/p-150x150.jpg 150w, {PIC} 900w">', f'src="{PIC}"'),
    "blurred": (f'<img class="blur-up" src="/p.jpg" srcset="/p.jpg 40w, {PIC} 900w">', f'src="{PIC}"'),
    "any attribute": (f'<img src="/missing-image.svg" data-original-mos="{PIC}">', f'src="{PIC}"'),
    "the largest attribute": (f'<img src="{DATA}" data-small="/s.jpg" data-large="{PIC}">', f'src="{PIC}"'),
    "source beside a blurred image": (f'<picture><source srcset="{PIC} 900w"><img src="/blur.jpg?w=20"></picture>', f'src="{PIC}"'),
    "source with a type that all show": (f'<picture><source type="image/avif" srcset="/a.avif 2000w"><source srcset="{PIC}"><img src="{DATA}"></picture>', f'src="{PIC}"'),
    "in noscript, after a stand-in": (f'<img src="/lazy.gif"><noscript><img src="{PIC}"></noscript>', f'src="{PIC}"'),
    "a true image with other data": (f'<img src="{PIC}" data-avatar="/me.jpg" data-medium-file="/m.jpg">', f'src="{PIC}"'),
}  # fmt: skip


@pytest.mark.parametrize(("html", "wanted"), BEST.values(), ids=BEST)
def test_the_best_image(html: str, wanted: str) -> None:
    made = clean_html(html, base=BASE)
    assert wanted in made
    assert made.count("<img") == 1
    assert clean_html(made, base=BASE) == made


SIZES = {
    "emoji by its name": ('<p>Hi <img class="wp-smiley" alt="🐍" src="https://s.example/72x72/1f40d.png"></p>', "<p>Hi 🐍</p>"),
    "emoji by its size": ('<p>Hi <img alt="👍🏽" src="/t.png" style="height: 1em; max-height: 1em"></p>', "<p>Hi 👍🏽</p>"),
    "formula": ('<p>x <img alt="x^2" src="/f.svg" style="width:2.5ex; height:2.3EX; vertical-align:-0.8ex; color:red"></p>', 'style="height:2.3ex;width:2.5ex;vertical-align:-0.8ex"'),
    "attribute": ('<p>x <img alt="logo" src="/l.png" height="1.5em"></p>', 'style="height:1.5em" height="24"'),
    "pixels": ('<p>x <img src="/l.png" style="width:9px"></p>', '<img src="https://news.example.org/l.png" ref'),
}  # fmt: skip


@pytest.mark.parametrize(("html", "wanted"), SIZES.values(), ids=SIZES)
def test_sizes_of_letters(html: str, wanted: str) -> None:
    made = clean_html(html, base=BASE)
    assert wanted in made
    assert clean_html(made, base=BASE) == made


PICTURES = [
    '<img src="https://pixel.example.org/i/a.w700.jpg" width="700" height="700" alt="A man">',
    '<img src="https://pixel.example.org/i/a.jpg">',
    '<img src="https://a.example/count.png" width="600" height="400" alt="Votes">',
    '<img src="https://a.example/tracking.png" alt="How parcels are tracked">',
    '<img src="https://ad.doubleclick.net/a" width="300" height="250" alt="A street">',
    '<img src="https://a.example/track.gif" style="width:640px;height:480px">',
    '<img src="https://a.example/line.gif" width="600" height="1">',
]
TRACKERS = [
    '<img src="https://a.example/p.gif" width="1" height="1" alt="A man">',
    '<img src="https://a.example/p.gif" width="1">',
    '<img src="https://a.example/p.gif" width="0" height="90">',
    '<img src="https://pixel.example.org/a?u=1">',
    '<img src="https://ad.doubleclick.net/a" width="300" height="250">',
    '<img src="https://a.example/count.gif?u=1" alt="x">',
    '<img src="https://a.example/spacer.gif" alt="Presentational white space">',
]


@pytest.mark.parametrize("html", PICTURES)
def test_pictures_stay(html: str) -> None:
    made = clean_html(TEXT + html)
    assert "<img" in made
    assert clean_html(made) == made


@pytest.mark.parametrize("html", TRACKERS)
def test_trackers_go(html: str) -> None:
    assert clean_html(TEXT + html) == TEXT


def test_direction_stays() -> None:
    html = '<p dir="rtl">سلام <bdo dir="rtl">abc</bdo> (1.2.3)!</p>'
    assert clean_html(html) == html


def test_jumps_lead_to_the_own_page() -> None:
    rel = 'rel="noopener noreferrer"'
    note = '<p>a<sup><a href="#fn:1">1</a></sup> <a href="#">up</a></p>'
    assert clean_html(note, base=BASE) == f'<p>a<sup><a href="{BASE}#fn:1" {rel}>1</a></sup> up</p>'
    assert clean_html(note) == "<p>a<sup>1</sup> up</p>"


def test_blanks_in_addresses() -> None:
    made = clean_html('<a href=" /a b\tc.html ">l</a>', base=BASE)
    assert 'href="https://news.example.org/a%20bc.html"' in made


def test_outdated_elements() -> None:
    html = "<CENTER><font size=2>a</font></CENTER>b"
    assert clean_html(html) == "<div>a</div>b"
