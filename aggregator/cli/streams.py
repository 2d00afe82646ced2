"""Entries of JSON lines, cleaned and grouped as a run would."""

from collections.abc import Iterable, Mapping
from typing import Any

from aggregator.gather import cleaning
from aggregator.group.learning import labelled
from aggregator.group.learning.evaluate import evaluate
from aggregator.group.learning.labelled import Labelled


def entries(rows: Iterable[Mapping[str, Any]]) -> tuple[Labelled, ...]:
    """Clean {id,title,html|text,published?,source?,link?,lang?} in their order."""
    return labelled.read(rows, cleaning.clean)


def group(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Group one stream in order of time; return a story id for each row."""
    stream = entries(rows)
    stories = evaluate(stream).stories
    return [stories[one.stored.key] for one in stream]
