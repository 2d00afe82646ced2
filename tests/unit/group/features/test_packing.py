"""The stored form of features gives back what went in."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as sized
from hypothesis import strategies as st

from aggregator.group.features import packing
from aggregator.group.features.features import Features, extract
from aggregator.group.features.terms import Floats
from tests.builders import make_publisher, make_stored

TEXT = "On March 2 the ferry Aurelia ran aground off Tarnholm with 312 passengers on board in fog. "


def features(n: int = 1, title: str = "Ferry 312 runs aground", text: str = TEXT) -> Features:
    """Return the features of an entry."""
    return extract(make_stored(n, title=title, text=text, cites=("https://one.example/x",)))


def pack(one: Features) -> bytes:
    """Pack features whose terms all weigh the same."""
    return packing.pack(one, weights(one))


def weights(one: Features) -> packing.Weights:
    """Return equal weights for all terms of features."""
    return packing.Weights(
        words=flat(len(one.words.ids)),
        bigrams=flat(len(one.bigrams.ids)),
        heads=flat(len(one.meaning.heads)),
    )


def flat(count: int) -> Floats:
    """Return equal weights."""
    return np.full(count, 2.0, np.float32)


def lists(packed: list[bytes], name: str) -> list[list[int]]:
    """Return one list of each entry."""
    found = packing.ragged(packed, packing.headers(packed), name)
    return [
        found.flat[a:b].tolist() for a, b in zip(found.starts[:-1], found.starts[1:], strict=True)
    ]


def test_header() -> None:
    """Sizes, flags and hashes come back."""
    one = features()
    (head,) = packing.headers([pack(one)])
    assert head["version"] == packing.VERSION
    assert head["flags"] == packing.DATED
    assert head["script"] == one.script.encode()
    for name in ("cues", "length", "publisher", "source", "url"):
        assert head[name] == getattr(one, name), name
    for name in ("shingles", "dates", "numbers", "cites"):
        assert head[name] == len(getattr(one, name)) > 0, name


def test_flags() -> None:
    """Script and date are remembered."""
    seen = make_stored(1, title="大坝出现裂缝", text="水库大坝出现裂缝。", entry=None)
    head = packing.headers([pack(extract(seen))])[0]
    assert head["flags"] == packing.DATED | packing.CHINESE
    bare = make_stored(1, title="大坝出现裂缝", text="水库。").entry
    other = make_stored(1, entry=type(bare)(title=bare.title, publisher=make_publisher()))
    assert (
        packing.headers([pack(extract(other, ignore_first_seen=True))])[0]["flags"]
        == packing.CHINESE
    )


def test_lists_of_several_entries() -> None:
    """Each entry has its own lists, also beside an empty one."""
    many = [features(1), features(2, "", ""), features(3, "大坝裂缝", "3月5日，水库大坝出现裂缝。")]
    packed = [pack(one) for one in many]
    for name in ("shingles", "numbers", "cites", "dates"):
        assert lists(packed, name) == [list(getattr(one, name)) for one in many], name
    assert [sorted(one) for one in lists(packed, "word_ids")] == [
        sorted(one.words.ids.tolist()) for one in many
    ]
    assert packing.titles(packed, packing.headers(packed)) == [one.title for one in many]
    assert packing.heaviest_words(packed) == lists(packed, "word_ids")
    assert [len(packing.terms(one)) for one in packed] == [
        len(one.words.ids) + len(one.bigrams.ids) for one in many
    ]


def test_at_most_so_many() -> None:
    """The first elements of a list are the heaviest, so a cut keeps them."""
    packed = [pack(features(1)), pack(features(2))]
    cut = packing.ragged(packed, packing.headers(packed), "word_ids", 3)
    assert cut.starts.tolist() == [0, 3, 6]
    assert cut.flat[:3].tolist() == packing.heaviest_words(packed)[0][:3]


def test_the_heaviest_terms_are_kept() -> None:
    """A long text keeps a fixed number of terms; the heaviest word comes first."""
    text = " ".join(f"wo{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(220))
    one = features(text=text)
    heavy = weights(one)
    heavy.words[7] = 12.0
    packed = packing.pack(one, heavy)
    (head,) = packing.headers([packed])
    assert (head["words"], head["bigrams"]) == (packing.WORDS, packing.BIGRAMS)
    assert packing.heaviest_words([packed])[0][0] == one.words.ids[7]
    assert lists([packed], "word_weights")[0][0] == 12 * packing.WEIGHT_STEPS
    values = lists([packed], "word_values")[0]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    "packed",
    [b"", b"\x01", b"\xff" * 200, b"\0" * 200],
    ids=["empty", "cut", "later version", "no version"],
)
def test_other_forms_are_not_readable(packed: bytes) -> None:
    """What this version did not write is not read."""
    assert not packing.readable(packed)
    assert packing.readable(pack(features()))


@given(st.text(max_size=60), st.text(max_size=200))
@sized(max_examples=40, deadline=None)
def test_any_text_is_packed(title: str, text: str) -> None:
    """Untrusted text never raises, and the form has the size that it says."""
    one = features(1, title, text)
    packed = pack(one)
    assert packing.readable(packed)
    assert packing.titles([packed], packing.headers([packed])) == [one.title]
    assert lists([packed], "cites") == [one.cites.tolist()]


def test_lists_are_cut_or_refused_before_their_count_overflows() -> None:
    """A count is one byte: what texts may hold many of is cut, more of the rest is an error."""
    assert max(packing.WORDS, packing.BIGRAMS, packing.KEYS) <= packing.MAX_ELEMENTS
    many = np.arange(1, 302, dtype="<u4")
    one = dataclasses.replace(features(), numbers=many, cites=many)
    assert [len(lists([pack(one)], name)[0]) for name in ("numbers", "cites")] == [255, 255]
    with pytest.raises(OverflowError):
        pack(dataclasses.replace(features(), shingles=many))


def test_terms_are_the_words_and_bigrams_that_the_table_of_lists_finds() -> None:
    packed = pack(features(text=TEXT * 3))
    words, bigrams = (lists([packed], name)[0] for name in ("word_ids", "bigram_ids"))
    assert packing.terms(packed).tolist() == words + bigrams
