"""The manual page says what the commands say, and shells complete their names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.cli import manual

PAGE = Path(__file__).parents[3] / "docs" / "man" / "aggregator.1"


def test_the_page_is_that_of_the_commands() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual.make(), "run: make man"


def test_the_page_names_every_command_and_option() -> None:
    page = manual.make().replace("\\-", "-")
    for command in ("init [OPTIONS] [DIR]", "stories explain", "sources import", "run [OPTIONS]"):
        assert f"\n.SS aggregator {command}" in page
    for option in ("--dry-run", "--port", "-q, --quiet"):
        assert f"\n.B {option}" in page


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("plain", "plain"),
        ("--a-b", "\\-\\-a\\-b"),
        (".TH", "\\&.TH"),
        ("'x'", "\\&'x'"),
        ("a\\b", "a\\eb"),
    ],
)
def test_no_text_is_a_command_of_roff(text: str, made: str) -> None:
    assert manual.escape(text) == made


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("aggregator stori", "stories"),
        ("aggregator stories expl", "explain"),
        ("aggregator fetch --dry", "--dry-run"),
    ],
)
def test_bash_completes(words: str, found: str) -> None:
    """As the script asks that `--show-completion` prints."""
    asked = {
        "_AGGREGATOR_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    command = [sys.executable, "-m", "aggregator"]
    done = subprocess.run(
        command, env=os.environ | asked, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [found]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_one(shell: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aggregator"]
    asked = {"_AGGREGATOR_COMPLETE": f"source_{shell}"}
    done = subprocess.run(
        command, env=os.environ | asked, capture_output=True, text=True, check=True
    )
    assert "_AGGREGATOR_COMPLETE" in done.stdout
    if shutil.which(shell):
        script = tmp_path / "completion"
        script.write_text(done.stdout)
        subprocess.run([shell, "-n", script], check=True)
