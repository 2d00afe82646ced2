"""Runs the console blocks of a page as a reader would, in order, and compares what is printed.

`python -m tests.console PAGE...` writes into the pages what is printed now, where it is something else.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ASIDE = (  # what differs from run to run
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "<time>"),
    (re.compile(r"(?<![\w.+-])\d+\.\d(?![\w.%])"), "<seconds>"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, where it stands and in which language."""

    line: int
    language: str
    text: str

    def steps(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each command with what the page says that it prints."""
        command, printed = "", list[str]()
        for line in self.text.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, printed
                command, printed = line[2:], []
            else:
                printed.append(line)
        yield command, printed


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [
        Block(text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in _BLOCK.finditer(text)
    ]


def aside(line: str) -> str:
    """Return a line without what differs from run to run: times, durations, widths of columns."""
    for pattern, name in _ASIDE:
        line = pattern.sub(name, line)
    return line.rstrip()


def fits(printed: list[str], expected: list[str]) -> bool:
    """Whether what is printed is what the page says; `…` stands for anything, alone for any lines."""
    pattern = "".join(
        "(?:.*\n)*?" if line == "…" else re.escape(aside(line)).replace("…", ".*") + "\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{aside(line)}\n" for line in printed)) is not None


class Reader:
    """Somebody with a home folder who types what a page says."""

    def __init__(self, home: Path, programs: Path) -> None:
        self.home = home
        self.folder = home
        self._environment = {
            "HOME": str(home),
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
        }

    def type(self, command: str, expected: list[str]) -> list[str]:
        """Run a command where the last one ended; return the lines that it prints.

        A file that is shown and is not there yet is made as it is shown.
        """
        words = command.split()
        if words[0] == "cat" and not (shown := self.folder / words[1]).exists():
            shown.parent.mkdir(parents=True, exist_ok=True)
            shown.write_text("\n".join(expected) + "\n", encoding="utf-8")
        at = self.home.parent / "at"
        done = subprocess.run(
            ["sh", "-c", f"{command}\npwd > {at}"],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        self.folder = Path(at.read_text(encoding="utf-8").rstrip("\n"))
        return done.stdout.replace(str(self.home), "/home/me").splitlines()


def renew(text: str, reader: Reader) -> str:
    """Return a page with what its commands print; what fits stays as it is."""
    for block in blocks(text):
        if block.language != "console":
            continue
        lines = []
        for command, expected in block.steps():
            printed = expected if elsewhere(command) else reader.type(command, expected)
            lines += [f"$ {command}", *(expected if fits(printed, expected) else printed)]
        text = text.replace(block.text, "\n".join(lines) + "\n")
    return text


def elsewhere(command: str) -> bool:
    """Whether a command is tried in another place: those of make on new clones, see .ci/clones."""
    return command.startswith("make ")


def main() -> None:
    """Renew the pages that are named."""
    for page in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as place:
            home = Path(place, "me")
            home.mkdir()
            reader = Reader(home, Path(sys.executable).parent)
            page.write_text(renew(page.read_text(encoding="utf-8"), reader), encoding="utf-8")


if __name__ == "__main__":
    main()
