"""Workers as real processes: together they do what one process does, whatever happens to them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import agreement
from tests.integration.machines import Farm, House, house, serving_farm

pytestmark = pytest.mark.xdist_group("postgresql")  # the server starts once

FEEDS = 12


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """Serve invented feeds of a few hosts."""
    with serving_farm(tmp_path_factory.mktemp("farm"), FEEDS) as one:
        yield one


@pytest.fixture
def one(tmp_path: Path) -> Iterator[House]:
    """Give an empty house on SQLite."""
    with house(tmp_path / "one", "sqlite") as made:
        yield made


@pytest.fixture
def many(tmp_path: Path) -> Iterator[House]:
    """Give an empty house on PostgreSQL."""
    with house(tmp_path / "many", "postgresql") as made:
        yield made


def test_three_workers_do_what_one_process_does(site: Farm, one: House, many: House) -> None:
    """Which entries come first differs, and with it at most a story here and there."""
    one.configure(site, site.names)
    many.configure(site, site.names)
    one.run("alone")
    many.run("worker", count=3)
    single, several = one.contents(), many.contents()
    assert len(single.entries) == FEEDS * 25
    assert several.entries == single.entries
    assert agreement.pair_f1(single.stories, several.stories) >= 0.99
    one.run("regroup")
    many.run("regroup")
    single, several = one.contents(), many.contents()
    assert agreement.partition(several.stories) == agreement.partition(single.stories)
    feeds = [each.published()["merged.atom"] for each in (one, many)]
    assert agreement.without_history(feeds[0]) == agreement.without_history(feeds[1])
    assert site.log()["most_of_host"] == 2, "per_host holds over all workers"


def test_what_is_grouped_together_is_published_byte_by_byte(
    site: Farm, one: House, many: House
) -> None:
    one.configure(site, site.names)
    many.configure(site, site.names)
    one.run("apart")
    many.run("worker", "fetch", count=2)
    many.run("worker", "group,publish")
    assert many.contents() == one.contents()
    assert many.published() == one.published()
