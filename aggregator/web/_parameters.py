"""Reads the parameters of a search or of a request to the API, within bounds."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl

from aggregator.core import plugins
from aggregator.core.model import Source
from aggregator.core.search import SearchQuery
from aggregator.text import search_terms
from aggregator.web._query import LANGUAGE, is_ignored, quoted

_MAX_BYTES, _MAX_FIELDS, _MAX_CHARACTERS = 4000, 50, 500
_DAY = re.compile(r"(19[789]\d|20\d\d)-\d\d-\d\d", re.ASCII)
_MARK = re.compile(r"\d{1,18}", re.ASCII)
CONDITIONS = ("publisher", "source", "lang", "day", "since", "until")  # beside the words, `q`


def read(query: bytes, known: Sequence[str]) -> dict[str, str]:
    """Return the parameters that have a value; raise ValueError, with a message for the client."""
    if len(query) > _MAX_BYTES or query.count(b"&") >= _MAX_FIELDS:
        raise ValueError("The query is too long.")
    found: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("utf-8", "replace"), errors="replace"):
        if name in known:
            if name in found:
                raise ValueError(f"{name} is given more than once.")
            if len(value) > _MAX_CHARACTERS:
                raise ValueError(f"{name} must have at most {_MAX_CHARACTERS} characters.")
            found[name] = value.strip()
        elif not is_ignored(name):
            nearest = plugins.did_you_mean(name, known)
            end = "" if nearest.endswith("?") else "."
            raise ValueError(f"Unknown parameter {quoted(name)}{nearest}{end}")
    return {name: value for name, value in found.items() if value}


def search_query(given: Mapping[str, str], sources: Sequence[Source]) -> SearchQuery:
    """Return what these parameters search for; raise ValueError, with a message for the client."""
    language = given.get("lang", "")
    if language and not LANGUAGE.fullmatch(language):
        raise ValueError(f"lang must be a language such as zh or zh-Hans, not {quoted(language)}.")
    identities = {source.id: source.identity for source in sources}
    source = given.get("source", "")
    since, until = (_day(given, "day" if "day" in given else name) for name in ("since", "until"))
    return SearchQuery(
        terms=search_terms.parse(given.get("q", "")),
        publisher=given.get("publisher", ""),
        source=identities.get(source, source),
        language=search_terms.narrowest(language),
        since=since,
        until=until and until + timedelta(days=1),
    )


def mark(given: Mapping[str, str], name: str) -> int | None:
    """Return the mark of the page before; None for the first page."""
    if name not in given:
        return None
    if not _MARK.fullmatch(given[name]):
        raise ValueError(f"{name} must be the value that the page before gave.")
    return int(given[name])


def number(given: Mapping[str, str], name: str, *, usual: int, most: int) -> int:
    """Return a number, at least 1."""
    value = given.get(name, str(usual))
    if not (value.isascii() and value.isdigit() and len(value) < 5 and 0 < int(value) <= most):
        raise ValueError(f"{name} must be a number from 1 to {most}, not {quoted(value)}.")
    return int(value)


def choice(given: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """Return one of these values; empty if there is none."""
    value = given.get(name, "")
    if value and value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {quoted(value)}.")
    return value


def _day(given: Mapping[str, str], name: str) -> datetime | None:
    """Return the beginning of a day in UTC."""
    value = given.get(name, "")
    if not value:
        return None
    try:
        if _DAY.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), time(), UTC)
    except ValueError:
        pass
    raise ValueError(f"{name} must be a day such as 2026-12-31, not {quoted(value)}.")
