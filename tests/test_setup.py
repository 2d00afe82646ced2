"""Set-up: locks are complete, and .venv is made from them whatever lies there."""

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.locks import faults, roots

ROOT = Path(__file__).parents[1]
PYTHON = getattr(sys, "_base_executable", sys.executable)  # the one that .venv was made with
HASH = "--hash=sha256:" + "0" * 64
PACKAGES: dict[str, list[str]] = {
    "plain": [],
    "needs": ["plain>=2"],
    "extras": ["plain>=1; extra == 'more'"],
    "windows": ["plain; sys_platform == 'win32'"],
    "old": ["plain>=1; python_version < '3.12'"],
}


def requires(name: str, _: str) -> list[str]:
    """Return what the packages of these tests require."""
    return PACKAGES[name]


@pytest.mark.parametrize(
    ("wanted", "lock", "fault"),
    [
        ("plain", "plain==1", None),
        ("Plain", "plain==1", None),
        ("windows", "windows==1", None),
        ("plain", "", "requires plain, which is not locked"),
        ("plain>=2", "plain==1", "requires plain>=2, and 1 is locked"),
        ("needs", "needs==1\nplain==1", "needs requires plain>=2, and 1 is locked"),
        ("needs", "needs==1\nplain==2.0b1", "needs requires plain>=2, and 2.0b1 is locked"),
        ("extras", "extras==1", None),
        ("extras[more]", "extras==1", "extras requires plain>=1; extra == 'more', which is not"),
        ("extras[more]", "extras==1\nplain==1", None),
        ("extras", "extras==1\nplain==1", "plain is locked, and nothing requires it"),
        ("old", "old==1", "not locked (Python 3.11.0, linux x86_64)"),
        ("old", "old==1\nplain==1 ; python_version < '3.12'", None),
        ("old", "old==1\nplain==1", "nothing requires it (Python 3.12.12, linux x86_64)"),
        ("plain", "plain==1 ; sys_platform == 'linux'", "not locked (Python 3.11.0, darwin arm64)"),
        ("plain", "plain>=1", "plain>=1 names no version"),
        ("plain", "plain==1.*", "plain==1.* names no version"),
        ("plain", "plain", "plain names no version"),
    ],
)
def test_a_lock_meets_what_its_packages_require(wanted: str, lock: str, fault: str | None) -> None:
    text = "".join(f"{line} \\\n    {HASH}\n" for line in lock.splitlines())
    found = list(faults(text, [wanted], requires))
    assert fault in found[0] if fault else not found, found


def test_every_line_of_a_lock_has_a_hash() -> None:
    assert list(faults("plain==1\n", ["plain"], requires)) == ["plain has no hash"]


def test_groups_include_groups() -> None:
    project = {
        "project": {"dependencies": ["a"]},
        "build-system": {"requires": ["b"]},
        "dependency-groups": {"build": ["c"], "dev": [{"include-group": "build"}, "d"]},
    }
    assert roots(project) == {"run": ["a"], "build": ["b", "c"], "dev": ["a", "c", "d"]}


BACKEND = '''
"""Builds nothing but the name: a package with a line of path."""
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/tiny-1-py3-none-any.whl", "w") as made:
        made.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        made.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        made.writestr("tiny-1.dist-info/RECORD", "")
        made.writestr("tiny.pth", "")
    return "tiny-1-py3-none-any.whl"
'''
PYPROJECT = """
[project]
name = "tiny"
version = "1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def wheel(folder: Path, name: str) -> str:
    """Write a wheel of one module; return its line for a lock."""
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"{name}.py", "")
        info = f"{name}-1.dist-info"
        made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        made.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr(f"{info}/RECORD", "")
    return f"{name}==1 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Project:
    """A small project with locks of its own, installed from a folder of wheels."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = os.environ["PATH"]
        self.wheels = root.parent / "wheels"
        (root / "requirements").mkdir(parents=True)
        self.wheels.mkdir()
        shutil.copy(ROOT / "requirements" / "install.py", root / "requirements")
        (root / "pyproject.toml").write_text(PYPROJECT)
        (root / "backend.py").write_text(BACKEND)
        self.lock("build")
        self.lock("run", "first")
        self.lock("dev", "first", "second")

    def lock(self, name: str, *packages: str) -> None:
        """Write a lock of some packages."""
        text = "".join(wheel(self.wheels, package) for package in packages)
        (self.root / "requirements" / f"{name}.lock").write_text(text)

    def install(self, name: str = "run") -> subprocess.CompletedProcess[str]:
        """Install a lock, from the folder of wheels alone."""
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PATH": self.path}
        return subprocess.run(
            [PYTHON, "requirements/install.py", name],
            cwd=self.root,
            env=os.environ | offline,
            capture_output=True,
            text=True,
            check=False,
        )

    def holds(self) -> set[str]:
        """Return what of the packages can be imported."""
        find = (
            "import importlib.util as u; print(*filter(u.find_spec, ['first', 'second', 'third']))"
        )
        python = self.root / ".venv" / "bin" / "python"
        done = subprocess.run([python, "-c", find], capture_output=True, text=True, check=True)
        return set(done.stdout.split())


