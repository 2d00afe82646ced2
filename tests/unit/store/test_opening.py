"""A database that is lost, damaged, foreign, too new or out of reach is met with grace."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from aggregator.core.errors import SchemaTooNew, StoreError
from aggregator.store import SqlStore, lock_folder, open_store, schema
from aggregator.store.migrations import HEAD
from aggregator.store.opening import CHECKED, FILE, JOURNAL, find_damage
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_entries,
    make_entry,
    make_grouping,
    make_key,
    make_publisher,
    make_story,
    make_tombstone,
)
from tests.stores import gather

STORIES = (make_story(make_key(1), make_key(2)), make_story(make_key(3)))
PRESS = make_publisher("press.example")
DEAD = make_tombstone("urn:uuid:dead", STORIES[0].id)
DECISION = make_decision("never", make_key(1), make_key(3))


def open_(data: Path) -> SqlStore:
    """Open the store of a folder."""
    return open_store("sqlite", data=data, now=at(1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder with entries, stories, a death and a decision."""
    data = tmp_path_factory.mktemp("made")
    with closing(open_(data)) as store:
        entries = [make_entry(n, html="<p>words</p>" * 300) for n in range(1, 30)]
        gather(store, *entries, initial=27)
        rest = (make_story(make_key(n)) for n in range(4, 30))
        store.save_grouping(make_grouping(*STORIES, *rest, tombstones=(DEAD,)))
        store.decide(DECISION)
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """Give a copy of the made folder."""
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


def gather_again(store: SqlStore) -> None:
    """Fetch the same source again, whose guids have all changed meanwhile."""
    entries = [make_entry(n, guid=f"new {n}", html="<p>words</p>" * 300) for n in range(1, 30)]
    gather(store, *entries, now=at(1), initial=5)


# --- lost and damaged ----------------------------------------------------------------------


def test_a_lost_database_costs_no_id(data: Path) -> None:
    (data / FILE).unlink()
    with closing(open_(data)) as store:
        assert store.rebuilt
        assert store.decisions() == (DECISION,)
        assert store.tombstones(NOW) == (DEAD,)
        gather_again(store)
        new = store.ungrouped(99)
        assert {one.key for one in new} == {make_key(n) for n in range(1, 30)}
        assert [one.key for one in new if not one.shown] == [make_key(1), make_key(2)]
        journal = store.group_context(at(-99), NOW).journal
        assert journal[make_key(2)] == (STORIES[0].id, NOW)
        assert len(journal) == 29
        store.save_grouping(make_grouping(*STORIES))
        assert len(store.group_context(at(-99), NOW).journal) == 26
    with closing(open_(data)) as store:
        assert store.rebuilt
        store.restore([])
    with closing(open_(data)) as store:
        assert not store.rebuilt


def test_what_the_sources_have_no_more_is_still_listed(data: Path) -> None:
    with closing(open_(data)) as store:
        before = {one.story.id: one for one in store.newest_stories()}
    (data / FILE).unlink()
    with closing(open_(data)) as store:
        assert {one.key for one in store.ungrouped(99)} == {make_key(n) for n in range(1, 30)}
        rest = (make_story(make_key(n)) for n in range(4, 30))
        store.save_grouping(make_grouping(*STORIES, *rest))
        after = {one.story.id: one for one in store.newest_stories()}
        assert list(after) == list(before)
        for id_, shown in after.items():
            old = before[id_]
            for one, two in zip(shown.entries, old.entries, strict=True):
                assert (one.key, one.source_id, one.published, one.shown) == (
                    two.key,
                    two.source_id,
                    two.published,
                    two.shown,
                )
                assert one.entry.title == two.entry.title
                assert one.entry.link == two.entry.link
                assert one.entry.publisher == two.entry.publisher


def test_published_texts_come_back_by_their_links(data: Path) -> None:
    (data / FILE).unlink()
    published = [
        make_entry(n, guid="urn:uuid:ours", html=f"<p>As published {n}</p>", publisher=PRESS)
        for n in (1, 2, 3, 77)
    ]
    with closing(open_(data)) as store:
        assert store.restore(published) == 3
        (back,) = store.entries([make_key(3)])
        assert back.entry.html == "<p>As published 3</p>"
        assert (back.entry.guid, back.entry.publisher.id) == ("", "example.org")
        changes = gather(store, *make_entries([1, 2, 3, 33]), now=at(2), initial=9)
        assert [change.kind for change in changes] == ["unchanged"] * 3 + ["new"]
        (back,) = store.entries([make_key(3)])
        assert back.entry == make_entry(3)
        assert store.restore(published) == 0
        assert not store.rebuilt


