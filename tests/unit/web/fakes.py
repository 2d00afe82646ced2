"""A store of a few stories, and the site that shows them."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from aggregator.core import ids
from aggregator.core.errors import StoreError
from aggregator.core.figures import EntryOfSource, SourceFigures, Totals
from aggregator.core.model import Decision, ShownStory, SourceState, StoredEntry
from aggregator.core.ports import Place
from aggregator.core.search import SearchPage, SearchQuery
from aggregator.gather.cleaning.text_blocks import block_hash
from aggregator.publish import files
from aggregator.web import Site, make_app
from tests import fakes
from tests.builders import make_spec
from tests.fakes import FakeClock

ROOT = "http://127.0.0.1:8080"
CONTENT = b"<feed>" + b"text " * 200 + b"</feed>"


class FakeReader(fakes.FakeReader):
    """Gives what it was made with; a broken one cannot be read."""

    def __init__(
        self,
        *stories: ShownStory,
        states: Mapping[str, SourceState] | None = None,
        broken: Exception | None = None,
    ) -> None:
        super().__init__(*stories)
        self._states = states or {}
        self.generation_ = ""
        self._broken = broken
        self.decided: list[Decision] = []

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield the stories in the order given."""
        self._check()
        yield from super().newest_stories()

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids."""
        self._check()
        wanted = set(ids)
        return tuple(shown for shown in self._stories if shown.story.id in wanted)

    def story_marks(self, limit: int) -> tuple[tuple[str, int], ...]:
        """Return the ids of the stories, each with a mark of all that it is."""
        newest = islice(self.newest_stories(), limit)
        return tuple((one.story.id, hash(repr(one))) for one in newest)

    def stories_before(self, place: Place | None) -> Iterator[tuple[Place, ShownStory]]:
        """Yield the stories after this one, in the order given."""
        self._check()
        places = [
            (one.story.first_published, one.lead.published, one.story.id) for one in self._stories
        ]
        start = places.index(place) + 1 if place else 0
        yield from zip(places[start:], self._stories[start:], strict=True)

    def search(self, query: SearchQuery, before: int | None, limit: int) -> SearchPage:
        """Find nothing."""
        del query, before, limit
        self._check()
        return SearchPage(hits=())

    def find_entry(self, text: str) -> StoredEntry | None:
        """Return the entry of an id or a link."""
        entries = (one for shown in self._stories for one in shown.entries)
        return next((e for e in entries if text in {ids.entry_id(e.key), e.entry.link}), None)

    def unindexed(self) -> int:
        """Return 0."""
        self._check()
        return 0

    def generation(self) -> str:
        """Return the generation, which a test may move."""
        self._check()
        return self.generation_

    def source_states(self) -> Mapping[str, SourceState]:
        """Return the states given."""
        self._check()
        return self._states

    def source_figures(self, now: datetime) -> Mapping[str, SourceFigures]:
        """Return the figures of one source, `example`."""
        self._check()
        del now
        return {"example": SourceFigures(days=(0,) * 12 + (3, 1), grouped=4, later=1, first=2)}

    def latest_entries(self, identity: str, limit: int) -> tuple[EntryOfSource, ...]:
        """Return the entries of a source, in the order given."""
        found = (
            EntryOfSource(stored=one, story_id=shown.story.id)
            for shown in self.newest_stories()
            for one in shown.entries
            if one.source_id == identity
        )
        return tuple(islice(found, limit))

    def totals(self) -> Totals:
        """Count the stories."""
        stories = list(self.newest_stories())
        entries = sum(len(one.entries) for one in stories)
        return Totals(entries=entries, stories=len(stories), shared=1, oldest=None)

    def learned_blocks(
        self, publisher_ids: Iterable[str] | None = None
    ) -> Mapping[str, frozenset[int]]:
        """Return the block of example.org that was learned."""
        learned = {"example.org": frozenset({block_hash(LEARNED)})}
        return {one: learned[one] for one in publisher_ids or learned if one in learned}

    def decisions(self) -> tuple[Decision, ...]:
        """Return what was decided."""
        self._check()
        return tuple(self.decided)

    def decide(self, decision: Decision) -> None:
        """Keep a decision."""
        self._check()
        self.decided.append(decision)

    def fail(self, error: Exception) -> None:
        """Raise this from now on."""
        self._broken = error

    def _check(self) -> None:
        if self._broken:
            raise self._broken


LEARNED = "Read more in our newsletter, which comes each morning."
BROKEN = FakeReader(broken=StoreError("the database is locked"))


def make_site(folder: Path, *stories: ShownStory, **kw: Any) -> Site:
    """Make the site of a merged feed, whose file is there unless `written` is false."""
    if kw.pop("written", True):
        files.write(folder / "merged.atom", CONTENT)
    given: dict[str, Any] = {
        "store": FakeReader(*stories),
        "folder": folder,
        "feeds": (make_spec(),),
        "public_url": "http://127.0.0.1:8080/",
        "clock": FakeClock(),
    }
    return Site(**given | kw)


class Visitor:
    """Asks an application on loopback, and follows no redirect."""

    def __init__(self, app: ASGIApp, client: str = "127.0.0.1") -> None:
        self._app = app
        self._client = (client, 50_000)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a page."""
        return self.ask("GET", path, headers or {})

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | list[tuple[str, str]],
        content: bytes = b"",
    ) -> httpx.Response:
        """Ask in any way; the body is read."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(
                self._app, raise_app_exceptions=False, client=self._client
            )
            async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
                return await client.request(method, path, headers=headers, content=content)

        return asyncio.run(send())

    def crowd(self, paths: Iterable[str]) -> list[httpx.Response]:
        """Ask for many pages at once."""

        async def send() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
                return await asyncio.gather(*(client.get(path) for path in paths))

        return asyncio.run(send())

    def raw(self, path: str, headers: Mapping[str, str]) -> tuple[httpx.Headers, bytes]:
        """Ask for a page; return its body as it was sent."""

        async def send() -> tuple[httpx.Headers, bytes]:
            transport = httpx.ASGITransport(self._app)
            async with (
                httpx.AsyncClient(transport=transport, base_url=ROOT) as client,
                client.stream("GET", path, headers=headers) as answer,
            ):
                return answer.headers, b"".join([part async for part in answer.aiter_raw()])

        return asyncio.run(send())


def visit(site: Site, client: str = "127.0.0.1") -> Visitor:
    """Return somebody who asks the site, from an address."""
    return Visitor(make_app(site), client)
