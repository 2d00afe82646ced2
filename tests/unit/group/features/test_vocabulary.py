"""The vocabulary: the words of hashes, also those that another process met."""

from aggregator.group.features import vocabulary


def test_words_of_another_process_are_remembered_while_there_is_room() -> None:
    """Too many words at once make room for themselves."""
    vocabulary.update({1: "一二"})
    assert vocabulary.word(1) == "一二"
    many = dict.fromkeys(range(2, (1 << 17) + 2), "三四")
    vocabulary.update(many)
    assert (vocabulary.word(1), vocabulary.word(2)) == ("", "三四")
    assert vocabulary.since(0) == many
    assert vocabulary.since(vocabulary.size()) == {}
    vocabulary.update({})
    assert vocabulary.size() == len(many)
