"""A backup holds everything, is made beside a daemon, and is restored anywhere with the same bytes."""

import io
import json
import shutil
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.core.errors import SchemaTooNew, StoreError
from aggregator.store import backup_file, open_store, tidying, transfer
from aggregator.store.database import open_server, open_sqlite
from aggregator.store.journal import Journal
from aggregator.store.opening import FILE, JOURNAL
from tests.builders import (
    NOW,
    at,
    make_decision,
    make_entries,
    make_grouping,
    make_key,
    make_story,
)
from tests.contract.databases import database_url
from tests.stores import gather, group_apart


def fill(data: Path, store: str = "sqlite", *, count: int = 3) -> None:
    """Make a data folder with stories, a decision, a feed and a secret."""
    with closing(open_store(store, data=data, now=NOW)) as one:
        gather(one, *make_entries(range(count)))
        group_apart(one)
        one.decide(make_decision("never", make_key(1), make_key(2)))
    (data / "feeds" / "archive").mkdir(parents=True)
    (data / "feeds" / "merged.atom").write_bytes(b"<feed/>")
    (data / "feeds" / "archive" / "1.atom").write_bytes(b"<feed>1</feed>")
    (data / "secret").write_bytes(b"of many letters")
    (data / "secret").chmod(0o600)
    (data / "lock").write_text("1")


def held(data: Path, store: str = "sqlite") -> list[object]:
    """Return what a data folder holds, for comparison."""
    with closing(open_store(store, data=data, now=NOW)) as one:
        stories = [(shown.story, shown.entries) for shown in one.newest_stories()]
        return [stories, one.decisions(), one.source_states(), one.rebuilt]


def make(folder: Path, data: Path, store: str = "sqlite") -> Path:
    """Back a data folder up."""
    config = folder / "aggregator.yaml"
    config.write_text("data: data\n")
    target = folder / "backups" / "one.tar.gz"
    backup_file.make(target, data=data, store=store, config=config, now=NOW)
    return target


def restore(source: Path, data: Path, store: str = "sqlite") -> str | None:
    """Restore a backup; return its configuration."""
    with backup_file.unpacked(source, data.parent) as (place, _):
        text = backup_file.config_text(place)
        backup_file.restore(place, data=data, store=store)
    return text


