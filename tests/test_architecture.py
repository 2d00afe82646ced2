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
        "apscheduler": "daemon.py",
    }
    for library, home in homes.items():
        pattern = re.compile(rf"^\s*(import|from) {library}\b", re.MULTILINE)
        found = {
            str(path.relative_to(ROOT / "aggregator"))
            for path in (ROOT / "aggregator").rglob("*.py")
            if pattern.search(path.read_text(encoding="utf-8"))
        }
        assert found <= {home}, f"{library} is at home in {home}"
