"""`aggregator try`: the rules on one value, or on JSON lines from standard input."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from aggregator.cli import lines
from aggregator.cli.output import json_line, printable, say, say_json
from aggregator.errors import AggregatorError, ConfigError

if TYPE_CHECKING:
    from aggregator.cleaning import Step
    from aggregator.settings import CleanOptions

Row = dict[str, Any]

app = typer.Typer(
    no_args_is_help=True, help="Try the rules on one value, or on JSON lines from standard input."
)

_Lines = Annotated[
    bool,
    typer.Option("--jsonl", help="JSON lines from standard input (or FILE), one answer a line."),
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object in place of words.")]
_Base = Annotated[str, typer.Option("--base", metavar="URL", help="What it is relative to.")]
_Title = Annotated[str, typer.Option("--title", help="The title of the entry.")]
_File = Annotated[str, typer.Argument(metavar="FILE", help="A file; - is standard input.")]


def _value(what: str) -> Any:
    return typer.Argument(metavar=what, help="With --jsonl: a file of JSON lines.")


_Url = Annotated[str, _value("URL")]


@app.command()
def image(value: _Url = "", jsonl: _Lines = False, base: _Base = "", json: _Json = False) -> None:
    """Take an image's address out of its proxies: {id,input,base?,options?} → {id,output}."""
    if jsonl:
        _stream(value, _image_row)
        return
    from aggregator import cleaning  # noqa: PLC0415  the rules: only what tries them loads them

    _show_steps(_wanted(value, "URL"), cleaning.trace_image(value, base=base), json=json)


@app.command()
def link(value: _Url = "", jsonl: _Lines = False, base: _Base = "", json: _Json = False) -> None:
    """Take redirects and tracking off a link: {id,input,base?} → {id,output}."""
    if jsonl:
        _stream(value, _link_row)
        return
    from aggregator import cleaning, urls  # noqa: PLC0415  as above

    seen = urls.absolute(base, _wanted(value, "URL")) if base else _wanted(value, "URL")
    _show_steps(value, cleaning.trace_link(seen), json=json, start=seen)


@app.command()
def key(a: _Url = "", b: _Url = "", jsonl: _Lines = False, json: _Json = False) -> None:
    """Say whether two addresses are of one page: {id,a,b} → {id,output}."""
    if jsonl:
        _stream(a, _key_row)
        return
    from aggregator import cleaning  # noqa: PLC0415  as above

    _wanted(b, "second URL")
    keys = [cleaning.link_key(one) for one in (a, b)]
    reply = _key_row({"a": a, "b": b}) | {"keys": keys}
    if json:
        say_json(reply)
        return
    for one, made in zip((a, b), keys, strict=True):
        say(printable(one))
        say(printable(f"  {made or 'is no web address'}"))
    say(str(reply["output"]))


@app.command()
def html(
    value: _File = "-",
    jsonl: _Lines = False,
    base: _Base = "",
    title: _Title = "",
    json: _Json = False,
) -> None:
    """Clean a piece of HTML: {id,html,title?,base?,options?} → {id,html}."""
    if jsonl:
        _stream(value, _html_row)
        return
    with _opened(value) as stream:
        text = stream.read(lines.LONGEST).decode("utf-8", "replace")
    reply = _html_row({"html": text, "base": base, "title": title})
    if json:
        say_json(reply)
        return
    _show_html(text, reply["html"], base, title)


@app.command()
def feed(value: _File = "-", jsonl: _Lines = False, json: _Json = False) -> None:
    """Read a feed document or dump: {id,path} → {id,outcome,feed,entries}."""
    # the parsers: only what tries them loads them
    from aggregator.cli import documents  # noqa: PLC0415

    if jsonl:
        _stream(value, lambda row: documents.read_path(lines.text(row, "path")))
        return
    with _opened(value) as stream:
        reply = documents.read_bytes(stream.read(documents.LARGEST + 1), value)
    if json:
        say_json(reply)
        return
    for shown in documents.in_words(reply):
        say(printable(shown))


