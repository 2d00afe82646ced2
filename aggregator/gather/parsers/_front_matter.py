"""Parse the front matter of a text file: the `key: value` lines between `---` and `---`."""

import re
from collections.abc import Mapping
from typing import Final

_LINE: Final = re.compile(r"([A-Za-z][\w -]{0,40}?)[ \t]*:(?:[ \t]+(.*)|[ \t]*)$")
_FIELDS: Final = {
    "title": "title",
    "link": "link",
    "url": "link",
    "from": "link",
    "source": "link",
    "source_url": "link",
    "original": "link",
    "original_url": "link",
    "canonical": "link",
    "canonical_url": "link",
    "permalink": "link",
    "date": "date",
    "published": "date",
    "pubdate": "date",
    "created": "date",
    "updated": "updated",
    "modified": "updated",
    "last_modified_at": "updated",
    "author": "author",
    "authors": "author",
    "byline": "author",
    "category": "category",
    "categories": "category",
    "tag": "category",
    "tags": "category",
    "keywords": "category",
    "image": "image",
    "cover": "image",
    "thumbnail": "image",
    "lang": "language",
    "language": "language",
}
_LISTS: Final = {"author", "category"}
_NOTHING: Final = {"null", "~", "none", "|", ">", "|-", ">-", "|+", ">+"}
_MAX_LINES = 200
_MAX_LINE_CHARACTERS = 4_000


def split(text: str) -> tuple[Mapping[str, tuple[str, ...]], str]:
    """Return the known fields of the front matter and the text after it; no fields if there is none."""
    lines = text.split("\n", _MAX_LINES)
    if lines[0].rstrip() != "---":
        return {}, text
    ends = (at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
    end = next(ends, 0)
    fields = _fields(lines[1:end]) if end else {}
    return (fields, "\n".join(lines[end + 1 :])) if fields else ({}, text)


def first(fields: Mapping[str, tuple[str, ...]], name: str) -> str:
    """Return the first value of a field, '' if there is none."""
    return next(iter(fields.get(name, ())), "")


def _fields(lines: list[str]) -> dict[str, tuple[str, ...]]:
    """Parse the values of known fields: plain, quoted, `[a, b]` or on the following lines."""
    fields: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in lines:
        found = _LINE.match(line[:_MAX_LINE_CHARACTERS])
        if found:
            name = _FIELDS.get(re.sub(r"[ -]", "_", found[1].lower()), "")
            values = _values(found[2] or "", several=name in _LISTS)
        elif line.lstrip().startswith("- "):
            values = _values(line.lstrip()[2:], several=False)
        elif line[:1].isspace() and name not in _LISTS:  # continuation of a long value
            values = (" ".join((*fields.pop(name, ()), line.strip())),)
        else:
            continue
        if name and values:
            fields[name] = (*fields.get(name, ()), *values)[:_MAX_LINES]
    return fields


def _values(written: str, *, several: bool) -> tuple[str, ...]:
    """Return the values after a colon."""
    text = written.strip()
    if text.startswith("[") and text.endswith("]") and several:
        return tuple(filter(None, (_plain(part) for part in text[1:-1].split(","))))
    return tuple(filter(None, (_plain(text),)))


def _plain(text: str) -> str:
    """Remove the quotes of a value; a YAML null becomes ''."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\([\"\\/])", r"\1", text[1:-1])
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return "" if text.lower() in _NOTHING else text
