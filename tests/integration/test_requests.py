"""What the daemon does for commands that run beside it."""

import asyncio
from typing import Any

from aggregator.bootstrap import Application
from aggregator.core.report import RunReport
from aggregator.daemon.daemon import Daemon
from aggregator.store import handover
from aggregator.store.handover import FetchRequest, HandoverFailed
from aggregator.web.metrics import Metrics
from aggregator.websub import Inbox
from tests.builders import make_decision
from tests.integration.conftest import SEEDS, Opener
from tests.integration.loopback import Site

CONFIG = f"sources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n"
_TICK = 0.02  # seconds; the real daemon waits longer


async def ask(app: Application, *requests: dict[str, Any], ticks: int = 2000) -> list[Any]:
    """Run a daemon until these requests are answered; return the answers, or what was raised."""
    async with app.pipeline() as pipeline:
        daemon = Daemon(app, pipeline, Metrics(), Inbox(1000), None)
        await daemon.start()
        asked = [
            asyncio.create_task(asyncio.to_thread(handover.request_fetch, app.config.data, **one))
            for one in requests
        ]
        for _ in range(ticks):
            await daemon.tick()
            done, _ = await asyncio.wait(asked, timeout=_TICK)
            if len(done) == len(asked):
                break
        await daemon.drain()
        return await asyncio.gather(*asked, return_exceptions=True)


def answers(app: Application, *requests: dict[str, Any], **kw: Any) -> list[Any]:
    """Hold the data folder and let a daemon answer."""
    with app.lock(), handover.taking_requests(app.config.data):
        return asyncio.run(ask(app, *requests, **kw))


def test_all_sources_are_run_if_none_is_named(application: Opener) -> None:
    (report,) = answers(application(CONFIG), {"sources": []})
    assert isinstance(report, RunReport)
    assert [one.id for one in report.sources] == ["samples"]


def test_a_source_that_the_daemon_does_not_know_is_told_with_a_mend(application: Opener) -> None:
    (told,) = answers(application(CONFIG), {"sources": ["samplez"]})
    assert isinstance(told, HandoverFailed)
    assert "did you mean 'samples'?" in str(told)
    assert "reloads a changed configuration within 10 seconds" in str(told)


def test_commands_that_want_the_same_source_wait_for_each_other(application: Opener) -> None:
    """Each gets a report; the entries are new once."""
    app = application(CONFIG)
    found = answers(app, {"sources": ["samples"]}, {"sources": ["samples"], "force": True})
    assert {one.outcome for one in found} == {"ok", "unchanged"}
    assert sum(one.sources[0].new for one in found) == 5
    assert (app.folder / "merged.atom").read_bytes().count(b"<entry ") == 4


def test_a_daemon_that_is_stopped_says_so(application: Opener, site: Site) -> None:
    site.hanging.add("/hangs")
    app = application(f"fetch: {{allow_private: [127.0.0.1]}}\nsources: ['{site.address}/hangs']\n")
    (told,) = answers(app, {"sources": []}, ticks=10)
    assert isinstance(told, HandoverFailed)
    assert "the daemon was stopped" in str(told)


def test_a_run_that_fails_says_where_to_look(application: Opener) -> None:
    app = application(CONFIG)

    async def fail() -> None:
        async with app.pipeline() as pipeline:
            daemon = Daemon(app, pipeline, Metrics(), Inbox(1000), None)
            pipeline.thread.close()
            await daemon._run_request(FetchRequest(id="one"))

    asyncio.run(fail())
    answer = (app.config.data / "requests" / "one.answer").read_text("utf-8")
    assert "see the log of the daemon" in answer


def test_a_correction_is_applied_at_the_next_tick(application: Opener) -> None:
    app = application(CONFIG)
    asyncio.run(app.run_once())
    shown = next(one for one in app.store.newest_stories() if len(one.entries) == 2)

    async def correct() -> bytes:
        async with app.pipeline() as pipeline:
            daemon = Daemon(app, pipeline, Metrics(), Inbox(1000), None)
            await daemon.start()
            await asyncio.gather(*daemon._tasks)
            keys = [one.key for one in shown.entries]
            app.store.decide(make_decision("never", keys[0], keys[1]))
            await daemon.tick()
            await asyncio.gather(*daemon._tasks)
            await daemon.drain()
        return (app.folder / "merged.atom").read_bytes()

    assert asyncio.run(correct()).count(b"<entry ") == 5


def test_corrections_that_cannot_be_applied_are_tried_again(application: Opener) -> None:
    app = application(CONFIG)

    async def fail() -> bool:
        async with app.pipeline() as pipeline:
            daemon = Daemon(app, pipeline, Metrics(), Inbox(1000), None)
            pipeline.thread.close()
            await daemon.start()
            await asyncio.gather(*daemon._tasks)
            return daemon._settling.needed

    assert asyncio.run(fail())
