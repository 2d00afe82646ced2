"""The program as a process: start, pipes, interrupts, statuses."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.cli import main
from tests.unit.cli.conftest import Run
from tests.waiting import HUNG, until

PROGRAM = [sys.executable, "-m", "aggregator"]


def test_version_and_help(run: Run) -> None:
    assert run("--version").out.startswith("aggregator ")
    shown = run("--help")
    assert shown.status == 0
    for command in ("init", "check", "fetch", "run", "serve", "sources", "stories", "try"):
        assert f"\n  {command} " in shown.out


@pytest.mark.parametrize(
    "arguments", [["--nope"], ["fetch", "--nope"], ["nonsense"], ["run", "--port", "x"]]
)
def test_wrong_usage_is_status_two(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.status == 2
    assert "Traceback" not in result.err
    assert result.err


def test_a_file_that_cannot_be_written_is_one_line(run: Run, home: Path) -> None:
    (home / "file").write_text("")
    result = run("init", home / "file")
    assert result.status == 1
    assert len(result.err.splitlines()) == 1
    assert result.err.startswith("aggregator: ")


def test_starts_fast_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from aggregator.cli import main; main(['--help']);"
        "heavy = {'numpy', 'scipy', 'sqlalchemy', 'httpx', 'feedparser', 'pydantic', 'structlog'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


_UNUSED = (
    "numpy opencc rjieba bs4 lxml selectolax nh3 dateutil feedparser feedgen alembic rich click structlog"
    " apscheduler starlette uvicorn jinja2 multiprocessing.pool sqlalchemy.dialects.postgresql"
)


def test_a_run_without_news_loads_only_what_it_needs(run: Run, home: Path) -> None:
    assert run("fetch").status == 0
    code = (
        "import sys; from aggregator.cli import main; status = main(['fetch', '--quiet']);"
        f"used = set({_UNUSED!r}.split()) & set(sys.modules);"
        "sys.exit(' '.join(sorted(used)) or status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=home, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_closed_pipe_is_quiet(home: Path) -> None:
    rows = '{"id": 1, "a": "https://a.example/", "b": "https://a.example/"}\n' * 20_000
    script = f"{sys.executable} -m aggregator try key --jsonl 2>err | head -n 1"
    done = subprocess.run(
        ["sh", "-c", script], input=rows, capture_output=True, text=True, cwd=home, check=False
    )
    assert done.stdout == '{"id": 1, "output": "same"}\n'
    assert (home / "err").read_text() == ""


def test_an_interrupt_is_quiet_and_tells_by_its_status(home: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "try", "key", "--jsonl"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(b'{"id": 1, "a": "x", "b": "x"}\n')
    process.stdin.flush()
    assert process.stdout.readline() == b'{"id": 1, "output": "same"}\n'  # answered at once
    process.send_signal(signal.SIGINT)
    assert process.wait(HUNG) == 130
    assert process.stderr.read() == b""
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_the_daemon_runs_and_ends_cleanly(home: Path) -> None:
    feed = home / "data" / "feeds" / "merged.atom"
    process = subprocess.Popen(
        [*PROGRAM, "run", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )  # fmt: skip
    until(
        lambda: (
            process.poll() is not None
            or (feed.exists() and "Aurora" in feed.read_text(encoding="utf-8"))
        )
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HUNG)
    assert "Aurora" in feed.read_text(encoding="utf-8"), err
    assert process.returncode in (0, 130)
    assert "Traceback" not in err
    assert "gathered" in err
    assert not out


def test_serving_alone_ends_cleanly(home: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True, cwd=home
    )
    assert process.stderr
    seen = ""
    while "serving" not in seen and (line := process.stderr.readline()):
        seen += line
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=HUNG)[1]
    assert process.returncode in (0, -signal.SIGTERM, 143)
    assert "Traceback" not in seen + rest


def test_main_takes_its_arguments_from_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["aggregator", "--version"])
    assert main() == 0
