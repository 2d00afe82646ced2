"""What happens to workers and their database: nothing is lost, doubled or renamed."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, text

from aggregator.cli import doctor
from benchmarks import agreement
from tests.integration.machines import Farm, House, house, serving_farm
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("postgresql")  # the server starts once

FEEDS, ENTRIES = 12, 25
_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """Serve invented feeds of a few hosts, slowly, so that there is time to disturb."""
    with serving_farm(tmp_path_factory.mktemp("farm"), FEEDS, latency=0.3) as one:
        yield one


@pytest.fixture
def many(tmp_path: Path, site: Farm) -> Iterator[House]:
    """Give a house on PostgreSQL that follows the farm."""
    with house(tmp_path / "many", "postgresql") as made:
        made.configure(site, site.names)
        yield made


def execute(url: str, statement: str, **given: str) -> None:
    """Run a statement on a database."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text(statement), given)
    engine.dispose()


def check(found: House) -> None:
    """Let everything be finished; hold that each entry is there once, and that nothing changes any more."""
    found.run("worker")
    done = found.contents()
    assert len(done.entries) == FEEDS * ENTRIES
    assert done.stories.keys() == done.entries.keys()
    found.run("worker")
    assert found.contents() == done


def test_a_worker_is_killed_amid_its_work(site: Farm, many: House) -> None:
    first, second = many.start("endless"), many.start("endless")
    until(lambda: many.count() > 0)
    first.kill()
    until(lambda: many.count() > ENTRIES)
    second.kill()
    check(many)
    assert site.log()["most_of_host"] == 2, "per_host holds over all workers, dead ones too"


def test_a_worker_hangs_and_wakes_up(many: House) -> None:
    """Another one takes over its jobs and its roles; what it does afterwards counts for nothing."""
    hanging = many.start("endless")
    until(lambda: many.count() > 0)
    os.kill(hanging.pid, signal.SIGSTOP)
    many.run("worker")
    done = many.contents()
    assert len(done.entries) == FEEDS * ENTRIES
    os.kill(hanging.pid, signal.SIGCONT)
    many.run("worker")
    hanging.terminate()
    many.end(hanging)
    assert many.contents().entries == done.entries
    assert agreement.pair_f1(done.stories, many.contents().stories) == 1


def test_connections_are_cut(many: House) -> None:
    working = many.start("worker")
    until(lambda: many.count() > 0)
    parts = urlsplit(many.url)
    execute(parts._replace(path="/postgres").geturl(), _CUT, name=parts.path[1:])
    many.end(working)
    check(many)


def test_a_source_that_kills_its_worker_is_set_aside_and_named(site: Farm, many: House) -> None:
    """Its neighbours on the same host are fetched; `doctor` names it."""
    many.configure(site, site.names)
    written = many.config.read_text()
    many.config.write_text(written.replace("id: 00001,", "id: bad,"))
    deaths = 0
    while many.start_module("tests.integration.dying_worker").wait() != 0:
        deaths += 1
        assert deaths <= 4
    assert deaths == 4, "once among others, three times alone"
    assert many.count() == (FEEDS - 1) * ENTRIES
    with closing(many.store()) as store:
        assert list(store.sources_set_aside()) == ["bad"]
    told = [one.what for one in doctor.examine(many.config, None)]
    assert any(one.startswith("bad: workers died of it, set aside on") for one in told)
