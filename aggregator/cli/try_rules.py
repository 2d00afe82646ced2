"""Applies the cleaning rules to one value; used by `aggregator try`."""

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


def image(row: Row, defaults: CleanOptions) -> Row:
    """Reply to {input, base?, options?} with {output}."""
    options, fault = _options(row, defaults)
    made = cleaning.unwrap_image(text(row, "input"), options.images, base=text(row, "base"))
    return {"output": made} | fault


def image_steps(row: Row, defaults: CleanOptions) -> Row:
    """Reply to {input, base?} with {input, output, steps}."""
    given, base = text(row, "input"), text(row, "base")
    return _steps(given, given, cleaning.trace_image(given, defaults.images, base=base))


def link(row: Row, defaults: CleanOptions) -> Row:
    """Reply to {input, base?} with {output}."""
    return {"output": cleaning.clean_link(_seen(row), defaults.links)}


def link_steps(row: Row, defaults: CleanOptions) -> Row:
    """Reply to {input, base?} with {input, output, steps}."""
    seen = _seen(row)
    return _steps(text(row, "input"), seen, cleaning.trace_link(seen, defaults.links))


def key(row: Row) -> Row:
    """Reply to {a, b} with {output}: same or different."""
    a, b = text(row, "a"), text(row, "b")
    same = a == b or cleaning.link_key(a) == cleaning.link_key(b) != ""
    return {"output": "same" if same else "different"}


def keys(row: Row) -> Row:
    """Reply to {a, b} with {output, keys}."""
    made = [cleaning.link_key(text(row, name)) for name in ("a", "b")]
    return key(row) | {"keys": made}


def html(row: Row, defaults: CleanOptions) -> Row:
    """Reply to {html, title?, base?, options?} with {html}."""
    options, fault = _options(row, defaults)
    base, title = text(row, "base"), text(row, "title")
    made = cleaning.clean_html(text(row, "html"), base=base, title=title, options=options)
    return {"html": made} | fault


def html_in_words(row: Row, defaults: CleanOptions) -> Iterator[str]:
    """Yield which rules removed parts of {html, title?, base?}, and the diff."""
    before = text(row, "html")
    made = clean_body(before, base=text(row, "base"), title=text(row, "title"), options=defaults)
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


def _options(row: Row, defaults: CleanOptions) -> tuple[CleanOptions, Row]:
    """Return a row's options; if it has none, or faulty ones, the defaults."""
    given = row.get("options")
    if not isinstance(given, dict) or not given:
        return defaults, {}
    try:
        return _read_options(json_line(given)), {}
    except ConfigError as error:
        return defaults, {"error": str(error)}


@cache
def _read_options(written: str) -> CleanOptions:
    return config.clean_options(json.loads(written))


def _cut(written: str) -> list[str]:
    """Split HTML before block-level tags, so that a diff has lines."""
    return [part.strip() for part in _BLOCKS.split(written) if part.strip()]
