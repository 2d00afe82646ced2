"""The documentation cannot fall behind: commands, options, keys, links and examples are checked."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from aggregator import config
from aggregator.cli.main import app
from aggregator.config.reference import fill

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
    example = re.search(r"```yaml\n(.*?)```", section(text, "A whole example"), re.DOTALL)
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
