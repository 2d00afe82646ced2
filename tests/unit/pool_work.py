"""What the workers of the tests do; a module that is quick to import."""

import os
import time

from aggregator.core.errors import NotAFeed
from aggregator.core.model import Document
from tests.waiting import HUNG


def work(what: object) -> object:
    """Return what was given, or do the harm that it names."""
    match what:
        case "die" | "leave":
            os._exit(3 if what == "die" else 0)
        case "hang":
            spin(5.0)  # a thread cannot be ended
        case "nap" | "sleep":  # as on a machine that is busy with other work
            time.sleep(0.5 if what == "nap" else 2 * HUNG)
        case "raise":
            raise ValueError("bad\n document")
        case "page":
            raise NotAFeed("a page", feeds=("https://example.org/feed",))
        case "starve":
            return len(bytearray(50_000_000_000))
        case "dig":
            return work(what)
        case "generator":
            return (one for one in "")  # cannot be handed over
        case "where" | "parent":
            return os.getpid() if what == "where" else os.getppid()
        case "prepared":
            time.sleep(0.05)  # so that all workers take part
            return os.getpid(), tuple(_prepared_in)
    return what


def spin(seconds: float) -> None:
    """Use CPU time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


_prepared_in: list[int] = []


def prepare() -> None:
    """Note the process in which this was called."""
    _prepared_in.append(os.getpid())


def size(document: Document) -> int:
    """Return how large the document is, where it was read."""
    return os.getpid() if document.name == "where" else len(document.content)


def unready() -> None:
    """Fail before any work."""
    raise RuntimeError("cannot be prepared")


def hang() -> None:
    """Take longer to prepare than any test may take."""
    time.sleep(2 * HUNG)
