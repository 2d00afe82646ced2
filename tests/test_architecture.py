"""The house keeps its layers, its sizes and its words."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_layers_are_kept() -> None:
    """Import-linter's contracts hold."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_sizes_are_kept() -> None:
    """Functions, files and docstrings are within their bounds."""
    command = [sys.executable, "tests/sizes.py", "aggregator"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_one_library_has_one_home() -> None:
    """The named libraries are imported in one place each."""
    homes = {
        "httpx": "gather/fetchers/_http.py",
        "feedgen": "publish/renderers/atom.py",
        "apscheduler": "daemon/nightly.py",
        "procrastinate": "workers/engine.py",
    }
    for library, home in homes.items():
        pattern = re.compile(rf"^\s*(import|from) {library}\b", re.MULTILINE)
        found = {
            str(path.relative_to(ROOT / "aggregator"))
            for path in (ROOT / "aggregator").rglob("*.py")
            if pattern.search(path.read_text(encoding="utf-8"))
        }
        assert found <= {home}, f"{library} is at home in {home}"


def test_words_are_used_where_the_table_says() -> None:
    """Each word of the table in docs/architecture.md stands in the module that it names."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| ([a-z-]+) \| [^|]+ \| `([^`]+)` \|$", text, re.MULTILINE)
    assert len(table) >= 40
    assert len({word for word, _ in table}) == len(table)
    missing = [
        f"{word}: {module}"
        for word, module in table
        if not re.search(
            re.escape(word).replace(r"\-", "[-_ ]"),
            (ROOT / "aggregator" / module).read_text(encoding="utf-8"),
            re.IGNORECASE,
        )
    ]
    assert not missing


def test_no_test_bounds_time_by_the_clock() -> None:
    """CPU time bounds work, and waits end only when something hangs: both stand in tests/waiting.py."""
    clock = re.compile(r"\b(perf_counter|monotonic)\b")
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if path.name not in {"waiting.py", "test_architecture.py"}
        and clock.search(path.read_text(encoding="utf-8"))
    ]
    assert not found
