"""Hubs are answered: questions, documents, and what is neither."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from aggregator.web import make_app
from aggregator.web._callback import HubCallback
from aggregator.web.metrics import Metrics
from tests.unit.web.fakes import ROOT, make_site, visit
from tests.waiting import HUNG, soon

PATH = "/websub/ours"


class FakeCallbacks:
    """Confirms the challenge of what is at PATH; takes documents there."""

    def __init__(self) -> None:
        self.most = 1000
        self.asked: list[dict[str, str]] = []
        self.taken: list[tuple[str, bytes, str]] = []

    async def verify(self, path: str, question: Mapping[str, str]) -> str | None:
        """Return the challenge."""
        self.asked.append(dict(question))
        return question.get("hub.challenge") if path == "ours" else None

    def expects(self, path: str) -> int:
        """Return the status of a path."""
        return {"ours": 202, "over": 410}.get(path, 404)

    def receive(self, path: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Note the document."""
        self.taken.append((path, content, headers.get("x-hub-signature", "")))


def bring(
    folder: Path, path: str, content: bytes | AsyncIterator[bytes], **kw: object
) -> tuple[int, FakeCallbacks]:
    """Bring a document; return the status and who took it."""
    callbacks = FakeCallbacks()
    app = make_app(make_site(folder, callbacks=callbacks, **kw))

    async def send() -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
            headers = {"X-Hub-Signature": "sha1=00"}
            return (await client.post(path, content=content, headers=headers)).status_code

    return asyncio.run(send()), callbacks


def test_a_question_is_answered_with_the_challenge_as_plain_text(tmp_path: Path) -> None:
    callbacks = FakeCallbacks()
    question = "hub.mode=subscribe&hub.topic=https%3A%2F%2Fa.example%2F&hub.challenge=%3Cb%3E"
    answer = visit(make_site(tmp_path, callbacks=callbacks)).get(f"{PATH}?{question}")
    assert (answer.status_code, answer.text) == (200, "<b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert callbacks.asked[0]["hub.topic"] == "https://a.example/"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/websub/unknown?hub.challenge=x"),
        ("GET", PATH),
        ("HEAD", f"{PATH}?hub.challenge=x"),
        ("GET", "/websub/"),
        ("GET", "/websub/ours/more?hub.challenge=x"),
        ("POST", "/websub/unknown"),
    ],
)
def test_what_is_not_asked_for_is_not_found(tmp_path: Path, method: str, path: str) -> None:
    callbacks = FakeCallbacks()
    answer = visit(make_site(tmp_path, callbacks=callbacks)).ask(method, path, {})
    assert answer.status_code == 404
    assert callbacks.taken == []


def test_nobody_is_there_where_nothing_is_subscribed_to(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path))
    for method in ("GET", "POST"):
        assert client.ask(method, f"{PATH}?hub.challenge=x", {}).status_code == 404


@pytest.mark.parametrize("prefix", ["", "/news"])
def test_a_document_is_taken(tmp_path: Path, prefix: str) -> None:
    status, callbacks = bring(
        tmp_path, prefix + PATH, b"<feed/>", public_url=f"http://127.0.0.1:8080{prefix}/"
    )
    assert (status, callbacks.taken) == (202, [("ours", b"<feed/>", "sha1=00")])


def test_a_subscription_that_ended_is_gone(tmp_path: Path) -> None:
    status, callbacks = bring(tmp_path, "/websub/over", b"<feed/>")
    assert (status, callbacks.taken) == (410, [])


async def endless(pieces: int) -> AsyncIterator[bytes]:
    """Yield a body piece by piece, without saying how long it is."""
    for _ in range(pieces):
        yield b"x" * 100


def test_a_document_is_bounded(tmp_path: Path) -> None:
    assert bring(tmp_path, PATH, b"x" * 1000)[0] == 202
    for content in (b"x" * 1001, endless(11)):
        status, callbacks = bring(tmp_path, PATH, content)
        assert (status, callbacks.taken) == (413, [])
    assert bring(tmp_path, PATH, endless(10))[0] == 202


@pytest.mark.parametrize("length", ["-1", "x", "9" * 13])
def test_a_length_that_cannot_be_is_refused(tmp_path: Path, length: str) -> None:
    callbacks = FakeCallbacks()
    client = visit(make_site(tmp_path, callbacks=callbacks))
    answer = client.ask("POST", PATH, {"Content-Length": length})
    assert (answer.status_code, callbacks.taken) == (413, [])


def test_some_documents_come_at_one_time(tmp_path: Path) -> None:
    callbacks = FakeCallbacks()
    app = make_app(make_site(tmp_path, callbacks=callbacks))

    async def crowd() -> list[int]:
        gate = asyncio.Event()

        begun = 0

        async def slow() -> AsyncIterator[bytes]:
            nonlocal begun
            yield b"<feed>"
            begun += 1
            await gate.wait()
            yield b"</feed>"

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
            waiting = [asyncio.create_task(client.post(PATH, content=slow())) for _ in range(4)]
            await soon(lambda: begun == 4)
            refused = await client.post(PATH, content=b"<feed/>")
            gate.set()
            answers = await asyncio.gather(*waiting)
            return [refused.status_code, *(one.status_code for one in answers)]

    assert asyncio.run(crowd()) == [503, 202, 202, 202, 202]


@pytest.mark.parametrize(("leaves", "status"), [(True, 400), (False, 408)])
def test_who_leaves_or_dawdles_brings_nothing(*, leaves: bool, status: int) -> None:
    callbacks = FakeCallbacks()

    async def receive() -> Message:
        if not leaves:
            await asyncio.sleep(HUNG)
        return {"type": "http.disconnect"}

    async def ask() -> int:
        scope = {"type": "http", "method": "POST", "path_params": {"path": "ours"}, "headers": []}
        callback = HubCallback(callbacks, Metrics(), timeout_seconds=0.05)
        try:
            return (await callback.answer(Request(scope, receive))).status_code
        except HTTPException as error:
            return error.status_code

    assert (asyncio.run(ask()), callbacks.taken) == (status, [])
