"""Generate the tables of docs/configuration.md: `python -m aggregator.config.reference FILE`."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aggregator.config.loading import schema

_BLOCK = re.compile(r"(<!-- keys of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = "| key | type | default | meaning | example |\n|---|---|---|---|---|\n"


def fill(text: str) -> str:
    """Fill in the table of each model between `<!-- keys of FetchModel -->` and `<!-- end -->`."""
    made = schema()
    models = made["$defs"] | {"ConfigModel": made}

    def table(match: re.Match[str]) -> str:
        """Return the markers with the table between them."""
        rows = "".join(f"| {' | '.join(row)} |\n" for row in _rows(models[match[2]]))
        return match[1] + _HEAD + rows + match[3]

    return _BLOCK.sub(table, text)


def _rows(model: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, field in model["properties"].items():
        default = "required" if name in model.get("required", ()) else _default(field)
        example = next(iter(field.get("examples", ())), None)
        yield (
            f"`{name}`",
            _kind(field).replace("|", "\\|"),
            default,
            field["description"].replace("|", "\\|"),
            "" if example is None else f"`{name}: {_yaml(example)}`",
        )


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    if isinstance(default, dict) and default:
        return "see the section"
    return "–" if default in (None, "", [], {}) else f"`{_yaml(default)}`"


def _kind(field: Mapping[str, Any]) -> str:
    """Return the type of a value in words."""
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    if "$ref" in field:
        return "section"
    if "anyOf" in field:
        kinds = [_kind(one) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if field.get("type") == "array":
        return "list" if "prefixItems" not in field else "pair"
    if "pattern" in field:
        return "size" if "KiB" in field["pattern"] else "duration"
    words = {"string": "text", "integer": "number", "boolean": "true or false", "object": "mapping"}
    return words[field["type"]]


def _yaml(value: Any) -> str:
    """Format a value as YAML on one line."""
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[#*{}\[\],$&]|: ", text) else text


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(fill(file.read_text(encoding="utf-8")), encoding="utf-8")