def test_a_restored_folder_is_the_same(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "elsewhere" / "data"
    data.mkdir()
    fill(data)
    source = make(tmp_path, data)
    before = held(data)
    other.mkdir(parents=True)
    assert restore(source, other) == "data: data\n"
    assert held(other) == before
    for name in (JOURNAL, "secret", "feeds/merged.atom", "feeds/archive/1.atom"):
        assert (other / name).read_bytes() == (data / name).read_bytes()
        assert int((other / name).stat().st_mtime) == int((data / name).stat().st_mtime)
    assert (other / "secret").stat().st_mode & 0o777 == 0o600
    assert not (other / "lock").exists()
    assert [one.name for one in source.parent.iterdir()] == ["one.tar.gz"]


def test_what_is_stored_while_a_backup_is_made_is_whole(tmp_path: Path) -> None:
    """The journal may know more than the copied database, which then catches up."""
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    fill(data)
    with closing(open_store("sqlite", data=data, now=NOW)) as store:
        copied = tmp_path / "copied.db"
        shutil.copy(data / FILE, copied)
        decision = make_decision("join", make_key(0), make_key(1), at(1))
        store.decide(decision)
    shutil.copy(copied, data / FILE)
    source = make(tmp_path, data)
    restore(source, other)
    with closing(open_store("sqlite", data=other, now=NOW)) as store:
        assert decision in store.decisions()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    fill(data)
    source = make(tmp_path, data)
    before = (data / FILE).read_bytes()
    with pytest.raises(StoreError, match="restore into an empty data folder"):
        restore(source, data)
    assert (data / FILE).read_bytes() == before


def change(source: Path, name: str, content: bytes) -> None:
    """Replace a file of a backup, or add one."""
    with tarfile.open(source) as archive:
        files = {
            one.name: file.read()
            for one in archive
            if (file := archive.extractfile(one)) is not None
        }
    with tarfile.open(source, "w:gz") as archive:
        for each, old in (files | {name: content}).items():
            member = tarfile.TarInfo(each)
            member.size = len(content if each == name else old)
            archive.addfile(member, io.BytesIO(content if each == name else old))


@pytest.mark.parametrize(
    "name", ["data/aggregator.db", "data/journal.jsonl", "config/aggregator.yaml"]
)
def test_a_damaged_backup_is_refused_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    fill(data)
    source = make(tmp_path, data)
    change(source, name, b"something else")
    with pytest.raises(StoreError, match="damaged"):
        restore(source, other)
    assert not other.exists()


@pytest.mark.parametrize("length", [0, 10, 1000])
def test_a_cut_backup_is_refused(tmp_path: Path, length: int) -> None:
    data = tmp_path / "data"
    data.mkdir()
    fill(data)
    source = make(tmp_path, data)
    source.write_bytes(source.read_bytes()[:length])
    with pytest.raises(StoreError, match=r"cannot be restored|not a backup"):
        restore(source, tmp_path / "other")


def test_a_newer_backup_is_refused_with_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    fill(data)
    source = make(tmp_path, data)
    with tarfile.open(source) as archive:
        file = archive.extractfile("manifest.json")
        assert file is not None
        manifest = json.load(file)
    change(source, "manifest.json", json.dumps(manifest | {"schema": "9999"}).encode())
    with pytest.raises(SchemaTooNew, match="update the program"):
        restore(source, tmp_path / "other")


@pytest.mark.parametrize("name", ["../evil", "/evil-backup", "data/../../evil", "other/evil"])
def test_a_backup_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    data, other = tmp_path / "data", tmp_path / "x" / "other"
    data.mkdir()
    fill(data)
    source = make(tmp_path, data)
    change(source, name, b"evil")
    restore(source, other)
    assert not list(tmp_path.rglob("evil"))
    assert not Path("/evil-backup").exists()


def test_a_backup_that_cannot_be_written_leaves_no_part(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(StoreError, match="nothing to back up"):
        make(tmp_path, data)
    assert list((tmp_path / "backups").iterdir()) == []


def test_only_the_newest_backups_are_kept(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "backups"
    data.mkdir()
    fill(data)
    for hour in range(5):
        config = tmp_path / "none.yaml"
        last = backup_file.make_nightly(
            folder, 2, data=data, store="sqlite", config=config, now=at(hour)
        )
    assert [one.name for one in backup_file.nightly(folder)] == [
        f"aggregator-{at(hour):%Y%m%dT%H%M%SZ}.tar.gz" for hour in (3, 4)
    ]
    assert last in backup_file.nightly(folder)


def test_a_store_moves_to_a_server_and_back(tmp_path: Path) -> None:
    """With numbers of decisions and changes that go on, and a backup that restores into either kind."""
    data, moved, back = tmp_path / "data", tmp_path / "moved", tmp_path / "back"
    for folder in (data, moved, back):
        folder.mkdir()
    fill(data)
    before = held(data)
    with database_url("postgresql", moved) as url:
        with closing(open_sqlite(data / FILE)) as old, closing(open_server(url)) as new:
            transfer.copy(old, new)
            with pytest.raises(StoreError, match="is not empty"):
                transfer.copy(old, new)
        shutil.copy(data / JOURNAL, moved / JOURNAL)
        assert held(moved, url) == before
        decision = make_decision("join", make_key(0), make_key(1), at(1))
        with closing(open_store(url, data=moved, now=NOW)) as store:
            store.decide(decision)
            mark = store.feature_changes("").mark
            store.save_features([(make_key(0), b"newer")])
            assert store.feature_changes(mark).keys == (make_key(0),)
        after = held(moved, url)
        source = make(tmp_path, moved, url)
    restore(source, back)
    assert held(back) == after


def test_a_vacuum_gives_back_what_is_free(tmp_path: Path) -> None:
    with closing(open_sqlite(tmp_path / "large.db")) as database:
        with database.alone() as connection:
            connection.execute("CREATE TABLE t (v BLOB)")
            connection.execute("INSERT INTO t VALUES (zeroblob(60000000))")
        before = tidying.size(database)
        assert tidying.vacuum(database) == 0
        with database.alone() as connection:
            connection.execute("DELETE FROM t")
        saved = tidying.vacuum(database)
        assert saved > 50_000_000
        assert tidying.size(database) == before - saved


def test_a_compacted_journal_says_the_same(tmp_path: Path) -> None:
    """Also to a copy of the database that is older than the compaction."""
    fill(tmp_path, count=20)
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        shutil.copy(tmp_path / FILE, tmp_path / "older")
        for hour in range(40):
            stories = (make_story(make_key(n), updated=at(hour)) for n in range(20))
            store.save_grouping(make_grouping(*stories, new=0))
            store._journal.append(list(Journal(tmp_path / JOURNAL).read())[:20])
        decision = make_decision("join", make_key(0), make_key(1), at(1))
        store.decide(decision)
        before = store._journal.size()
        saved = tidying.compact(store._database, store._journal, least=1)
        assert saved > before / 2
        assert store._journal.size() == before - saved
        wanted = [shown.story.id for shown in store.newest_stories()]
    shutil.move(tmp_path / "older", tmp_path / FILE)
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        assert decision in store.decisions()
        assert [shown.story.id for shown in store.newest_stories()] == wanted
    (tmp_path / FILE).unlink()
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        assert decision in store.decisions()
        gather(store, *make_entries(range(20)))
        context = store.group_context(at(-999), at(999))
        assert {story for story, _ in context.journal.values()} == set(wanted)
