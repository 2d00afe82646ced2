"""Reads and writes JSON lines: one reply for each line, in order, flushed at once."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from aggregator.cli.output import print_json
from aggregator.core.errors import AggregatorError

MAX_LINE_BYTES = 64_000_000


def read(stream: BinaryIO, name: str = "standard input") -> Iterator[dict[str, Any]]:
    """Yield the objects of a stream, one per line; raise AggregatorError for an invalid line."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise AggregatorError(f"{name}: line {number} is longer than {MAX_LINE_BYTES} bytes")
        if line.strip():
            yield _object(line, f"{name}: line {number}")


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise AggregatorError(f"{place} is not JSON") from None
    if not isinstance(found, dict):
        raise AggregatorError(f"{place} is not an object")
    return found


def answer(
    rows: Iterable[dict[str, Any]], reply: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Print one reply for each row, with its id first."""
    for row in rows:
        print_json({"id": row.get("id")} | reply(row))
        sys.stdout.flush()


def text(row: dict[str, Any], name: str) -> str:
    """Return a field as text; '' if it is absent, null or of another type."""
    found = row.get(name)
    return found if isinstance(found, str) else ""
