"""Adds sources to the text of a configuration and leaves every other character as it is."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from aggregator.config.tree import LOADER

_PLAIN = re.compile(r"[A-Za-z0-9][\w./:%?=&~+@-]*(?<!:)", re.ASCII)
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def add_sources(text: str, sources: Sequence[Mapping[str, str]]) -> str:
    """Return the text of a sound configuration with these sources at the end of its list.

    A source with nothing but an address is written as a bare one. Comments, order and style of
    what is there stay.
    """
    items = [_item(one) for one in sources]
    node = yaml.compose(text, Loader=LOADER)
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == "sources":
            if isinstance(value, yaml.SequenceNode) and value.value:
                return _append(text, value, items)
            return _replace_empty(text, key, value, items)
    gap = "" if not text or text.endswith("\n") else "\n"
    return text + gap + "sources:\n" + _block(items, 2)


def _append(text: str, node: yaml.SequenceNode, items: list[str]) -> str:
    last = _end(node.value[-1])
    if node.flow_style:
        return text[: last.index] + "".join(f", {item}" for item in items) + text[last.index :]
    end = text.find("\n", last.index)
    at = len(text) if end < 0 else end + 1
    gap = "" if text[:at].endswith("\n") else "\n"
    return text[:at] + gap + _block(items, node.start_mark.column) + text[at:]


def _replace_empty(text: str, key: yaml.Node, value: yaml.Node, items: list[str]) -> str:
    """Fill `sources:` that holds nothing yet: no value, null or []."""
    start, end = key.end_mark.index, value.end_mark.index
    colon = text.index(":", start) + 1
    rest = text[max(colon, end) :]
    comment, _, after = rest.partition("\n")
    return f"{text[:colon]}{comment}\n{_block(items, 2)}{after}"


def _end(node: Any) -> Any:
    """Return where the text of a node ends; libyaml ends a block only where the next begins."""
    while not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node.end_mark


def _block(items: list[str], indent: int) -> str:
    return "".join(f"{' ' * indent}- {item}\n" for item in items)


def _item(source: Mapping[str, str]) -> str:
    said = {key: value for key, value in source.items() if value}
    if set(said) == {"url"}:
        return _scalar(said["url"])
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in said.items()) + "}"


def _scalar(text: str) -> str:
    text = text.replace("$", "$$")
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
