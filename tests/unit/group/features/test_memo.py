"""A memo computes each text once, until it is full."""

from aggregator.group.features.memo import Memo


def test_each_text_is_computed_once_until_the_memo_is_full() -> None:
    asked: list[str] = []

    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    memo = Memo(length, most=2)
    assert memo.of_all(["a", "bb", "a", "bb"]) == [1, 2, 1, 2]
    assert asked == ["a", "bb"]
    assert memo["ccc"] == 3
    assert len(memo) == 1
    assert memo.of_all(["a"]) == [1]
    assert asked == ["a", "bb", "ccc", "a"]
