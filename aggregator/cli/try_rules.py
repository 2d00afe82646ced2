"""What the rules make of one value: an answer for each JSON line, or words for people."""

import difflib
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from aggregator import config
from aggregator.cli.json_lines import text
from aggregator.cli.output import json_line
from aggregator.core.errors import ConfigError
from aggregator.core.settings import CleanOptions
from aggregator.gather import cleaning
from aggregator.gather.cleaning.html import clean_body
from aggregator.text import urls

Row = dict[str, Any]

_BLOCKS = re.compile(
    r"(?=<(?:p|div|h[1-6]|ul|ol|li|figure|img|hr|br|table|blockquote|script)\b)", re.IGNORECASE
)


def image(row: Row, usual: CleanOptions) -> Row:
    """Answer {input, base?, options?} with {output}."""
    options, fault = _options(row, usual)
    made = cleaning.unwrap_image(text(row, "input"), options.images, base=text(row, "base"))
    return {"output": made} | fault


def image_steps(row: Row, usual: CleanOptions) -> Row:
    """Answer {input, base?} with {input, output, steps}."""
    given, base = text(row, "input"), text(row, "base")
    return _steps(given, given, cleaning.trace_image(given, usual.images, base=base))


def link(row: Row, usual: CleanOptions) -> Row:
    """Answer {input, base?} with {output}."""
    return {"output": cleaning.clean_link(_seen(row), usual.links)}


def link_steps(row: Row, usual: CleanOptions) -> Row:
    """Answer {input, base?} with {input, output, steps}."""
    seen = _seen(row)
    return _steps(text(row, "input"), seen, cleaning.trace_link(seen, usual.links))


def key(row: Row, _usual: CleanOptions) -> Row:
    """Answer {a, b} with {output}: same or different."""
    a, b = text(row, "a"), text(row, "b")
    same = a == b or cleaning.link_key(a) == cleaning.link_key(b) != ""
    return {"output": "same" if same else "different"}


def keys(row: Row) -> Row:
    """Answer {a, b} with {output, keys}."""
    made = [cleaning.link_key(text(row, name)) for name in ("a", "b")]
    return key(row, CleanOptions()) | {"keys": made}


def html(row: Row, usual: CleanOptions) -> Row:
    """Answer {html, title?, base?, options?} with {html}."""
    options, fault = _options(row, usual)
    base, title = text(row, "base"), text(row, "title")
    made = cleaning.clean_html(text(row, "html"), base=base, title=title, options=options)
    return {"html": made} | fault


def html_in_words(row: Row, usual: CleanOptions) -> Iterator[str]:
    """Yield which rules took something out of {html, title?, base?}, and the difference."""
    before = text(row, "html")
    made = clean_body(before, base=text(row, "base"), title=text(row, "title"), options=usual)
    for rule in made.removed:
        yield f"removed by {rule}"
    yield from difflib.unified_diff(
        _cut(before), _cut(made.html), "before", "after", lineterm="", n=1
    )


def _seen(row: Row) -> str:
    given, base = text(row, "input"), text(row, "base")
    return urls.absolute(base, given) if base else given


def _steps(given: str, seen: str, steps: tuple[cleaning.Step, ...]) -> Row:
    shown = [{"rule": one.rule, "before": one.before, "after": one.after} for one in steps]
    return {"input": given, "output": steps[-1].after if steps else seen, "steps": shown}


def _options(row: Row, usual: CleanOptions) -> tuple[CleanOptions, Row]:
    """Return a row's options; if it has none, or faulty ones, the usual."""
    given = row.get("options")
    if not isinstance(given, dict) or not given:
        return usual, {}
    try:
        return _read_options(json_line(given)), {}
    except ConfigError as error:
        return usual, {"error": str(error)}


@cache
def _read_options(written: str) -> CleanOptions:
    return config.options(json.loads(written))


def _cut(written: str) -> list[str]:
    """Break HTML before each tag that begins a block, so that a difference has lines."""
    return [part.strip() for part in _BLOCKS.split(written) if part.strip()]
