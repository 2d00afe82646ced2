"""Stand-ins that keep the Protocols of ports.py, for what a test cannot have as it is: time, servers."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from aggregator.core import ids
from aggregator.core.errors import FetchError
from aggregator.core.model import Document, Fetched, NotModified, ShownStory, Source, Validators
from aggregator.core.ports import Clock, Fetcher
from tests.builders import NOW


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time it was set to."""
        return self.now

    def pass_(self, span: timedelta) -> datetime:
        """Move on by a span (back by a negative one) and return the new time."""
        self.now += span
        return self.now


class FakeFetcher:
    """Answers from memory; each source has a list of answers, the last of which is repeated.

    An answer is a document, several of them, an answer of the Protocol, or an error to raise.
    A source without answers is not modified. `asked` are the sources and validators asked for.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Validators]] = []
        self.closed = False
        self._answers: dict[str, list[Fetched | NotModified | FetchError]] = {}

    def answer(
        self, source: Source, *answers: Document | Iterable[Document] | NotModified | FetchError
    ) -> None:
        """Set what a source answers from now on."""
        self._answers[source.id] = [_fetched(one) for one in answers]

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Return or raise the source's next answer."""
        self.asked.append((source.id, validators))
        answers = self._answers.get(source.id, [])
        if not answers:
            return NotModified(validators=validators)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, FetchError):
            raise answer
        return answer

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


class FakeReader:
    """Gives stories in the order it was made with, and their entries newest first seen."""

    def __init__(self, *stories: ShownStory) -> None:
        self._stories = stories

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield the stories in the order given."""
        yield from self._stories

    def newest_entries(self) -> Iterator[tuple[str, ShownStory]]:
        """Yield ids of shown entries, each with its story."""
        found = [
            (one.first_seen, one.published, ids.entry_id(one.key), n)
            for n, shown in enumerate(self._stories)
            for one in shown.entries
            if one.shown
        ]
        for *_, id_, n in sorted(found, reverse=True):
            yield id_, self._stories[n]


def _fetched(
    answer: Document | Iterable[Document] | NotModified | FetchError,
) -> Fetched | NotModified | FetchError:
    if isinstance(answer, NotModified | FetchError):
        return answer
    documents = (answer,) if isinstance(answer, Document) else tuple(answer)
    return Fetched(documents=documents, validators=Validators())


_clock: Clock = FakeClock()
_fetcher: Fetcher = FakeFetcher()
