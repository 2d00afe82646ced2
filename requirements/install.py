"""Install the lock files into .venv: `install.py run` for the program, `install.py dev` for its tests as well.

Nothing is resolved and nothing is compiled: a lock names every package with its hashes. The installer
is uv if it is on PATH, else the pip of .venv, else the pip of this Python, else that of ensurepip.
.venv/.locks records what was installed, so that a second call has nothing to do.
"""

import sys

if sys.version_info < (3, 11):  # said before anything that an older Python cannot run
    sys.exit(
        "aggregator needs Python 3.11 or later, and {} is {}.{}: make PYTHON=python3.11 ...".format(
            sys.executable, *sys.version_info[:2]
        )
    )

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin" / "python"
NOTE = VENV / ".locks"
STARTED = VENV / ".unfinished"
BUILD = VENV / "build"
OLDEST_PIP = (22, 3)
# feedgen is published as source alone, which setuptools packs without a compiler
WHEELS = ["--only-binary", ":all:", "--no-binary", "feedgen"]
LOCKED = ["--no-deps", "--require-hashes", *WHEELS]
# what the commands import, each with what it imports itself
USED = [
    "aggregator.cli.main",
    "aggregator.service",
    "aggregator.gather.fetchers.feed",
    "aggregator.gather.document",
    "aggregator.group.grouper",
    "aggregator.publish.renderers.atom",
]
Command = list[str]


class SetupError(Exception):
    """The environment cannot be made; says why and what to do."""


def environment(**more: str) -> dict[str, str]:
    """Return the environment for installers, without variables that send packages elsewhere."""
    dropped = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | more


def answer(command: Command) -> str | None:
    """Return what a command prints, None if it cannot be run or fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, env=environment(), text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def digest(name: str) -> str:
    """Return the digest of a lock, with what the project is built from and the place of .venv."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [project["project"], project["build-system"], str(VENV)]
    locks = [(HERE / f"{one}.lock").read_text(encoding="utf-8") for one in ("build", name)]
    return hashlib.sha256(json.dumps([parts, locks]).encode()).hexdigest()


def noted() -> dict[str, str]:
    """Return the digests of the locks that .venv was made from, by name."""
    try:
        return dict(json.loads(NOTE.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def is_sound() -> bool:
    """Whether the Python of .venv runs and is one that we support."""
    version = answer([str(BIN), "-c", "import sys; print(sys.version_info >= (3, 11), sys.prefix)"])
    return version == f"True {VENV}"


def version_of(pip: Command) -> tuple[int, ...]:
    """Return the version of a pip, an empty one if it does not run."""
    words = (answer([*pip, "--version"]) or "").split()
    if len(words) < 2:
        return ()
    return tuple(int(part) for part in words[1].split(".")[:2] if part.isdigit())


def pip() -> Command:
    """Return the command of a pip that installs into .venv."""
    own = [str(BIN), "-m", "pip"]
    if version_of(own) >= OLDEST_PIP:
        return own
    outer = [sys.executable, "-m", "pip"]
    if version_of(outer) >= OLDEST_PIP:
        return [*outer, "--python", str(BIN)]
    if answer([str(BIN), "-m", "ensurepip", "--upgrade"]) is not None:
        return own
    raise SetupError(
        f"{sys.executable} has neither pip nor ensurepip: install one of them"
        " (Debian, Ubuntu: apt-get install python3-venv), or uv"
    )


def run(command: Command, **more: str) -> None:
    """Run a command and show what it printed if it fails."""
    done = subprocess.run(
        command,
        check=False,
        env=environment(**more),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout, end="", file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)


class Installer:
    """Runs uv, or pip if there is no uv or it fails."""

    def __init__(self) -> None:
        uv = shutil.which("uv")
        self._uv = [uv, "pip"] if uv else None

    def __call__(self, word: str, *arguments: str, **more: str) -> None:
        if self._uv:
            try:
                return run([*self._uv, word, "--quiet", "--python", str(BIN), *arguments], **more)
            except (OSError, subprocess.CalledProcessError):
                print("uv failed: falling back to pip", file=sys.stderr)
                self._uv = None
        quiet = ["--quiet", "--no-compile"] if word == "install" else []
        return run([*pip(), word, *quiet, *arguments], **more)


def make_venv() -> None:
    """Create an empty .venv, without pip."""
    if not os.access(ROOT, os.W_OK):
        raise SetupError(f"{ROOT} is not writable, so .venv cannot be made there")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    try:
        run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(VENV)])
    except subprocess.CalledProcessError:
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment, see above"
            " (Debian, Ubuntu: apt-get install python3-venv)"
        ) from None


def install(names: Iterable[str]) -> None:
    """Install locks into .venv, and this package as it lies here."""
    installer = Installer()
    held = noted()
    for name in names:
        build = ["--target", str(BUILD), *LOCKED, "-r", str(HERE / "build.lock")]
        if "run" not in held:
            installer("install", *build)
        work = {"PYTHONPATH": str(BUILD)}
        lock = str(HERE / f"{name}.lock")
        installer("install", *LOCKED, "--no-build-isolation", "-r", lock, **work)
        if "run" not in held:
            installer("install", "--no-deps", "--no-build-isolation", "-e", ".", **work)
        held[name] = digest(name)
        shutil.rmtree(BUILD, ignore_errors=True)
    installer("check")
    compile_used()
    STARTED.unlink(missing_ok=True)
    NOTE.write_text(json.dumps(held), encoding="utf-8")


def compile_used() -> None:
    """Save the bytecode of what commands import, which halves the time of every start.

    Python does so by itself at the first start, unless the environment forbids it.
    """
    command = [str(BIN), "-c", f"import {', '.join(USED)}"]
    allowed = environment(PYTHONDONTWRITEBYTECODE="")
    subprocess.run(command, env=allowed, cwd=ROOT, check=False, capture_output=True)


def prepare(wanted: list[str]) -> None:
    """Bring .venv to the wanted state, whatever its present one."""
    held = noted()
    stale = any(value != digest(name) for name, value in held.items())
    if not is_sound() or stale or STARTED.exists():
        make_venv()
        held = {}
    missing = [name for name in wanted if name not in held]
    if missing:
        print(f"set-up: installing the locked packages into {VENV}", file=sys.stderr, flush=True)
        STARTED.touch()
        install(missing)


def main() -> int:
    """Install what is asked for; return 1, with one sentence, if that fails."""
    wanted = {"run": ["run"], "dev": ["run", "dev"]}[sys.argv[1]]
    python = "{}.{}".format(*sys.version_info[:2])
    try:
        prepare(wanted)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
    except OSError as error:
        print(f"set-up: {error.filename or VENV}: {error.strerror}", file=sys.stderr)
    except subprocess.CalledProcessError:
        print(
            f"set-up: not everything could be installed for Python {python}, see above;"
            " the next call tries again",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("set-up: interrupted; the next call starts again", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
