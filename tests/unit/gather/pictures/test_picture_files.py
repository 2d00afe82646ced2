"""The files of pictures."""

import os
from datetime import timedelta
from pathlib import Path

from aggregator.gather.pictures.picture_files import PictureFiles, picture_name
from tests.builders import NOW

NAME = picture_name("https://a.example/i.png")


def test_a_picture_is_kept_in_both_sizes(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path)
    assert not files.has(NAME)
    files.save(NAME, (b"small", b"large"))
    assert files.has(NAME)
    assert [files.path(NAME, width).read_bytes() for width in (400, 960)] == [b"small", b"large"]
    assert len(list(tmp_path.rglob("*.webp"))) == 2


def test_names_differ_and_are_safe() -> None:
    names = {
        picture_name(url)
        for url in ("", "https://a.example/../../x", "https://b.example/", "\ud800")
    }
    assert len(names) == 4
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in names)


def test_failures_are_counted_until_it_works(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path)
    assert files.failures(NAME) == (0, 0.0)
    files.save_failure(NAME, 2)
    assert files.failures(NAME)[0] == 2
    files.save(NAME, (b"small", b"large"))
    assert files.failures(NAME) == (0, 0.0)


def test_old_files_are_deleted_and_the_oldest_above_a_total(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path)
    names = [picture_name(str(n)) for n in range(4)]
    for days, name in enumerate(names):
        files.save(name, (b"s" * 10, b"l" * 90))
        when = (NOW - timedelta(days=days)).timestamp()
        for width in (400, 960):
            os.utime(files.path(name, width), (when, when))
    assert files.prune(NOW - timedelta(days=2.5), 10**9) == 2
    assert [files.has(one) for one in names] == [True, True, True, False]
    assert files.prune(NOW - timedelta(days=9), 200) == 2
    assert [files.has(one) for one in names] == [True, True, False, False]
    assert PictureFiles(tmp_path / "none").prune(NOW, 0) == 0
