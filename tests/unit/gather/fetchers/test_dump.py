"""Folders and files of dumps are read once, and again when they change."""

import asyncio
import os
from pathlib import Path

import pytest

from aggregator.core.errors import FetchError
from aggregator.core.model import Fetched, NotModified, Source, Validators
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers.dump import DumpFetcher, make
from tests.builders import make_folder

SETTINGS = FetchSettings(max_size=1000)
NOTHING = Validators()


def fetch(source: Source, validators: Validators = NOTHING) -> Fetched | NotModified:
    """Fetch once."""
    return asyncio.run(make(SETTINGS).fetch(source, validators))


def names(result: Fetched | NotModified) -> list[str]:
    """Return the names of the documents that came."""
    return [one.name for one in result.documents] if isinstance(result, Fetched) else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of three dumps and other things."""
    inner = tmp_path / "dumps"
    inner.mkdir()
    for name in ("b.txt", "a.md", "C.HTML", ".hidden.txt", "note.pdf", "README"):
        (inner / name).write_text(f"[{name}](https://example.org/{name})\n------\n<p>x</p>")
    (inner / "sub.txt").mkdir()
    return inner


def test_a_folder_gives_its_dumps_by_name(folder: Path) -> None:
    """Only texts, no hidden files, no folders; each is a document that knows its file's name."""
    result = fetch(make_folder(folder))
    assert names(result) == ["C.HTML", "a.md", "b.txt"]
    assert isinstance(result, Fetched)
    assert {(one.format, one.url) for one in result.documents} == {("dump", "")}
    assert result.documents[1].content.startswith(b"[a.md]")


def test_only_what_changed_comes_again(folder: Path) -> None:
    """Nothing, a changed file, a new one, one that is gone."""
    seen = fetch(make_folder(folder)).validators
    assert fetch(make_folder(folder), seen) == NotModified(validators=seen)
    (folder / "b.txt").write_text("changed")
    (folder / "d.txt").write_text("new")
    later = fetch(make_folder(folder), seen)
    assert names(later) == ["b.txt", "d.txt"]
    (folder / "a.md").unlink()
    last = fetch(make_folder(folder), later.validators)
    assert isinstance(last, NotModified)
    assert [name for name, _ in last.validators.documents] == ["C.HTML", "b.txt", "d.txt"]


def test_a_single_file(folder: Path) -> None:
    """A path to a file is that file, whatever its name."""
    source = make_folder(folder / "README")
    first = fetch(source)
    assert names(first) == ["README"]
    assert isinstance(fetch(source, first.validators), NotModified)


def test_what_cannot_be_read_is_skipped_once(folder: Path) -> None:
    """A file over the limit is told of, and again when it changes."""
    (folder / "huge.txt").write_bytes(b"a" * 1001)
    result = fetch(make_folder(folder))
    assert isinstance(result, Fetched)
    assert [(one.where, one.reason) for one in result.skipped] == [
        ("huge.txt", "larger than 0.001 MB (fetch.max_size)")
    ]
    assert isinstance(fetch(make_folder(folder), result.validators), NotModified)


def test_links_stay_in_the_folder(folder: Path) -> None:
    """A link may lead to another file of the folder, never out of it, nor to nothing."""
    (folder.parent / "secret.txt").write_text("secret")
    for name, target in (
        ("in.txt", "README"),
        ("out.txt", "../secret.txt"),
        ("abs.txt", "/etc/hostname"),
        ("loop.txt", "loop.txt"),
        ("gone.txt", "nowhere.txt"),
        ("up.txt", ".."),
    ):
        (folder / name).symlink_to(target)
    assert names(fetch(make_folder(folder))) == ["C.HTML", "a.md", "b.txt", "in.txt"]


def test_pipes_and_odd_names(folder: Path) -> None:
    """A pipe does not hang the fetch; a name that is no text still is one in the store."""
    os.mkfifo(folder / "pipe.txt")
    with Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n.txt")).open("w") as file:
        file.write("odd")
    assert names(fetch(make_folder(folder)))[-1] == "\ufffd\ufffd.txt"


def test_more_than_one_fetch_can_hold(folder: Path) -> None:
    """What is over waits for the next fetch."""
    size = (folder / "a.md").stat().st_size
    fetcher = DumpFetcher(SETTINGS, max_bytes=2 * size + 10)
    first = asyncio.run(fetcher.fetch(make_folder(folder), NOTHING))
    second = asyncio.run(fetcher.fetch(make_folder(folder), first.validators))
    assert isinstance(first, Fetched)
    assert len(first.documents) == 2
    assert [one.reason for one in first.skipped] == ["left for the next fetch"]
    assert len(names(second)) == 1


@pytest.mark.parametrize("path", ["nowhere", "no\0path"])
def test_paths_that_do_not_exist(tmp_path: Path, path: str) -> None:
    """They are an error of the source, which it names."""
    with pytest.raises(FetchError, match="cannot read") as caught:
        fetch(make_folder(tmp_path / path))
    assert caught.value.source_id == "dumps"


def test_a_source_without_a_path() -> None:
    """It cannot be fetched."""
    with pytest.raises(FetchError, match="needs a path"):
        fetch(Source(id="dumps", kind="dump"))
