"""What the workers of the tests do; a module that is quick to import."""

import os
import time

from aggregator.core.errors import NotAFeed
from aggregator.core.model import Document
from tests.waiting import HUNG


def work(what: object) -> object:
    """Return what was given, or do the harm that it names."""
    match what:
        case "die":
            os._exit(3)
        case "leave":
            os._exit(0)
        case "hang":
            time.sleep(2 * HUNG)
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
        case "where":
            return os.getpid()
    return what


def size(document: Document) -> int:
    """Return how large the document is, where it was read."""
    return os.getpid() if document.name == "where" else len(document.content)


def unready() -> None:
    """Fail before any work."""
    raise RuntimeError("cannot be prepared")
