"""The manual page, made of what each command says of itself: `python -m aggregator.cli.manual FILE`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import typer.main

from aggregator.cli.main import app

HEAD = """\
.\\" made by `make man`: what it says stands in the commands
.TH AGGREGATOR 1 "" "aggregator" "User Commands"
.SH NAME
aggregator \\- one clean merged feed of what many publishers report
.SH SYNOPSIS
.B aggregator
.I COMMAND
[\\fIARGUMENT\\fR]...
.SH DESCRIPTION
Follows many feeds, finds the entries that report one event, and publishes one feed with one entry a story.
\\fBaggregator init\\fR writes a configuration to start from, \\fBaggregator run\\fR is the daemon.
.SH COMMANDS
"""
TAIL = """\
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
nothing could be done; one line on standard error says why
.TP
.B 2
wrong usage, or a faulty configuration
.TP
.B 3
another process works in the data folder
.TP
.B 130
interrupted
.SH ENVIRONMENT
.TP
.B AGGREGATOR_CONFIG
the configuration, where no \\fB\\-\\-config\\fR is given
.TP
.B AGGREGATOR_LOG
\\fBjson\\fR turns what is logged into JSON lines
.TP
.B NO_COLOR
no colours
.TP
.B SSL_CERT_FILE, SSL_CERT_DIR
authorities that certificates are checked with
.SH FILES
.TP
.I config/aggregator.yaml
the configuration, where nothing else is named
"""


def commands(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by its full name."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield " ".join(names), command
    for name, one in inner.items():
        yield from commands(one, (*names, name))


def escape(text: str) -> str:
    """Make a text safe for roff: no letter of it is a command."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def describe(name: str, command: Any) -> Iterator[str]:
    """Yield the lines of one command: how it is called, what it does, what it takes."""
    context = typer.Context(command, info_name=f"aggregator {name}")
    pieces = " ".join(command.collect_usage_pieces(context))
    yield ".SS " + escape(f"aggregator {name} {pieces}".strip())
    paragraphs = (command.help or "").strip().split("\n\n")
    yield "\n.PP\n".join(escape(" ".join(one.split())) for one in paragraphs)
    for parameter in command.params:
        if record := parameter.get_help_record(context):
            yield f".TP\n.B {escape(record[0])}"
            yield escape(" ".join(record[1].split()))


def make() -> str:
    """Return the page."""
    root = typer.main.get_command(app)
    lines = [line for name, one in commands(root) for line in describe(name, one)]
    return HEAD + "\n".join(lines) + "\n" + TAIL


def main() -> None:
    """Write the page to the file that is named."""
    Path(sys.argv[1]).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
