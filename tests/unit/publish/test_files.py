"""Writing a published file."""

import os
import resource
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aggregator.core.errors import PublishError
from aggregator.publish import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "data" / "feeds" / "merged.atom"
    assert files.write(path, b"one") is True
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert names(path.parent) == ["merged.atom"]


def test_the_same_bytes_leave_the_file_untouched(tmp_path: Path) -> None:
    path = tmp_path / "merged.atom"
    files.write(path, b"one")
    os.utime(path, (1_000_000, 1_000_000))
    before = path.stat()
    assert files.write(path, b"one") is False
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


@pytest.mark.parametrize("content", [b"two", b"longer", b""], ids=["same size", "longer", "empty"])
def test_other_bytes_replace_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "merged.atom"
    files.write(path, b"one")
    assert files.write(path, content) is True
    assert path.read_bytes() == content


def test_its_time_moves_on_even_when_the_clock_does_not(tmp_path: Path) -> None:
    path = tmp_path / "merged.atom"
    files.write(path, b"one")
    ahead = int(path.stat().st_mtime) + 1000
    os.utime(path, (ahead, ahead))
    files.write(path, b"two")
    assert int(path.stat().st_mtime) == ahead + 1


def test_what_a_killed_writer_left_is_swept_up(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / f".merged.atom.{ended.pid}.part").touch()
    (tmp_path / f".merged.atom.{os.getpid()}.part").touch()
    (tmp_path / ".merged.atom.99999999999999999999.part").touch()
    (tmp_path / ".merged.atom.nobody.part").touch()
    (tmp_path / ".merged.atom.0.part").touch()
    (tmp_path / f".merged.atom.{os.getppid()}.part").touch()  # alive: under way
    (tmp_path / ".merged.rss.nobody.part").touch()  # another file's
    files.write(tmp_path / "merged.atom", b"one")
    assert names(tmp_path) == [
        f".merged.atom.{os.getppid()}.part",
        ".merged.rss.nobody.part",
        "merged.atom",
    ]


def test_an_error_names_the_folder_and_leaves_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "merged.atom"
    path.mkdir()
    with pytest.raises(PublishError, match=f"merged.atom into {tmp_path}: Is a directory"):
        files.write(path, b"one")
    (path / "x").touch()
    (tmp_path / "file").touch()
    with pytest.raises(PublishError, match="File exists"):
        files.write(tmp_path / "file" / "merged.atom", b"one")
    assert names(tmp_path) == ["file", "merged.atom"]


def test_a_write_that_fails_keeps_the_last_good_file(tmp_path: Path) -> None:
    path = tmp_path / "merged.atom"
    files.write(path, b"one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(PublishError, match=f"into {tmp_path}: File too large"):
            files.write(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"one"
    assert names(tmp_path) == ["merged.atom"]


def test_the_secret_is_made_once_for_our_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = files.secret(folder)
    assert len(made) == 32
    assert files.secret(folder) == made
    assert (folder / "links.key").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in folder.iterdir()] == ["links.key"]
    assert files.secret(tmp_path / "other") != made


def test_many_who_make_the_secret_at_once_have_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: files.secret(tmp_path), range(32)))
    assert len(made) == 1


def test_a_secret_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "links.key").write_bytes(b"")
    with pytest.raises(PublishError, match="contains no secret"):
        files.secret(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PublishError, match="cannot keep the secret"):
        files.secret(tmp_path / "file")
