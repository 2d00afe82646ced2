"""Text blocks of a body, their hashes and digests."""

from aggregator.gather.cleaning import text_blocks


def test_texts() -> None:
    html = (
        'a<p>b <b>c</b>&nbsp;&amp;\nd</p><ul><li>e</li><li lang="x">f</li></ul>g<br>h<hr><p> </p>'
    )
    assert text_blocks.texts(html) == ["a", "b c &\xa0d".replace("&\xa0", "& "), "e", "f", "g", "h"]


def test_hashes_once_in_order_without_short_ones() -> None:
    given = ["Some text", "abc", "some TEXT", "other text"]
    made = text_blocks.learnable_hashes(given, text_blocks.hashes(given))
    assert len(made) == 2
    assert text_blocks.hashes([]) == []
    assert all(0 <= one < 2**63 for one in made)
    assert made[0] == text_blocks.block_hash("SOME text")


def test_compared_leaves_out_notices_and_what_was_learned() -> None:
    learned = frozenset({text_blocks.block_hash("On air")})
    given = ["a", "© 2024 Example", "On Air", "b"]
    hashed = text_blocks.hashes(given)
    assert text_blocks.comparable_texts(given, hashed, learned) == ["a", "b"]
    assert text_blocks.comparable_texts(given, hashed, frozenset()) == ["a", "On Air", "b"]


def test_links_that_are_all_of_a_block_go_and_captions_come_last() -> None:
    html = (
        "<figure><img src='a.png'><figcaption>The <b>dam</b> in May</figcaption></figure>"
        "<div><small>Photo: Li Qing</small></div><p>Water rose, <a href='/x'>as forecast</a>.</p>"
        "<ul><li><a href='/y'>Another story</a></li><li>Said twice: <small>yes</small></li></ul>"
    )
    shown = text_blocks.texts(html)
    assert text_blocks.comparable_texts(shown, text_blocks.hashes(shown), frozenset(), html) == [
        "Water rose, as forecast.",
        "Said twice: yes",
        "The dam in May",
        "Photo: Li Qing",
    ]


def test_a_body_of_links_alone_is_compared_as_it_is() -> None:
    html = "<p><a href='/x'>All there is</a></p>"
    shown = text_blocks.texts(html)
    assert text_blocks.comparable_texts(shown, text_blocks.hashes(shown), frozenset(), html) == [
        "All there is"
    ]
