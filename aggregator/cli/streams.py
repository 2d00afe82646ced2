"""Cleans and groups entries from JSON lines, as a run does."""

from collections.abc import Iterable, Mapping
from typing import Any

from aggregator.gather import cleaning
from aggregator.group.learning import labelled
from aggregator.group.learning.evaluate import evaluate
from aggregator.group.learning.labelled import Labelled


def entries(rows: Iterable[Mapping[str, Any]]) -> tuple[Labelled, ...]:
    """Clean rows of {id,title,html|text,published?,source?,link?,lang?}, in order."""
    return labelled.read(rows, cleaning.clean)


def group(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Group rows in order of time; return a story id for each row."""
    stream = entries(rows)
    stories = evaluate(stream).stories
    return [stories[one.stored.key] for one in stream]
