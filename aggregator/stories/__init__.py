"""Finds the entries that report one event: features, blocking, similarity, assignment, reasons."""

from aggregator.stories.explain import Explanation, explain
from aggregator.stories.features import Features, extract_all
from aggregator.stories.grouping import group, take_in
from aggregator.stories.intake import Intake
from aggregator.stories.regroup import Move, Outcome, Regrouping
from aggregator.stories.renewal import renew

__all__ = [
    "Explanation",
    "Features",
    "Intake",
    "Move",
    "Outcome",
    "Regrouping",
    "explain",
    "extract_all",
    "group",
    "renew",
    "take_in",
]
