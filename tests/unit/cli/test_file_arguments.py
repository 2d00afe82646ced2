"""No file that a command is given can make it fall: every fault is a sentence, never a traceback."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from aggregator.cli import file_arguments
from aggregator.cli.main import app
from aggregator.core.errors import AggregatorError
from tests.unit.cli.conftest import Result, Run
from tests.unit.cli.unprivileged import bound_by_rights

CASES = (
    "missing",
    "folder",
    "unreadable",
    "within unreadable",
    "binary",
    "empty",
    "huge",
    "no path",
)
_HUGE = 70_000_000

# How each command is called: {} is the file that the case makes. What a command takes besides is sound.
URL = "http://127.0.0.1:1/"
CALLS: dict[str, tuple[str, ...]] = {
    "init": ("init {}",),
    "check": ("check --config {}",),
    "fetch": ("fetch --config {}", "fetch --data {}", "fetch --dry-run --data {}"),
    "run": ("run --config {} --data blocked",),
    "serve": ("serve --config {} --data blocked",),
    "worker": ("worker --config {} --data blocked",),
    "sources list": ("sources list --config {}", "sources list --data {}"),
    "sources show": ("sources show gazette --config {}", "sources show gazette --data {}"),
    "sources add": (f"sources add {URL} --no-fetch --config {{}}",),
    "sources test": ("sources test gazette --config {}",),
    "sources import": ("sources import {}", "sources import list.opml --config {}"),
    "sources export": ("sources export --config {}",),
    "sources remove": ("sources remove gazette --config {}",),
    "sources pause": ("sources pause gazette --config {}",),
    "sources resume": ("sources resume gazette --config {}",),
    "sources rename": ("sources rename gazette new --config {}",),
    "stories list": ("stories list --config {}", "stories list --data {}"),
    "stories search": ("stories search x --config {}", "stories search x --data {}"),
    "stories show": ("stories show {} --config config/aggregator.yaml", "stories show x --data {}"),
    "stories explain": ("stories explain {} {}", "stories explain x y --data {}"),
    "stories join": ("stories join {} {}", "stories join x y --data {}"),
    "stories never": ("stories never {} {}", "stories never x y --data {}"),
    "stories split": ("stories split {} {}", "stories split x y --data {}"),
    "stories corrections": ("stories corrections --config {}", "stories corrections --data {}"),
    "stories regroup": ("stories regroup --config {}", "stories regroup --dry-run --data {}"),
    "try image": ("try image --jsonl {}", f"try image {URL} --config {{}}"),
    "try link": ("try link --jsonl {}", f"try link {URL} --config {{}}"),
    "try key": ("try key --jsonl {}",),
    "try html": ("try html {}", "try html --jsonl {}", "try html page.html --config {}"),
    "try feed": ("try feed {}", "try feed --jsonl {}"),
    "try article": ("try article {}", "try article page.html --config {}"),
    "try group": ("try group {}", "try group --jsonl {}"),
    "evaluate": (
        "evaluate {}",
        "evaluate labelled.jsonl --weights {}",
        "evaluate labelled.jsonl --plot {}",
    ),
    "train": ("train {} -o weights.json", "train pairs.npz -o {}"),
    "backup": ("backup {}", "backup saved --config {}", "backup saved --data {}"),
    "restore": ("restore {} --data new", "restore given --config {}", "restore given --data {}"),
    "store copy": ("store copy --to sqlite --data {}", "store copy --to sqlite --config {}"),
    "doctor": ("doctor --config {}", "doctor --data {}"),
}


def commands(command: Any, name: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every command of the program by its full name."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield " ".join(name)
    for word, one in inner.items():
        yield from commands(one, (*name, word))


def test_every_command_is_here() -> None:
    assert set(commands(typer.main.get_command(app))) == set(CALLS)


@pytest.fixture
def sound(home: Path) -> Path:
    """Make what the commands take besides the faulty file."""
    (home / "blocked").write_text("", encoding="utf-8")
    (home / "page.html").write_text("<p>x</p>", encoding="utf-8")
    (home / "labelled.jsonl").write_text('{"id": "1", "title": "a"}\n', encoding="utf-8")
    (home / "list.opml").write_text('<outline xmlUrl="https://a.example/"/>', encoding="utf-8")
    (home / "pairs.npz").write_bytes(b"")
    return home


def make(case: str, home: Path) -> str:
    """Make a file of this kind and return its path."""
    path = home / "given"
    if case == "folder":
        path.mkdir()
    elif case == "unreadable":
        path.write_text("sources: []", encoding="utf-8")
        path.chmod(0)
    elif case == "within unreadable":
        path.mkdir()
        (path / "inner").write_text("sources: []", encoding="utf-8")
        path.chmod(0)
        return str(path / "inner")
    elif case == "binary":
        path.write_bytes(bytes(range(256)) * 20)
    elif case == "empty":
        path.write_bytes(b"")
    elif case == "huge":
        path.touch()
        os.truncate(path, _HUGE)
    return "given\0" if case == "no path" else str(path)


def told(result: Result) -> None:
    """Want a sentence for every failure, and nothing that only a programmer reads."""
    said = result.out[:100_000] + result.err
    assert not re.search(r"Errno|Traceback|Error\(|errno", said), said[:2000]
    assert result.status in (0, 1, 2, 3)
    if result.status:
        assert result.err.strip() or result.out.strip()
        assert re.search(r"[a-z]{2,}", result.err + result.out)
    assert len(result.err.splitlines()) < 30


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("call", [call for calls in CALLS.values() for call in calls])
def test_whatever_file_is_given(run: Run, sound: Path, call: str, case: str) -> None:
    given = make(case, sound)
    arguments = [word.replace("{}", given) for word in call.split()]
    try:
        with bound_by_rights():
            told(run(*arguments))
    finally:
        if (sound / "given").exists():
            (sound / "given").chmod(0o700)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("missing", "there is no such file or folder"),
        ("folder", "it is a folder: name a file"),
        ("unreadable", "permission denied: change its owner or its permissions"),
        ("within unreadable", "permission denied"),
        ("no path", "that is not a valid path"),
    ],
)
def test_the_mend_fits_the_cause(home: Path, case: str, said: str) -> None:
    given = Path(make(case, home))
    with bound_by_rights(), pytest.raises(AggregatorError, match=said):
        file_arguments.read(given)
    if (home / "given").exists():
        (home / "given").chmod(0o700)


def test_a_file_is_written_whole_and_its_rights_stay(home: Path) -> None:
    path, link = home / "x", home / "link"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    file_arguments.write(link, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert link.is_symlink()
    file_arguments.write(Path("/dev/null"), b"nothing")
    assert not Path("/dev/null").is_file()
    with pytest.raises(AggregatorError, match="is larger than"):
        file_arguments.read(path, 2)


def test_a_folder_without_rights_is_said_before_the_work(home: Path) -> None:
    (home / "locked").mkdir(mode=0o500)
    with bound_by_rights(), pytest.raises(AggregatorError, match="permission denied"):
        file_arguments.check_writable(home / "locked" / "weights.json")
    with pytest.raises(AggregatorError, match="it is a folder"):
        file_arguments.check_writable(home)
