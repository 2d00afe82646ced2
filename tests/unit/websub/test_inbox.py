"""What hubs send waits within bounds."""

from aggregator.websub import Inbox
from tests.builders import make_document


def test_documents_wait_until_they_are_taken() -> None:
    inbox, woken = Inbox(1000), []
    one, two = make_document("one"), make_document("two")
    assert inbox.put("a", one)  # nobody listens yet
    inbox.wake = lambda: woken.append(bool(inbox))
    assert inbox.put("b", two)
    assert woken == [True]
    assert inbox.take() == (("a", one), ("b", two))
    assert not inbox
    assert inbox.take() == ()


def test_the_same_document_waits_once() -> None:
    inbox = Inbox(1000)
    assert all(inbox.put("a", make_document("same")) for _ in range(100))
    assert inbox.put("b", make_document("same"))
    assert [source for source, _ in inbox.take()] == ["a", "b"]


def test_a_flood_of_one_source_leaves_room_for_others() -> None:
    inbox = Inbox(10**6)
    kept = [inbox.put("a", make_document(f"{n}")) for n in range(100)]
    assert kept == [True] * 8 + [False] * 92
    assert inbox.put("b", make_document("0"))
    assert len(inbox.take()) == 9
    assert inbox.put("a", make_document("9"))


def test_bytes_are_bounded() -> None:
    inbox = Inbox(100)
    assert inbox.put("a", make_document("x" * 60))
    assert not inbox.put("b", make_document("y" * 60))
    assert inbox.put("b", make_document("y" * 40))
    inbox.take()
    assert inbox.put("b", make_document("y" * 100))


def test_documents_are_bounded() -> None:
    inbox = Inbox(10**6)
    kept = sum(inbox.put(f"{n}", make_document("x")) for n in range(600))
    assert kept == 500
