"""The jobs of the night run, whatever the clock does, and a failure costs nothing else."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from aggregator import bootstrap
from aggregator.bootstrap import Application
from aggregator.daemon.nightly import Nightly
from tests.integration.conftest import SEEDS, Opener


def config(folder: str) -> str:
    """Return a configuration with nightly backups."""
    return f"backup: {{dir: {folder}, keep: 2}}\nsources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n"


async def with_nightly(app: Application) -> tuple[datetime, datetime]:
    """Run the jobs once; return when they are due before and after the clock was set a year back."""
    async with app.pipeline() as pipeline:
        nightly = Nightly(app.config, pipeline.upkeep, pipeline.thread, bootstrap.now)
        nightly.start()
        job = nightly._scheduler.get_job("nightly")
        before = job.next_run_time
        await nightly.run()
        nightly.follow_clock()
        after = nightly._scheduler.get_job("nightly").next_run_time
        nightly.shutdown()
        return before, after


def test_a_backup_is_made_and_an_overdue_one_soon(application: Opener, tmp_path: Path) -> None:
    app = application(config("backups"))
    now = bootstrap.now()
    before, after = asyncio.run(with_nightly(app))
    assert before - now < timedelta(minutes=10)
    assert after - now <= timedelta(days=1)
    assert len(list((tmp_path / "backups").iterdir())) == 1
    later, _ = asyncio.run(with_nightly(app))
    assert later.hour == after.hour


def test_a_backup_that_fails_is_logged_and_nothing_else_happens(
    application: Opener, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    app = application(config("file/backups"))
    asyncio.run(with_nightly(app))
    assert (tmp_path / "file").read_text("utf-8") == "no folder"


def test_without_a_folder_there_is_no_backup(application: Opener, tmp_path: Path) -> None:
    app = application(f"sources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n")
    asyncio.run(with_nightly(app))
    assert not list(tmp_path.rglob("*.tar.gz"))