DAMAGES = [
    pytest.param(lambda _: b"no database at all" * 100, id="foreign"),
    pytest.param(lambda content: b"\0" * len(content), id="zeros"),
    pytest.param(lambda content: content[: len(content) // 2], id="cut"),
    pytest.param(lambda _: b"", id="emptied"),
    pytest.param(
        lambda content: (
            content[: len(content) // 3] + b"\xff" * 9000 + content[len(content) // 3 + 9000 :]
        ),
        id="overwritten",
    ),
    pytest.param(lambda content: b"\xff" * 50 + content[50:], id="head overwritten"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_moved_aside_and_built_anew(
    data: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = data / FILE
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    with closing(open_(data)) as store:
        assert store.rebuilt
        gather_again(store)
        assert {one.key for one in store.ungrouped(99)} == {make_key(n) for n in range(1, 30)}
    aside = [one for one in data.iterdir() if ".damaged-" in one.name]
    assert [one.read_bytes() for one in aside] == ([broken] if broken else [])


def spoil_content(data: Path) -> None:
    """Damage one entry's text in a way that the database itself cannot see."""
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute(
            "UPDATE entry SET content = CAST(x'00' || content AS BLOB) WHERE key = ?",
            (make_key(5),),
        )
        connection.commit()


def test_damage_that_is_met_later_is_mended_at_the_next_start(data: Path) -> None:
    spoil_content(data)
    with closing(open_(data)) as store:
        assert not store.rebuilt
        with pytest.raises(StoreError, match="damaged"):
            list(store.newest_stories())
    with closing(open_(data)) as store:
        assert store.rebuilt


def test_damage_that_is_met_by_the_process_at_work_is_mended_at_once(data: Path) -> None:
    spoil_content(data)
    with lock_folder(data), closing(open_(data)) as store:
        assert store.learned_blocks() == {}
        with pytest.raises(StoreError, match="damaged"):
            list(store.newest_stories())
        assert store.rebuilt
        assert list(store.newest_stories()) == []
        gather_again(store)
        assert len(store.ungrouped(99)) == 29


def test_a_damaged_database_is_left_alone_while_another_process_uses_it(data: Path) -> None:
    (data / FILE).write_bytes(b"no database")
    hold = (
        "import sys, time, pathlib; from aggregator.store import lock_folder\n"
        "with lock_folder(pathlib.Path(sys.argv[1])): print(flush=True); time.sleep(3600)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(data)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreError, match="another process"):
            open_(data)
        other.kill()
    assert (data / FILE).read_bytes() == b"no database"
    open_(data).close()


def test_a_large_database_is_not_read_through_at_each_start(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
    assert find_damage(path) == ""
    with path.open("ab") as file:
        file.truncate(CHECKED + 1)  # sparse
    assert find_damage(path) == ""


# --- the journal ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.write_bytes(b""), id="emptied"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), id="cut"
        ),
    ],
)
def test_a_lost_journal_is_written_anew_from_the_database(
    data: Path, harm: Callable[[Path], object]
) -> None:
    before = sorted((data / JOURNAL).read_text().splitlines())
    harm(data / JOURNAL)
    open_(data).close()
    assert sorted((data / JOURNAL).read_text().splitlines()) == before
    (data / FILE).unlink()
    with closing(open_(data)) as store:
        assert store.decisions() == (DECISION,)


def test_a_journal_rebuilt_twice_still_knows_what_was_not_seen_again(data: Path) -> None:
    (data / FILE).unlink()
    open_(data).close()
    (data / JOURNAL).unlink()
    open_(data).close()
    (data / FILE).unlink()
    with closing(open_(data)) as store:
        gather_again(store)
        known = store.group_context(at(-99), NOW).journal
        assert known[make_key(3)] == (STORIES[1].id, NOW)


def test_a_lost_journal_waits_for_the_process_at_work(data: Path) -> None:
    (data / JOURNAL).unlink()
    with lock_folder(data):
        open_(data).close()
        assert (data / JOURNAL).exists()


def test_a_story_that_lives_again_is_not_dead_after_a_replay(data: Path) -> None:
    with closing(open_(data)) as store:
        revived = make_story(make_key(2), id=DEAD.id)
        store.save_grouping(make_grouping(make_story(make_key(1)), revived))
    (data / FILE).unlink()
    with closing(open_(data)) as store:
        assert store.tombstones(at(days=-99)) == ()


# --- schema --------------------------------------------------------------------------------


def test_the_migrations_make_the_schema(data: Path) -> None:
    config = Config()
    config.set_main_option("script_location", "aggregator.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD
    with closing(open_(data)) as store, store._database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []


def change(data: Path, statement: str) -> None:
    """Run one statement on the database of a folder."""
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_newer_schema_is_refused(data: Path) -> None:
    change(data, "UPDATE alembic_version SET version_num = '9999'")
    before = (data / FILE).read_bytes()
    with pytest.raises(SchemaTooNew, match="newer version"):
        open_(data)
    assert (data / FILE).read_bytes() == before


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["PRAGMA application_id = 77"], id="application id"),
        pytest.param(["CREATE TABLE entry (x)"], id="tables"),
    ],
)
def test_the_database_of_another_program_is_refused(tmp_path: Path, statements: list[str]) -> None:
    for statement in ["CREATE TABLE notes (x)", *statements]:
        change(tmp_path, statement)
    with pytest.raises(StoreError, match="another program"):
        open_(tmp_path)


# --- places --------------------------------------------------------------------------------


def test_a_sqlite_url_is_relative_to_the_data_folder(tmp_path: Path) -> None:
    open_store("sqlite:///deep/news.db", data=tmp_path, now=NOW).close()
    assert (tmp_path / "deep" / "news.db").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("mysql://u:secret@h/d", "only sqlite and postgresql", id="unknown"),
        pytest.param("nonsense", "neither", id="no URL"),
    ],
)
def test_odd_urls_are_refused_without_telling_secrets(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url, data=tmp_path, now=NOW)
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_said_with_its_mend(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, datetime; sys.modules['psycopg'] = None\n"
        "from aggregator.store import open_store\n"
        "from aggregator.core.errors import StoreError\n"
        "try: open_store('postgresql://u:secret@h/d', data=pathlib.Path(sys.argv[1]),"
        " now=datetime.datetime.now(datetime.UTC))\n"
        "except StoreError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "pip install 'storyfold[postgres]'" in done.stdout
    assert "secret" not in done.stdout


@pytest.mark.parametrize("taken", ["", FILE], ids=["the folder", "the database"])
def test_a_place_that_is_taken_is_named(tmp_path: Path, taken: str) -> None:
    data = tmp_path / "data"
    if taken:
        (data / taken).mkdir(parents=True)
    else:
        data.touch()
    with pytest.raises(StoreError, match=str(data)):
        open_(data)
