"""Frames, players and objects become links to the page of their content."""

import pytest

from aggregator.gather.cleaning.embeds import custom_link, embed_link, watch_page
from aggregator.gather.cleaning.html import clean_html

BASE = "https://a.example/"
TUBE = "https://www.youtube.com"
CHANNEL = "UCabcdefghijklmnopqrstuv"


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({}, None),
        ({"src": "about:blank"}, None),
        ({"src": "https://maps.example/f"}, '<p><a href="https://maps.example/f">maps.example</a></p>'),
        ({"src": "https://player.vimeo.com/video/1"}, '<p><a href="https://player.vimeo.com/video/1">player.vimeo.com</a></p>'),
        ({"data-src": "/f?a=1&b=2", "title": 'A "b"'}, '<p><a href="https://a.example/f?a=1&amp;b=2">A &quot;b&quot;</a></p>'),
        ({"src": "/f", "aria-label": "A map"}, '<p><a href="https://a.example/f">A map</a></p>'),
        ({"src": "https://www.facebook.com/plugins/like.php?href=x"}, None),
        ({"src": "https://pixel.wp.com/x", "title": "ad"}, None),
        ({"src": "https://a.example/p/2/embed/#?secret=a"}, None),
    ],
)  # fmt: skip
def test_embed_link(attributes: dict[str, str | None], wanted: str | None) -> None:
    assert embed_link(attributes, BASE) == wanted


@pytest.mark.parametrize(
    ("url", "page"),
    [
        (f"{TUBE}/embed/abcdefghijk?rel=0", f"{TUBE}/watch?v=abcdefghijk"),
        ("https://www.youtube-nocookie.com/embed/abcdefghijk?start=90", f"{TUBE}/watch?v=abcdefghijk&t=90s"),
        (f"{TUBE}/embed/abcdefghijk?t=1h2m3s", f"{TUBE}/watch?v=abcdefghijk&t=3723s"),
        (f"{TUBE}/embed/abcdefghijk?list=PL123456&index=2", f"{TUBE}/watch?v=abcdefghijk&list=PL123456&index=2"),
        ("https://youtube.com/v/abcdefghijk&fs=1", f"{TUBE}/watch?v=abcdefghijk"),
        (f"{TUBE}/embed/videoseries?list=PL00000000", f"{TUBE}/playlist?list=PL00000000"),
        (f"{TUBE}/embed/?listType=playlist&list=PL00000000", f"{TUBE}/playlist?list=PL00000000"),
        (f"{TUBE}/embed/live_stream?channel={CHANNEL}", f"{TUBE}/channel/{CHANNEL}/live"),
        (f"{TUBE}/embed?listType=user_uploads&list=somebody", f"{TUBE}/user/somebody"),
        (f"{TUBE}/embed/short", f"{TUBE}/embed/short"),
        (f"{TUBE}/embed/videoseries", f"{TUBE}/embed/videoseries"),
        (f"{TUBE}/about/abcdefghijk", f"{TUBE}/about/abcdefghijk"),
        ("https://video.example/embed/abcdefghijk", "https://video.example/embed/abcdefghijk"),
    ],
)  # fmt: skip
def test_watch_page(url: str, page: str) -> None:
    assert watch_page(url)[0] == page


def test_players_of_their_own() -> None:
    link = f'<p><a href="{TUBE}/watch?v=abcdefghijk">YouTube video</a></p>'
    assert custom_link("lite-youtube", {"videoid": "abcdefghijk"}, BASE) == link
    assert custom_link("lite-youtube", {}, BASE) is None
    assert (
        clean_html('<amp-youtube data-videoid="abcdefghijk"></amp-youtube>', base=BASE).count(TUBE)
        == 1
    )


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ('<object><param name="movie" value="https://www.youtube.com/v/abcdefghijk"></object>', "watch?v=abcdefghijk"),
        ('<object data="/report.pdf"></object>', 'href="https://a.example/report.pdf"'),
        ('<object data="/chart.svg"><p>words</p></object>', "<p>words</p>"),
        ('<p>a</p><iframe width="1" height="1" src="https://x.example/"></iframe>', "<p>a</p>"),
        ('<p>a</p><embed src="x.swf">', "<p>a</p>"),
    ],
)  # fmt: skip
def test_objects(html: str, wanted: str) -> None:
    made = clean_html(html, base=BASE)
    assert wanted in made
    assert "<object" not in made
    assert "<embed" not in made
