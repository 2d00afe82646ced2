"""Generates the tables of docs/rules.md: `python -m aggregator.gather.cleaning.rules_reference FILE`."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aggregator.text.urls import read_rules

_MARKED_TABLE = re.compile(r"(<!-- rules of ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WRAPPER_HEADER = "| rule | hosts | location of the URL | kind | note |\n|---|---|---|---|---|\n"
_SITE_HEADER = "| sites | parameters | |\n|---|---|---|\n"
_BLOCK_HEADER = "| rule | where | the complete text of the block |\n|---|---|---|\n"


def fill(text: str) -> str:
    """Fill in the table of each rule file between `<!-- rules of noise -->` and `<!-- end -->`."""

    def _replace(match: re.Match[str]) -> str:
        return match[1] + _TABLES[match[2]](match[2]) + match[3]

    return _MARKED_TABLE.sub(_replace, text)


def _wrapper_table(name: str) -> str:
    rows = (_row(_wrapper_cells(rule)) for rule in read_rules(name)["wrappers"])
    return _WRAPPER_HEADER + "".join(rows)


def _wrapper_cells(rule: Mapping[str, Any]) -> tuple[str, ...]:
    hosts = ", ".join(_code(host) for host in rule["hosts"])
    kind = rule.get("kind", "relay") + ("" if rule.get("enabled", True) else ", off")
    place = _code(rule["at"]) if "at" in rule else ""
    if "path" in rule:
        place += f" if the path matches {_code(rule['path'])}"
    if "needs" in rule:
        place += f" and the query matches {_code(rule['needs'])}"
    return rule["id"], hosts, place, kind, rule.get("note", "")


def _tracking_table(name: str) -> str:
    rules = read_rules(name)
    everywhere = _codes(rules["names"])
    signed = _codes(rules["signed"])
    rows = "".join(_row(row) for row in _site_rows(rules["sites"]))
    return (
        f"Removed from every URL: {everywhere}.\n\n"
        f"A URL with one of these is signed and stays unchanged: {signed}.\n\n{_SITE_HEADER}{rows}"
    )


def _site_rows(sites: list[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for site in sites:
        more = [f"fragment {_code(site['fragment'])}"] if "fragment" in site else []
        more += [f"in the path {_code(site['cut'])}"] if "cut" in site else []
        yield _codes(site["hosts"]), _codes(site.get("names", [])), ", ".join(more)


def _noise_table(name: str) -> str:
    rules = read_rules(name)
    rows = "".join(
        _row((rule["id"], _place(rule), _code(rule["text"]))) for rule in rules["blocks"]
    )
    lists = (
        ("Elements with one of these classes are removed", rules["classes"]),
        (
            "Elements with one of these classes are removed unless they contain most of the text",
            rules["hiding"],
        ),
        ("Elements with one of these ids are removed", rules["ids"]),
        ("Share links to these hosts are removed", list(rules["share_links"])),
        (
            "Tracking pixels from these hosts are removed, unless size and alternative text show content",
            [*rules["pixel_hosts"], *rules["pixel_starts"]],
        ),
        (
            "Objects of these hosts become links even if they have fallback content",
            rules["embeds"],
        ),
    )
    visible_chars = "".join(f"{what}: {_codes(names)}.\n\n" for what, names in lists)
    return f"{visible_chars}{_BLOCK_HEADER}{rows}"


def _place(rule: Mapping[str, Any]) -> str:
    place = {"start": "at the start", "end": "at the end"}.get(rule.get("at", ""), "anywhere")
    lines = ", lines too" if rule.get("line") else ""
    return place + (", mostly links" if rule.get("linked") else "") + lines


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _codes(names: list[str]) -> str:
    return ", ".join(_code(name) for name in names)


def _code(text: str) -> str:
    """Return inline code, escaped for a table."""
    return f"`{text.replace('|', chr(92) + '|')}`"


_TABLES: dict[str, Callable[[str], str]] = {
    "image-proxies": _wrapper_table,
    "redirects": _wrapper_table,
    "tracking": _tracking_table,
    "noise": _noise_table,
}


def main(arguments: Sequence[str]) -> None:
    """Fill in the tables of the file named by the first argument."""
    path = Path(arguments[0])
    path.write_text(fill(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
