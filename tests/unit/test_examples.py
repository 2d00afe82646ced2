"""The examples in config/ and beside the program: their keys stand once, their commands are ours."""

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from aggregator.cli.main import main

ROOT = Path(__file__).parent.parent.parent
UNIT = (ROOT / "config" / "aggregator.service").read_text("utf-8")
_COMMAND = re.compile(r"(?:bin/|exec aggregator |-- )aggregator ([^#\n]*)")


@pytest.mark.parametrize(
    "name",
    [
        "config/aggregator.service",
        "config/aggregator-worker@.service",
        "docker-compose.yml",
        "config/kubernetes.yaml",
    ],
)
def test_every_command_in_an_example_is_one_of_ours(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = [shlex.split(words) for words in _COMMAND.findall((ROOT / name).read_text("utf-8"))]
    assert calls
    for words in calls:  # --help is answered after all options are known to be ours
        assert main([*words, "--help"]) == 0, capsys.readouterr().err


def test_an_option_that_is_not_ours_would_be_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--prot", "80", "--help"]) == 2
    assert "--prot" in capsys.readouterr().err


def test_a_key_of_the_unit_file_stands_once() -> None:
    for section in re.split(r"^\[", UNIT, flags=re.MULTILINE)[1:]:
        keys = Counter(re.findall(r"^(\w+)=", section, re.MULTILINE))
        assert {key: count for key, count in keys.items() if count > 1} == {}


def test_a_reload_of_the_unit_sends_the_signal_that_the_daemon_takes() -> None:
    assert re.findall(r"^ExecReload=(.*)$", UNIT, re.MULTILINE) == ["/bin/kill -HUP $MAINPID"]
