"""Try the steps of the Dockerfile without Docker: the same commands, in roots that begin empty.

A stage is a folder with the system's /usr bound into it, read-only, and a Python with pip in place of
that of the base image; RUN happens in it by chroot, COPY copies, and what the last stage starts runs
with its user, its environment, a root that cannot be written and a network of its own.
Needs root, and `unshare` of util-linux.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = Path(sys.base_prefix)
SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
FEED = "https://example.org/feed.xml"
HUNG = 120
README = """
unset AGGREGATOR_CONFIG HOME; cd /tmp && aggregator init news && cd news && aggregator check &&
aggregator fetch --source samples && aggregator stories list
"""


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments, comments and folds undone."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    folded = re.sub(r"\\\n", " ", "\n".join(lines))
    found = (line.strip().partition(" ") for line in folded.splitlines() if line.strip())
    return [(word.upper(), rest.strip()) for word, _, rest in found]


@dataclass
class Stage:
    """A root under way, and what was said of how to run in it."""

    root: Path
    folder: str = "/"
    user: str = "0:0"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Lay out an empty root."""
        for name in ("usr", "proc", "dev", "tmp", "root", *SYSTEM):
            system = Path("/", name)
            if system.is_symlink():
                (self.root / name).symlink_to(system.readlink())
            elif system.exists():
                (self.root / name).mkdir()
        (self.root / "tmp").chmod(0o1777)
        shutil.copytree("/etc", self.root / "etc", symlinks=True)
        self.inside(PYTHON).mkdir(parents=True, exist_ok=True)
        for parent in self.inside(PYTHON).relative_to(self.root).parents:
            (self.root / parent).chmod(0o755)
        self.environment = {"PATH": f"{PYTHON}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}

    def inside(self, path: str | Path) -> Path:
        """Return where a path of the root stands."""
        return self.root / str(Path(self.folder) / path).lstrip("/")

    def start(self, command: list[str], *, writable: bool = True) -> subprocess.Popen[str]:
        """Start a command in the root."""
        user, _, group = self.user.partition(":")
        mounts = [f"mount --bind {self.root} {self.root}"]
        for name in ("/usr", str(PYTHON), *(f"/{one}" for one in SYSTEM)):
            if Path(name).is_dir() and not Path(name).is_symlink():
                mounts += [f"mount --bind {name} {self.root}{name}"]
                mounts += [f"mount -o remount,bind,ro {self.root}{name}"]
        mounts += [f"mount --rbind /dev {self.root}/dev", f"mount -t proc proc {self.root}/proc"]
        if not writable:
            mounts += [f"mount --bind {self.root}{one} {self.root}{one}" for one in self.volumes]
            mounts += [f"mount -t tmpfs tmpfs {self.root}/tmp"]  # noqa: S108
            mounts += ["ip link set lo up"]
            mounts += [f"mount -o remount,bind,ro {self.root}"]
        enter = ["chroot", f"--userspec={user}:{group or user}", "--groups=", str(self.root)]
        there = ["sh", "-c", f'cd {self.folder} && exec "$@"', "sh", *command]
        # Docker resolves the entrypoint by the PATH of the image
        words = [*enter, "/usr/bin/env", "-i", *self.settings(), *there]
        script = f"set -e; {'; '.join(mounts)}; exec {shlex.join(words)}"
        spaces = ["--mount", "--pid", "--fork", "--kill-child"] + ([] if writable else ["--net"])
        return subprocess.Popen(
            ["unshare", *spaces, "sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def note(self, word: str, rest: str) -> bool:
        """Keep what an instruction says of the start; say whether it is one that is known."""
        match word:
            case "ENV":
                self.environment |= dict(one.split("=", 1) for one in shlex.split(rest))
            case "USER":
                self.user = rest
            case "VOLUME":
                self.volumes = json.loads(rest)
            case "ENTRYPOINT":
                self.entrypoint = json.loads(rest)
            case "CMD":
                self.command = json.loads(rest)
            case "HEALTHCHECK":
                self.health = json.loads(rest[rest.index("CMD") + 3 :])
            case _:
                return word in {"LABEL", "EXPOSE", "STOPSIGNAL"}
        return True

    def settings(self) -> list[str]:
        """Return the environment, for env(1)."""
        return [f"{name}={value}" for name, value in self.environment.items()]

    def run(self, command: str) -> None:
        """Do what RUN says."""
        process = self.start(["sh", "-c", command])
        out, _ = process.communicate()
        if process.returncode:
            sys.exit(f"{out}\nRUN {command}: status {process.returncode}")

    def copy(self, words: list[str], stages: dict[str, "Stage"]) -> None:
        """Do what COPY says, from the build context or from another stage."""
        source = ROOT
        if words[0].startswith("--from="):
            source = stages[words.pop(0).removeprefix("--from=")].root
        *names, target = words
        for name in names:
            origin = source / name.lstrip("/")
            place = self.inside(target)
            if origin.is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True, ignore=ignore)
            else:
                place = place / origin.name if target.endswith("/") or place.is_dir() else place
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(origin, place)


def build(text: str, place: Path) -> Stage:
    """Build all stages; return the last."""
    stages: dict[str, Stage] = {}
    for word, rest in instructions(text):
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "last"
            stage = stages[name] = Stage(place / name)
            stage.root.mkdir()
            stage.prepare()
        elif word == "WORKDIR":
            stage.folder = rest
            stage.inside(".").mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            stage.copy(shlex.split(rest), stages)
        elif word == "RUN":
            stage.run(rest)
        elif not stage.note(word, rest):
            sys.exit(f"{word} is not known here")
    stage.environment["PATH"] += f":{PYTHON}/bin"
    return stage


def expect(true: object, what: str, out: str = "") -> None:
    """End with a message if something is not so."""
    if not true:
        sys.exit(f"{out}\nimage: {what}")
    print(f"image: {what}: yes")


def answers(stage: Stage, command: list[str]) -> tuple[int, str]:
    """Return status and output of a command that ends by itself."""
    process = stage.start([*stage.entrypoint, *command], writable=False)
    out, _ = process.communicate(timeout=HUNG)
    return process.returncode, out


def healthy(stage: Stage, daemon: subprocess.Popen[str]) -> bool:
    """Ask HEALTHCHECK in the network of the daemon until it answers."""
    end = time.monotonic() + HUNG
    python = f"{PYTHON}/bin/python3"
    while daemon.poll() is None and time.monotonic() < end:
        child = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
        words = ["nsenter", "--net", "--target", *child[:1], python, *stage.health[1:]]
        if child and subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return True
        time.sleep(0.5)
    return False


def stop(daemon: subprocess.Popen[str]) -> tuple[int, str]:
    """Interrupt the daemon, as STOPSIGNAL says; return status and output."""
    (child,) = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
    os.kill(int(child), 2)
    out, _ = daemon.communicate(timeout=HUNG)
    return daemon.returncode, out


def prove(stage: Stage) -> None:
    """Start what the image starts, and try what a user of it does."""
    daemon = stage.start([*stage.entrypoint, *stage.command], writable=False)
    expect(healthy(stage, daemon), "it answers at /health, with a root that is read-only")
    status, out = stop(daemon)
    expect(status == 0 and "Traceback" not in out, "it ends cleanly", out)
    status, out = answers(stage, ["aggregator", "sources", "add", "--no-fetch", FEED])
    config = (stage.root / "config/aggregator.yaml").read_text(encoding="utf-8")
    expect(FEED in config, "sources are added to /config/aggregator.yaml", out)
    status, out = answers(stage, ["sh", "-c", README])
    expect("4 stories new" in out, "who has no home follows the README in an empty folder", out)
    for folder in stage.volumes:
        place = stage.root / folder.lstrip("/")
        os.chown(place, 1234, 5678)
        (place / "aggregator.yaml").unlink(missing_ok=True)
        status, out = answers(stage, stage.command)
        expect(status == 1 and len(out.splitlines()) == 1, "one line says who owns " + folder, out)
        expect("1234:5678" in out and "10001:10001" in out, "and whose it should be", out)
        os.chown(place, 10001, 10001)
    stage.user = "1234:5678"
    status, out = answers(stage, ["aggregator", "--version"])
    expect("1234:5678 cannot write /data" in out, "another user is told the same", out)
    for folder in stage.volumes:
        os.chown(stage.root / folder.lstrip("/"), 1234, 5678)
    status, out = answers(stage, ["aggregator", "check"])
    expect(status == 0, "and runs once the folders are his", out)


def main() -> None:
    """Build the image that the Dockerfile describes, and try it."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        stage = build((ROOT / "Dockerfile").read_text(encoding="utf-8"), Path(place))
        size = subprocess.run(
            ["du", "-sm", stage.root / "opt"], capture_output=True, text=True, check=True
        )
        print(f"image: {size.stdout.split()[0]} MB over the base image")
        prove(stage)


if __name__ == "__main__":
    main()
