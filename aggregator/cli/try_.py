"""`aggregator try`: applies cleaning, parsing or grouping to given values."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from aggregator.cli import file_arguments, json_lines
from aggregator.cli.options import read_config
from aggregator.cli.output import print_json, print_line, printable, working
from aggregator.core.errors import AggregatorError, BlockedAddress

if TYPE_CHECKING:
    from aggregator.core.settings import CleanOptions

# Each command imports what it needs when it runs: the imports are slow, and `--help` stays fast.

Row = dict[str, Any]

app = typer.Typer(
    no_args_is_help=True, help="Try applies cleaning, parsing or grouping to given values."
)

_Lines = Annotated[
    bool,
    typer.Option(
        "--jsonl", help="Read JSON lines from standard input or a file; print one reply per line."
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Base = Annotated[
    str, typer.Option("--base", metavar="URL", help="The base URL of relative links.")
]
_Title = Annotated[str, typer.Option("--title", metavar="T", help="The title of the entry.")]
_Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Use the cleaning rules of this configuration."),
]
_Url = Annotated[
    str, typer.Argument(metavar="URL", help="A URL; with --jsonl a file of JSON lines.")
]
_File = Annotated[str, typer.Argument(metavar="FILE", help="A file; - is standard input.")]


@app.command()
def image(
    value: _Url = "",
    jsonl: _Lines = False,
    base: _Base = "",
    config: _Config = None,
    json: _Json = False,
) -> None:
    """Unwrap the URL of an image from its proxies."""
    from aggregator.cli import try_rules  # noqa: PLC0415

    options = _default_options(config)
    if jsonl:
        _stream(value, partial(try_rules.image, defaults=options))
    else:
        row = {"input": _wanted(value, "URL"), "base": base}
        _show_steps(try_rules.image_steps(row, options), json=json)


@app.command()
def link(
    value: _Url = "",
    jsonl: _Lines = False,
    base: _Base = "",
    config: _Config = None,
    json: _Json = False,
) -> None:
    """Remove redirects and tracking from a link."""
    from aggregator.cli import try_rules  # noqa: PLC0415

    options = _default_options(config)
    if jsonl:
        _stream(value, partial(try_rules.link, defaults=options))
    else:
        row = {"input": _wanted(value, "URL"), "base": base}
        _show_steps(try_rules.link_steps(row, options), json=json)


@app.command()
def key(a: _Url = "", b: _Url = "", jsonl: _Lines = False, json: _Json = False) -> None:
    """Tell whether two URLs are the same page."""
    from aggregator.cli import try_rules  # noqa: PLC0415

    if jsonl:
        _stream(a, try_rules.key)
        return
    reply = try_rules.keys({"a": _wanted(a, "URL"), "b": _wanted(b, "second URL")})
    if json:
        print_json(reply)
        return
    for one, made in zip((a, b), reply["keys"], strict=True):
        print_line(printable(one))
        print_line(printable(f"  {made or 'not a web address'}"))
    print_line(reply["output"])


@app.command()
def html(  # noqa: PLR0917  typer reads the options off the signature
    value: _File = "-",
    jsonl: _Lines = False,
    base: _Base = "",
    title: _Title = "",
    config: _Config = None,
    json: _Json = False,
) -> None:
    """Clean an HTML fragment."""
    from aggregator.cli import try_rules  # noqa: PLC0415

    options = _default_options(config)
    if jsonl:
        _stream(value, partial(try_rules.html, defaults=options))
        return
    with _opened(value) as stream:
        written = stream.read(json_lines.MAX_LINE_BYTES).decode("utf-8", "replace")
    row = {"html": written, "base": base, "title": title}
    if json:
        print_json(try_rules.html(row, options))
        return
    for shown in try_rules.html_in_words(row, options):
        print_line(printable(shown))


@app.command()
def feed(value: _File = "-", jsonl: _Lines = False, json: _Json = False) -> None:
    """Parse a feed document or a dump."""
    from aggregator.cli import documents  # noqa: PLC0415

    if jsonl:
        _stream(value, lambda row: documents.read_path(json_lines.text(row, "path")))
        return
    with _opened(value) as stream:
        reply = documents.read_bytes(stream.read(documents.MAX_DOCUMENT_BYTES + 1), value)
    if json:
        print_json(reply)
        return
    for shown in documents.in_words(reply):
        print_line(printable(shown))


@app.command()
def article(  # noqa: PLR0917  typer reads the options off the signature
    value: Annotated[str, typer.Argument(metavar="URL|FILE", help="A URL or an HTML file.")],
    selector: Annotated[
        str, typer.Option("--selector", metavar="CSS", help="The selector of the article.")
    ] = "",
    strip: Annotated[
        list[str] | None,
        typer.Option("--strip", metavar="CSS", help="Remove these elements first; repeatable."),
    ] = None,
    base: _Base = "",
    title: _Title = "",
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Use the fetch settings and cleaning rules of this configuration.",
        ),
    ] = None,
    json: _Json = False,
) -> None:
    """Take the article from a page; tell what is taken and why."""
    from aggregator.cli import try_article  # noqa: PLC0415
    from aggregator.core.settings import CleanOptions, FetchSettings, FullText  # noqa: PLC0415

    settings, clean = FetchSettings(), CleanOptions()
    if config is not None:
        read = read_config(config)
        settings, clean = read.fetch, read.clean
    options = FullText(selector=selector, strip=tuple(strip or ()))
    with working("reading the page"):
        try:
            document = try_article.page_of(value, base, settings, options)
        except BlockedAddress as error:
            if config is not None:
                raise
            advice = "with --config FILE, the addresses that this configuration allows can be read"
            raise AggregatorError(f"{error}; {advice}") from None
        reply = try_article.read(document, title, options, clean)
    if json:
        print_json(reply)
        return
    for shown in try_article.in_words(reply):
        print_line(printable(shown))


@app.command()
def group(value: _File = "-", jsonl: _Lines = False, json: _Json = False) -> None:
    """Group entries from JSON lines; print the story of each."""
    from aggregator.cli import streams  # noqa: PLC0415

    with _opened(value) as stream:
        rows = list(json_lines.read(stream, "standard input" if value == "-" else value))
    with working("grouping"):
        stories = streams.group(rows)
    for row, story in zip(rows, stories, strict=True):
        if jsonl or json:
            print_json({"id": row.get("id"), "story": story})
        else:
            print_line(
                printable(f"{story.rpartition(':')[2]}  {row.get('id')}  {row.get('title')}")
            )


def _default_options(config: Path | None) -> "CleanOptions":
    """Return the cleaning options of a configuration, else the defaults."""
    if config is not None:
        return read_config(config).clean
    from aggregator.core.settings import CleanOptions  # noqa: PLC0415

    return CleanOptions()


def _stream(value: str, reply: Callable[[Row], Row]) -> None:
    with _opened(value or "-") as stream:
        name = value if value not in ("", "-") else "standard input"
        json_lines.answer(json_lines.read(stream, name), reply)


@contextmanager
def _opened(value: str) -> Iterator[BinaryIO]:
    if value == "-":
        yield sys.stdin.buffer
        return
    with file_arguments.opened(Path(value)) as file:
        yield file


def _wanted(value: str, name: str) -> str:
    if not value:
        raise AggregatorError(f"give a {name}, or --jsonl")
    return value


def _show_steps(reply: Row, *, json: bool) -> None:
    if json:
        print_json(reply)
        return
    for one in reply["steps"]:
        print_line(printable(one["rule"]))
        print_line(printable(f"  - {one['before']}"))
        print_line(printable(f"  + {one['after']}"))
    ending = "" if reply["steps"] else "  (no rule matched)"
    print_line(printable(reply["output"]) + ending)