@pytest.fixture
def new_project(tmp_path: Path) -> Project:
    """Return a project that was never set up."""
    return Project(tmp_path / "project")


@pytest.fixture
def project(new_project: Project) -> Project:
    """Return a project whose run lock is installed."""
    done = new_project.install()
    assert done.returncode == 0, done.stderr
    return new_project


def broken_interpreter(project: Project) -> None:
    """Take away the Python that .venv was made with."""
    (project.root / ".venv" / "bin" / "python3").unlink(missing_ok=True)
    python = project.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python")


def interrupted(project: Project) -> None:
    """End an installation half way."""
    (project.root / ".venv" / ".unfinished").touch()


def only_a_file(project: Project) -> None:
    """Put something else in its place."""
    shutil.rmtree(project.root / ".venv")
    (project.root / ".venv").write_text("")


def other_folder(project: Project) -> None:
    """Move the checkout, whose scripts name the old place."""
    project.root = project.root.rename(project.root.with_name("moved"))


def broken_uv(project: Project) -> None:
    """Put a uv on PATH that does not work."""
    uv = project.root / "uv"
    uv.write_text("#!/bin/sh\nexit 3\n")
    uv.chmod(0o755)
    project.path = f"{project.root}:{project.path}"
    shutil.rmtree(project.root / ".venv")


def another_lock(project: Project) -> None:
    """Take a package out of the lock."""
    project.lock("run", "third")


class TestInstall:
    """States of .venv, as a checkout lives."""

    def test_new_folder(self, project: Project) -> None:
        assert project.holds() == {"first"}

    def test_nothing_to_do(self, project: Project) -> None:
        done = project.install()
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_the_tests_need_more(self, project: Project) -> None:
        assert project.install("dev").returncode == 0
        assert project.holds() == {"first", "second"}
        assert project.install("run").stderr == "", "the smaller lock is there already"

    @pytest.mark.parametrize(
        ("damage", "held"),
        [
            (broken_interpreter, {"first"}),
            (interrupted, {"first"}),
            (only_a_file, {"first"}),
            (other_folder, {"first"}),
            (broken_uv, {"first"}),
            (another_lock, {"third"}),
        ],
    )
    def test_mends(
        self, project: Project, damage: Callable[[Project], None], held: set[str]
    ) -> None:
        damage(project)
        done = project.install()
        assert done.returncode == 0, done.stderr
        assert project.holds() == held
        assert project.install().stderr == ""

    def test_a_file_that_is_not_the_locked_one(self, project: Project) -> None:
        lock = project.root / "requirements" / "run.lock"
        right = lock.read_text()
        lock.write_text(right.replace("sha256:", "sha256:0")[:-2] + "\n")
        done = project.install()
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("set-up: not everything could be installed")
        lock.write_text(right)
        assert project.install().returncode == 0


def test_an_old_python_is_told_so() -> None:
    """The script says it before anything that an old Python cannot run."""
    text = (ROOT / "requirements" / "install.py").read_text(encoding="utf-8")
    before = text[: text.index("import hashlib")]
    pretend = textwrap.dedent("""
        import sys
        sys.version_info = (3, 8, 1)
    """)
    done = subprocess.run(
        [sys.executable, "-c", pretend + before], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("make PYTHON=python3.11 ...")
    assert len(done.stderr.splitlines()) == 1
