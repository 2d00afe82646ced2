"""Links that are signed."""

from aggregator.core import ids
from aggregator.publish import signed_links
from tests.builders import make_key

A, B, C = (make_key(n) for n in (1, 2, 3))


def test_a_signature_names_secret_story_and_entry() -> None:
    story, entry, other = ids.story_id(A), ids.entry_id(B), ids.entry_id(C)
    ours = signed_links.sign(b"k" * 32, story, entry)
    assert signed_links.is_signed(b"k" * 32, story, entry, ours)
    for secret, a, b, given in (
        (b"x" * 32, story, entry, ours),
        (b"k" * 32, other, entry, ours),
        (b"k" * 32, story, other, ours),
        (b"k" * 32, story, entry, ours[:-1]),
        (b"k" * 32, story, entry, ours.upper()),
        (b"k" * 32, story, entry, "中\ud800"),
        (b"k" * 32, story, entry, ""),
    ):
        assert not signed_links.is_signed(secret, a, b, given)


def test_the_path_is_the_same_each_time() -> None:
    story, entry = ids.story_id(A), ids.entry_id(B)
    path = signed_links.split_path(b"k" * 32, story, entry)
    assert path == signed_links.split_path(b"k" * 32, story, entry)
    assert path.startswith(f"stories/{story[9:]}/split/{entry[9:]}?sig=")
