"""The documentation cannot fall behind: commands, options, keys, links and examples are checked."""

import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from aggregator import config
from aggregator.cli.main import app
from aggregator.config.reference import fill
from tests.console import Reader, blocks, elsewhere, fits

ROOT = Path(__file__).parents[1]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMON = ("--config", "--data", "--json", "--quiet", "--help")


def commands(command: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command of the program by its full name."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield " ".join(name), command
    for word, one in inner.items():
        yield from commands(one, (*name, word))


COMMANDS = dict(commands(typer.main.get_command(app)))


def section(text: str, heading: str) -> str:
    """Return what stands below a heading of the second rank."""
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE
    )
    assert found, f"no section {heading}"
    return found[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_described(name: str) -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    described = section(text, name.split(maxsplit=1)[0])
    assert f"aggregator {name}" in described
    for parameter in COMMANDS[name].params:
        for option in parameter.opts:
            if option.startswith("--") and option not in COMMON:
                assert option in described, f"{name} {option}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str) -> None:
    assert COMMANDS[name].help


def test_every_key_is_described() -> None:
    path = ROOT / "docs" / "configuration.md"
    text = path.read_text(encoding="utf-8")
    assert fill(text) == text, f"run: python -m aggregator.config.reference {path}"
    described = re.findall(r"<!-- keys of (\w+) -->", text)
    models = [*config.schema()["$defs"], "ConfigModel"]
    assert sorted(described) == sorted(models)


def test_the_whole_example_is_sound() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", section(text, "Complete example"), re.DOTALL)
    assert example
    made = config.loads(example[1], ROOT / "config" / "x.yaml", {"MEMBERS_TOKEN": "x"})
    assert len(made.sources) == 5


def test_examples_of_keys_are_yaml() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        cells = line.split(" | ")
        if len(cells) == 5 and (example := re.search(r"`(\w+: .*)` \|$", cells[4])):
            assert isinstance(yaml.safe_load(example[1]), dict), line


@pytest.mark.parametrize("name", ["docker.yaml", "aggregator.yaml"])
def test_shipped_configurations_are_sound(name: str) -> None:
    assert config.load(ROOT / "config" / name, {"PUBLIC_URL": "http://x.example/"}).sources


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page, as they are made of its headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading).strip().lower() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", DOCS, ids=[str(page.relative_to(ROOT)) for page in DOCS])
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), target


def with_blocks(*languages: str) -> list[Any]:
    """Return the pages that have blocks in one of these languages."""
    return [
        pytest.param(page, id=str(page.relative_to(ROOT)))
        for page in DOCS
        if any(one.language in languages for one in blocks(page.read_text(encoding="utf-8")))
    ]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the program from a wheel: what the checkout has and the wheel has not is not there."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    program = folder / "bin" / "aggregator"
    program.parent.mkdir()
    start = f"PYTHONPATH={folder / 'site'} exec {sys.executable} -P -m aggregator"
    program.write_text(f'#!/bin/sh\n{start} "$@"\n')
    program.chmod(0o755)
    return program.parent


@pytest.mark.parametrize("page", with_blocks("console", "python"))
def test_what_a_page_says_to_type_prints_what_it_says(
    page: Path, programs: Path, tmp_path: Path
) -> None:
    """All blocks in order, by somebody who begins with an empty home folder."""
    home = tmp_path / "me"
    home.mkdir()
    reader = Reader(home, programs)
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "python":
            without_public_sources(reader.folder / "config" / "aggregator.yaml")
            run_python(block.text, programs, reader.folder)
        elif block.language == "console":
            for command, expected in block.steps():
                if elsewhere(command):
                    (target,) = shlex.split(command, comments=True)[1:]
                    subprocess.run(
                        ["make", "-n", target], cwd=ROOT, check=True, capture_output=True
                    )
                    continue
                printed = reader.type(command, expected)
                shown = "\n".join(printed)
                assert fits(printed, expected), f"{page}:{block.line}: $ {command}\n{shown}"


def without_public_sources(config: Path) -> None:
    """Leave the sources that need no network."""
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = (line for line in lines if "url: https://" not in line)
    config.write_text("".join(kept), encoding="utf-8")


def run_python(text: str, programs: Path, folder: Path) -> None:
    """Run a block of Python with the wheel's package."""
    environment = {"PYTHONPATH": str(programs.parent / "site")}
    command = [sys.executable, "-P", "-c", text]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


@pytest.mark.parametrize("page", with_blocks("yaml", "json"))
def test_examples_are_sound(page: Path) -> None:
    """What is shown of a configuration is a configuration, what is shown as JSON is JSON."""
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "json":
            assert json.loads(block.text)
        elif block.language == "yaml":
            secrets = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), "of-many-letters")
            config.loads(block.text, ROOT / "config" / "x.yaml", secrets)


@pytest.mark.parametrize(
    ("printed", "expected", "fit"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", "", False),
        ("", "a", False),
        ("a  b", "a b", True),
        ("a 0.2", "a 17.5", True),
        ("a 2", "a 3", False),
        ("+2.41", "+2.40", False),
        ("2026-01-02T03:04:05Z x", "2027-11-12T13:14:15Z x", True),
        ("at 2026-01-02 03:04 x", "at 2027-11-12 13:14 x", True),
        ("a\nb\nc", "a\n…\nc", True),
        ("a\nc", "a\n…\nc", True),
        ("a\nb", "a\n…", True),
        ("x\na", "…\na", True),
        ("a\nb\nd", "a\n…\nc", False),
        ("http://a/b/c", "http://a/…/c", True),
        ("(a)", ".a.", False),
    ],
)
def test_what_is_printed_is_compared(printed: str, expected: str, fit: bool) -> None:
    assert fits(printed.splitlines(), expected.splitlines()) is fit
