"""Edit the list of sources in the text of a configuration; all other characters stay.

PyYAML's marks give the positions; the text itself is edited. A round trip through a YAML library
would keep comments, but not the layout of lists, long lines and quotes.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from aggregator.config.yaml_tree import LOADER
from aggregator.core.errors import AggregatorError

_Edit = tuple[int, int, str]  # start, end, replacement
_ALIAS = "this source, or a part of it, is a YAML alias: edit the file by hand"

_PLAIN_SCALAR = re.compile(r"[A-Za-z0-9][\w./:%?=&~+@-]*(?<!:)", re.ASCII)
_YAML_KEYWORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class EditError(AggregatorError):
    """The text cannot be edited by a command; the message says why."""


def add_sources(text: str, sources: Sequence[Mapping[str, str]]) -> str:
    """Return the text of a valid configuration with these sources appended to its list.

    A source with nothing but a URL is written as a bare URL. Comments, order and style stay.
    """
    items = [_item(one) for one in sources]
    node = yaml.compose(text, Loader=LOADER)
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == "sources":
            if isinstance(value, yaml.SequenceNode) and value.value:
                return _append(text, value, items)
            return _replace_empty(text, key, value, items)
    end = _newline(text)
    gap = "" if not text or text.endswith("\n") else end
    return f"{text}{gap}sources:{end}{_block(items, 2, end)}"


def _append(text: str, node: yaml.SequenceNode, items: list[str]) -> str:
    last = _end(node.value[-1])
    if node.flow_style:
        return text[: last.index] + "".join(f", {item}" for item in items) + text[last.index :]
    at, end = _line_end(text, last), _newline(text)
    gap = "" if text[:at].endswith("\n") else end
    return text[:at] + gap + _block(items, node.start_mark.column, end) + text[at:]


def _replace_empty(text: str, key: yaml.Node, value: yaml.Node, items: list[str]) -> str:
    """Fill an empty `sources:`: no value, null or []."""
    start, end = key.end_mark.index, value.end_mark.index
    colon = text.index(":", start) + 1
    rest = text[max(colon, end) :]
    comment, _, after = rest.partition("\n")
    line = _newline(text)
    comment = comment.removesuffix("\r")
    return f"{text[:colon]}{comment}{line}{_block(items, 2, line)}{after}"


def _end(node: Any) -> Any:
    """Return the mark where the text of a node ends; libyaml ends a block where the next begins."""
    while not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node.end_mark


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _block(items: list[str], indent: int, end: str) -> str:
    return "".join(f"{' ' * indent}- {item}{end}" for item in items)


def _item(source: Mapping[str, str]) -> str:
    given = {key: value for key, value in source.items() if value}
    if set(given) == {"url"}:
        return _scalar(given["url"])
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in given.items()) + "}"


def _scalar(text: str) -> str:
    text = text.replace("$", "$$")
    if _PLAIN_SCALAR.fullmatch(text) and text.lower() not in _YAML_KEYWORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


# --- one source ----------------------------------------------------------------------------


def remove_source(text: str, number: int) -> str:
    """Return the text without the source of this number (from 0); comments around it stay."""
    node = _sources(text)
    items = node.value
    _check_not_alias(node, number)
    if node.flow_style:
        cuts = [_flow_cut(items, number)]
    else:
        start = _dash(text, node, items[number])
        cuts = [(start, _line_end(text, _end(items[number])))]
    return _apply(text, [(start, end, "") for start, end in cuts])


def set_key(text: str, number: int, key: str, value: str | Sequence[str]) -> str:
    """Return the text with a key of the source of this number (from 0) set; the rest stays."""
    node = _sources(text)
    _check_not_alias(node, number)
    item, written = node.value[number], _value(value)
    if isinstance(item, yaml.ScalarNode):
        return _apply(text, _from_bare(text, item, key, written, in_flow=bool(node.flow_style)))
    pairs = item.value
    for name, held in pairs:
        if name.value == key:
            return _apply(text, [_replacement(text, name, held, written)])
    last = pairs[-1][1]
    _check_value_not_alias(item, pairs[-1])
    if item.flow_style:
        at = _end(last).index
        return _apply(text, [(at, at, f", {key}: {written}")])
    at = _line_end(text, _end(last))
    indent = " " * pairs[0][0].start_mark.column
    return _apply(text, [(at, at, _line_at(text, at, f"{indent}{key}: {written}"))])


def remove_key(text: str, number: int, key: str) -> str:
    """Return the text without this key of the source of this number (from 0)."""
    node = _sources(text)
    _check_not_alias(node, number)
    item = node.value[number]
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    place = next((n for n, (name, _) in enumerate(pairs) if name.value == key), None)
    if place is None:
        return text
    _check_value_not_alias(item, pairs[place])
    if place == 0:
        start, end = pairs[0][0].start_mark.index, pairs[1][0].start_mark.index
    elif item.flow_style:
        start, end = _end(pairs[place - 1][1]).index, _end(pairs[place][1]).index
    else:
        begin = pairs[place][0].start_mark.index
        start = text.rfind("\n", 0, begin) + 1
        end = _line_end(text, _end(pairs[place][1]))
    return _apply(text, [(start, end, "")])


def rename_in_feeds(text: str, old: str, new: str) -> str:
    """Return the text with a source renamed in the feeds that list it; '' removes it from them.

    Raises EditError if a feed lists no other source: an empty list would select all sources.
    """
    edits: list[_Edit] = []
    for feed, pairs in _feeds(text):
        for name, held in pairs:
            if name.value != "sources":
                continue
            _check_value_not_alias(feed, (name, held))
            listed = held.value if isinstance(held, yaml.SequenceNode) else [held]
            edits += _renamed(text, held, listed, old, new)
    return _apply(text, edits)


def _renamed(text: str, held: Any, listed: list[Any], old: str, new: str) -> Iterator[_Edit]:
    places = [n for n, one in enumerate(listed) if one.value == old]
    for place in places:
        if new:
            yield (listed[place].start_mark.index, listed[place].end_mark.index, _scalar(new))
        elif len(listed) == 1:
            raise EditError(f"a feed lists only the source {old}: remove that feed first")
        elif held.flow_style:
            yield (*_flow_cut(listed, place), "")
        else:
            yield (_dash(text, held, listed[place]), _line_end(text, _end(listed[place])), "")


def _feeds(text: str) -> Iterator[tuple[Any, list[Any]]]:
    found = _section(text, "feeds")
    for feed in found.value if isinstance(found, yaml.SequenceNode) else ():
        if isinstance(feed, yaml.MappingNode):
            yield feed, feed.value


def _sources(text: str) -> Any:
    found = _section(text, "sources")
    if not isinstance(found, yaml.SequenceNode):
        raise EditError("the file has no list of sources")
    return found


def _section(text: str, key: str) -> Any:
    node = yaml.compose(text, Loader=LOADER)
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _check_not_alias(node: Any, number: int) -> None:
    """Raise EditError if the source is an alias (*name) of one elsewhere in the file."""
    starts = [one.start_mark.index for one in node.value]
    inside = node.start_mark.index <= starts[number] < _end(node).index
    later = all(one < starts[number] for one in starts[:number])
    if not (inside and later):
        raise EditError(_ALIAS)


def _check_value_not_alias(item: Any, pair: tuple[Any, Any]) -> None:
    """Raise EditError if the value is an alias of one elsewhere in the file."""
    name, held = pair
    if not name.end_mark.index <= held.start_mark.index <= item.end_mark.index:
        raise EditError(_ALIAS)


def _replacement(text: str, name: Any, held: Any, written: str) -> _Edit:
    start, end = held.start_mark.index, _end(held).index
    if start < name.end_mark.index:
        raise EditError(_ALIAS)
    if start == end:  # no value yet: put a space before it
        colon = text.index(":", name.end_mark.index) + 1
        return colon, colon, f" {written}"
    return start, end, written


def _from_bare(text: str, item: Any, key: str, written: str, *, in_flow: bool) -> list[_Edit]:
    """Turn a bare URL into a mapping with this key."""
    start, end = item.start_mark.index, item.end_mark.index
    if in_flow:
        return [(start, start, "{url: "), (end, end, f", {key}: {written}}}")]
    at = _line_end(text, item.end_mark)
    line = f"{' ' * item.start_mark.column}{key}: {written}"
    return [(start, start, "url: "), (at, at, _line_at(text, at, line))]


def _flow_cut(items: Sequence[Any], number: int) -> tuple[int, int]:
    """Return the span of an item of a flow list, including its comma."""
    if number:
        return _end(items[number - 1]).index, _end(items[number]).index
    after = items[1].start_mark if len(items) > 1 else _end(items[0])
    return items[0].start_mark.index, after.index


def _dash(text: str, node: Any, item: Any) -> int:
    """Return the start of the line with the dash of an item."""
    column, start = node.start_mark.column, item.start_mark.index
    while start > 0:
        start = text.rfind("\n", 0, start) + 1
        if text[start : start + column + 1].strip() == "-":
            return start
        start -= 1
    raise EditError(_ALIAS)


def _line_end(text: str, mark: Any) -> int:
    """Return the start of the line after a mark."""
    if mark.column == 0 and text[: mark.index].endswith("\n"):
        return int(mark.index)
    end = text.find("\n", mark.index)
    return len(text) if end < 0 else end + 1


def _line_at(text: str, at: int, line: str) -> str:
    """Return a line to insert between lines, with the line endings of the text."""
    end = _newline(text)
    return line + end if not at or text[:at].endswith("\n") else end + line


def _apply(text: str, edits: Sequence[_Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _value(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return value if value in ("true", "false") else _scalar(value)
    return f"[{', '.join(map(_scalar, value))}]"
