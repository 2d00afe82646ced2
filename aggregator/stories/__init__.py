"""Finds the entries that report one event: features, blocking, similarity, assignment, reasons."""

from aggregator.stories.grouping import group

__all__ = ["group"]
