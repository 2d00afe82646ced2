"""Files are read within the limits of the network."""

import os
from pathlib import Path

import pytest

from aggregator.core.errors import BodyTooLarge, FetchError
from aggregator.gather.fetchers._files import read_file, shown
from tests.builders import gzipped


def test_a_file_and_its_stamp(tmp_path: Path) -> None:
    """The stamp changes with the time or the size; gzip is inflated."""
    path = tmp_path / "feed.xml"
    path.write_bytes(b"<rss/>")
    content, stamp = read_file(path, 100)
    assert (content, stamp.endswith(":6")) == (b"<rss/>", True)
    os.utime(path, ns=(1, 1))
    assert read_file(path, 100) == (b"<rss/>", "1:6")
    path.write_bytes(gzipped(b"<rss/>" * 3))
    assert read_file(path, 100)[0] == b"<rss/>" * 3


def test_limits(tmp_path: Path) -> None:
    """A file may be as large as the limit, and no larger when inflated."""
    path = tmp_path / "feed.xml"
    path.write_bytes(b"a" * 100)
    assert read_file(path, 100)[0] == b"a" * 100
    for content in (b"a" * 101, gzipped(b"a" * 101)):
        path.write_bytes(content)
        with pytest.raises(BodyTooLarge):
            read_file(path, 100)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/proc/self/mem", "cannot read /proc/self/mem: input/output error"),
        ("/dev", "/dev is no file"),
        ("/dev/zero", "/dev/zero is no file"),
        ("/nowhere/at/all", "cannot read /nowhere/at/all: no such file or directory"),
        ("/a\0b", "cannot read /a\ufffdb: not a path"),
    ],
)
def test_what_cannot_be_read(path: str, words: str) -> None:
    """It is an error in one line."""
    with pytest.raises(FetchError) as caught:
        read_file(Path(path), 100)
    assert str(caught.value) == words


def test_names_that_are_no_text() -> None:
    """Bytes that mean nothing, and characters that steer a terminal, are replaced."""
    assert shown(os.fsdecode(b"a\xff\x1b[2J.txt")) == "a\ufffd\ufffd[2J.txt"