@app.command()
def group(value: _File = "-", jsonl: _Lines = False, json: _Json = False) -> None:
    """Group entries: {id,title,html|text,published?,source?,link?,lang?} → {id,story}."""
    # the grouping and numpy: only what tries them loads them
    from aggregator.cli import streams  # noqa: PLC0415

    with _opened(value) as stream:
        rows = list(lines.read(stream, value))
    stories = streams.group_rows(rows)
    for row, story in zip(rows, stories, strict=True):
        reply = {"id": row.get("id"), "story": story}
        if jsonl or json:
            say_json(reply)
        else:
            say(printable(f"{story.rpartition(':')[2]}  {row.get('id')}  {row.get('title')}"))


# --- one answer a line -------------------------------------------------------------------------


def _stream(value: str, reply: Callable[[Row], Row]) -> None:
    with _opened(value or "-") as stream:
        lines.answer(lines.read(stream, value or "standard input"), reply)


@contextmanager
def _opened(value: str) -> Iterator[BinaryIO]:
    if value == "-":
        yield sys.stdin.buffer
        return
    with Path(value).open("rb") as file:
        yield file


def _image_row(row: Row) -> Row:
    from aggregator import cleaning  # noqa: PLC0415  loaded already

    given = lines.text(row, "input")
    options, fault = _options(row)
    made = cleaning.unwrap_image(given, options.images, base=lines.text(row, "base"))
    return {"output": made} | fault


def _link_row(row: Row) -> Row:
    from aggregator import cleaning, urls  # noqa: PLC0415  loaded already

    given, base = lines.text(row, "input"), lines.text(row, "base")
    return {"output": cleaning.clean_link(urls.absolute(base, given) if base else given)}


def _key_row(row: Row) -> Row:
    from aggregator import cleaning  # noqa: PLC0415  loaded already

    a, b = lines.text(row, "a"), lines.text(row, "b")
    same = a == b or cleaning.link_key(a) == cleaning.link_key(b) != ""
    return {"output": "same" if same else "different"}


def _html_row(row: Row) -> Row:
    from aggregator import cleaning  # noqa: PLC0415  loaded already

    options, fault = _options(row)
    base, title = lines.text(row, "base"), lines.text(row, "title")
    made = cleaning.clean_html(lines.text(row, "html"), base=base, title=title, options=options)
    return {"html": made} | fault


def _options(row: Row) -> "tuple[CleanOptions, Row]":
    """Return a row's options; if they are faulty the usual ones, and what is wrong."""
    given = row.get("options")
    try:
        return _read_options(json_line(given if isinstance(given, dict) else {})), {}
    except ConfigError as error:
        return _read_options("{}"), {"error": str(error)}


@cache
def _read_options(text: str) -> "CleanOptions":
    import json  # noqa: PLC0415  its name is an option's elsewhere in this file

    from aggregator import config  # noqa: PLC0415  pydantic and yaml: a tenth of a second
    from aggregator.settings import CleanOptions  # noqa: PLC0415

    values = json.loads(text)
    return config.options(values) if values else CleanOptions()


# --- in words ----------------------------------------------------------------------------------


def _wanted(value: str, name: str) -> str:
    if not value:
        raise AggregatorError(f"give a {name}, or --jsonl")
    return value


def _show_steps(
    value: str, steps: "tuple[Step, ...]", *, json: bool, start: str | None = None
) -> None:
    made = steps[-1].after if steps else (start or value)
    if json:
        shown = [{"rule": one.rule, "before": one.before, "after": one.after} for one in steps]
        say_json({"input": value, "output": made, "steps": shown})
        return
    for one in steps:
        say(printable(one.rule))
        say(printable(f"  - {one.before}"))
        say(printable(f"  + {one.after}"))
    say(printable(made) if steps else f"{printable(made)}  (no rule matched)")


def _show_html(before: str, after: str, base: str, title: str) -> None:
    import difflib  # noqa: PLC0415  only words need it

    from aggregator.cleaning.html import clean_body  # noqa: PLC0415  loaded already

    for rule in clean_body(before, base=base, title=title).removed:
        say(f"removed by {rule}")
    pairs = difflib.unified_diff(_cut(before), _cut(after), "before", "after", lineterm="", n=1)
    for one in pairs:
        say(printable(one))


def _cut(html_: str) -> list[str]:
    """Break HTML before each tag that begins a block, so that a diff has lines."""
    import re  # noqa: PLC0415  only words need it

    parts = re.split(
        r"(?=<(?:p|div|h[1-6]|ul|ol|li|figure|img|hr|br|table|blockquote|script)\b)", html_
    )
    return [part.strip() for part in parts if part.strip()]
