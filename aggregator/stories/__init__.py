"""Finds the entries that report one event: features, blocking, similarity, assignment, reasons."""

from aggregator.stories.explain import Explanation, explain
from aggregator.stories.grouping import group

__all__ = ["Explanation", "explain", "group"]
