"""Hold each lock to be complete: all that its packages require is in it, in a version that fits.

Read from what is installed, for each Python and system that is supported, extras and markers
included; so nothing but the lock decides what is installed, on any day.
"""

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11.0", "3.11.14", "3.12.12", "3.13.9", "3.14.1")
SYSTEMS = (
    ("linux", "Linux", "x86_64"),
    ("linux", "Linux", "aarch64"),
    ("darwin", "Darwin", "arm64"),
)
Environment = dict[str, str]
Requires = Callable[[str, str], list[str] | None]  # a package and its version → its requirements


@dataclass(frozen=True, slots=True)
class Locked:
    """One line of a lock."""

    name: str
    version: str
    marker: Marker | None
    hashes: int

    def is_meant_for(self, environment: Environment) -> bool:
        """Whether it is installed there."""
        return self.marker is None or self.marker.evaluate({**environment, "extra": ""})


def parse(text: str) -> Iterator[Locked]:
    """Yield the lines of a lock; a line that pins nothing is an error."""
    for line in text.replace("\\\n", " ").splitlines():
        words = re.sub(r"(^|\s)#.*", "", line)
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)", words)
        if not (bare := re.sub(r"--hash=\S+", "", words).strip()):
            continue
        requirement = Requirement(bare)
        pins = list(requirement.specifier)
        if len(pins) != 1 or pins[0].operator != "==" or "*" in pins[0].version:
            raise InvalidRequirement(f"{bare} names no version")
        name = canonicalize_name(requirement.name)
        yield Locked(name, pins[0].version, requirement.marker, len(hashes))


def environments() -> Iterator[Environment]:
    """Yield what markers are judged by, on each Python and system that is supported."""
    for python in PYTHONS:
        for sys_platform, system, machine in SYSTEMS:
            yield {
                "implementation_name": "cpython",
                "implementation_version": python,
                "os_name": "posix",
                "platform_machine": machine,
                "platform_python_implementation": "CPython",
                "platform_release": "",
                "platform_system": system,
                "platform_version": "",
                "python_full_version": python,
                "python_version": python.rpartition(".")[0],
                "sys_platform": sys_platform,
            }


def installed(name: str, version: str) -> list[str] | None:
    """Return what an installed package requires; None if this version is not installed."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    return (found.requires or []) if found.version == version else None


def unmet(
    lines: list[Locked], wanted: list[str], environment: Environment, requires: Requires
) -> Iterator[str]:
    """Yield what is missing from a lock in one environment, and what nothing there asks for."""
    here = {line.name: line for line in lines if line.is_meant_for(environment)}
    todo = [("pyproject.toml", "", one) for one in wanted]
    done: set[tuple[str, str]] = set()
    while todo:
        asker, extra, text = todo.pop()
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        if not (line := here.get(name)):
            yield f"{asker} requires {text}, which is not locked"
            continue
        if not requirement.specifier.contains(line.version, prereleases=True):
            yield f"{asker} requires {text}, and {line.version} is locked"
        for inner in {"", *requirement.extras} - {one for at, one in done if at == name}:
            done.add((name, inner))
            todo += [(name, inner, one) for one in requires(name, line.version) or []]
    for orphan in sorted(here.keys() - {at for at, _ in done}):
        yield f"{orphan} is locked, and nothing requires it"


def faults(text: str, wanted: list[str], requires: Requires = installed) -> Iterator[str]:
    """Yield what is wrong with a lock, each fault once with the first environment that has it."""
    try:
        lines = list(parse(text))
    except InvalidRequirement as error:
        yield str(error)
        return
    for line in lines:
        if not line.hashes:
            yield f"{line.name} has no hash"
    seen: set[str] = set()
    for environment in environments():
        where = f"Python {environment['python_full_version']}, {environment['sys_platform']}"
        for fault in unmet(lines, wanted, environment, requires):
            if fault not in seen:
                seen.add(fault)
                yield f"{fault} ({where} {environment['platform_machine']})"


def group(project: dict[str, Any], name: str) -> list[str]:
    """Return the requirements of a dependency group, with those of the groups that it includes."""
    found: list[str] = []
    for one in project["dependency-groups"][name]:
        found += [one] if isinstance(one, str) else group(project, one["include-group"])
    return found


def roots(project: dict[str, Any]) -> dict[str, list[str]]:
    """Return what each lock is made of."""
    run = project["project"]["dependencies"]
    extras = project["project"].get("optional-dependencies", {})
    return {
        "run": run,
        **{name: [*run, *extras[name]] for name in extras.keys() & {"scale"}},
        "build": [*project["build-system"]["requires"], *group(project, "build")],
        "dev": [*run, *group(project, "dev")],
    }


def unread(text: str) -> Iterator[str]:
    """Yield what a lock installs here and is not installed, so that its requirements are unknown."""
    for line in parse(text):
        if (line.marker is None or line.marker.evaluate()) and (
            installed(line.name, line.version) is None
        ):
            yield f"{line.name} {line.version} is locked and not installed"


def main() -> int:
    """Check the locks of this project, or those named; 1 if one is at fault."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = roots(project)
    found = []
    for name in sys.argv[1:] or wanted:
        text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
        found += [f"{name}.lock: {one}" for one in [*faults(text, wanted[name]), *unread(text)]]
    print("\n".join(found) or "locks: complete")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
