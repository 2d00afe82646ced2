"""Fetching the pictures of the newest stories."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.core.errors import BlockedAddress, FetchError, HTTPStatus, Timeout
from aggregator.core.model import Fetched, NotModified, ShownStory, Source, Validators
from aggregator.core.ports import Permit
from aggregator.core.threads import StoreThread
from aggregator.gather.pictures.picture_files import PictureFiles, picture_name
from aggregator.gather.pictures.picture_gatherer import PictureGatherer
from aggregator.pool import Pool
from tests.builders import NOW, make_shown, make_source, make_stored
from tests.fakes import FakeClock
from tests.unit.gather.pictures.images import document, make_image
from tests.unit.web.fakes import FakeReader

ROOT = "https://img.example/"
GOOD = make_image(300, 200)


class FakePages:
    """Answers requests for images from memory, and notes what was asked for."""

    def __init__(self, answers: Mapping[str, bytes | FetchError]) -> None:
        self.answers = dict(answers)
        self.asked: list[Source] = []

    async def fetch(self, source: Source, validators: Validators) -> Fetched | NotModified:
        """Answer a request for a feed: there is none."""
        del source
        return NotModified(validators=validators)

    async def fetch_page(
        self, source: Source, validators: Validators, permit: Permit
    ) -> Fetched | NotModified:
        """Return or raise the answer of an address."""
        await permit(source.url)
        self.asked.append(source)
        answer = self.answers.get(source.url, GOOD)
        if isinstance(answer, FetchError):
            raise answer
        return Fetched(documents=(document(answer),), validators=validators)

    async def close(self) -> None:
        """Close nothing."""


def pictured(n: int, **kw: Any) -> ShownStory:
    return make_shown(make_stored(n, **{"image": f"{ROOT}{n}.jpg"} | kw))


class Bench:
    """A gatherer with its parts."""

    def __init__(self, folder: Path, gatherer: Callable[..., PictureGatherer], **kw: Any) -> None:
        self.clock = FakeClock()
        self.pages = FakePages(kw.pop("answers", {}))
        self.files = PictureFiles(folder)
        self.gatherer = gatherer(
            pages=self.pages, files=self.files, clock=self.clock, **{"sources": {}} | kw
        )

    def take(self) -> int:
        return asyncio.run(self.gatherer.take())

    def has(self, n: int) -> bool:
        return self.files.has(picture_name(f"{ROOT}{n}.jpg"))


@contextmanager
def bench(folder: Path, *stories: ShownStory, **kw: Any) -> Iterator[Bench]:
    thread, pool = StoreThread(), Pool()

    def make(**parts: Any) -> PictureGatherer:
        """Make the gatherer."""
        given: dict[str, Any] = {"store": FakeReader(*stories), "keep": timedelta(days=365)}
        return PictureGatherer(thread=thread, pool=pool, **given | parts)

    try:
        yield Bench(folder, make, **kw)
    finally:
        pool.close()
        thread.close()


def test_pictures_are_made_once(tmp_path: Path) -> None:
    with bench(tmp_path, pictured(1), pictured(2), pictured(3, image="")) as one:
        assert one.gatherer.is_due()
        assert one.take() == 2
        assert (one.has(1), one.has(2)) == (True, True)
        assert not one.gatherer.is_due()
        one.gatherer.wake()
        assert one.gatherer.is_due()
        assert one.take() == 0
        assert len(one.pages.asked) == 2
    with bench(tmp_path, pictured(1), pictured(2)) as another:
        assert another.take() == 0  # they are there since the last start


@pytest.mark.parametrize(
    "image", ["", "data:image/png;base64,AAAA", "javascript:x", "file:///etc/passwd"]
)
def test_only_web_addresses_are_asked(tmp_path: Path, image: str) -> None:
    with bench(tmp_path, pictured(1, image=image)) as one:
        assert one.take() == 0
        assert one.pages.asked == []


@pytest.mark.parametrize(
    "answer",
    [b"<html>", HTTPStatus("404", status=404), BlockedAddress("refused"), FetchError("broken")],
)
def test_what_is_hopeless_is_asked_once(tmp_path: Path, answer: bytes | FetchError) -> None:
    with bench(tmp_path, pictured(1), answers={f"{ROOT}1.jpg": answer}) as one:
        assert one.take() == 1
        assert not one.has(1)
        one.clock.pass_(timedelta(days=9))
        one.take()
        assert len(one.pages.asked) == 1


@pytest.mark.parametrize("error", [HTTPStatus("503", status=503), Timeout("no response in time")])
def test_what_may_pass_is_asked_three_times(tmp_path: Path, error: FetchError) -> None:
    ages = timedelta(days=99_999)
    with bench(tmp_path, pictured(1), answers={f"{ROOT}1.jpg": error}, keep=ages) as one:
        one.clock.now = NOW + timedelta(days=36_500)  # the files are of today
        counts = []
        for _ in range(5):
            one.take()
            counts.append(len(one.pages.asked))
        assert counts == [1, 2, 3, 3, 3]
        assert not one.has(1)


def test_what_failed_a_moment_ago_waits(tmp_path: Path) -> None:
    answers = {f"{ROOT}1.jpg": Timeout("no response in time")}
    with bench(tmp_path, pictured(1), answers=answers) as one:
        one.files.save_failure(picture_name(f"{ROOT}1.jpg"), 1)
        path = next(tmp_path.rglob("*.none"))
        one.clock.now = NOW.fromtimestamp(path.stat().st_mtime, NOW.tzinfo) + timedelta(minutes=59)
        assert one.take() == 0
        assert not one.gatherer.is_due()
        one.clock.pass_(timedelta(minutes=11))
        assert one.gatherer.is_due()
        assert one.take() == 1


def test_a_turn_is_bounded(tmp_path: Path) -> None:
    with bench(tmp_path, *(pictured(n) for n in range(1, 100))) as one:
        assert one.take() == 60
        assert one.has(1)  # the first of the newest
        assert one.gatherer.is_due()
        assert one.take() == 39
        assert one.take() == 0


def test_headers_of_a_source_go_to_its_own_host(tmp_path: Path) -> None:
    secret = (("Authorization", "key"), ("Accept", "text/xml"))
    source = make_source(url="https://img.example/feed", headers=secret)
    stories = (pictured(1), pictured(2, image="https://other.example/2.jpg"))
    with bench(tmp_path, *stories, sources={"example": source}) as one:
        one.take()
        sent = {asked.url: dict(asked.headers) for asked in one.pages.asked}
        assert sent[f"{ROOT}1.jpg"]["Authorization"] == "key"
        assert "Authorization" not in sent["https://other.example/2.jpg"]
        assert all("image/webp" in headers["Accept"] for headers in sent.values())


def test_old_pictures_go(tmp_path: Path) -> None:
    with bench(tmp_path, pictured(1)) as one:
        one.clock.now = NOW + timedelta(days=36_500)
        one.files.save(picture_name("old"), (b"s", b"l"))
        one.take()
        assert not one.files.has(picture_name("old"))
