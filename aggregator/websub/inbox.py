"""A bounded inbox of documents pushed by hubs."""

from collections.abc import Callable
from hashlib import blake2b

from aggregator.core.model import Document

_EACH = 8  # documents of one source
_ALL = 500  # documents


class Inbox:
    """Keeps documents by source until they are taken; `wake` is called when some arrive."""

    def __init__(self, most: int) -> None:
        """Accept at most this number of bytes."""
        self.wake: Callable[[], None] | None = None
        self._room = most
        self._waiting: dict[tuple[str, bytes], Document] = {}

    def __bool__(self) -> bool:
        """Return whether there are documents."""
        return bool(self._waiting)

    def put(self, source: str, document: Document) -> bool:
        """Add a document of a source identity, equal bytes once; return False if there is no room."""
        place = (source, blake2b(document.content, digest_size=16).digest())
        if place not in self._waiting:
            own = sum(identity == source for identity, _ in self._waiting)
            full = own >= _EACH or len(self._waiting) >= _ALL
            if full or len(document.content) > self._room:
                return False
            self._room -= len(document.content)
            self._waiting[place] = document
        if self.wake:
            self.wake()
        return True

    def take(self) -> tuple[tuple[str, Document], ...]:
        """Remove and return all documents by identity, in order of arrival."""
        taken = tuple((source, document) for (source, _), document in self._waiting.items())
        self._waiting.clear()
        self._room += sum(len(document.content) for _, document in taken)
        return taken
