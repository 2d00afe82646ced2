"""Finds the entries that report one event: features, blocking, similarity, assignment, reasons."""

from aggregator.stories.explain import Explanation, explain
from aggregator.stories.features import Features
from aggregator.stories.grouping import group, take_in
from aggregator.stories.intake import Intake, take_features
from aggregator.stories.regroup import Move, Outcome, Regrouping
from aggregator.stories.renewal import renew
from aggregator.stories.terms import remember

__all__ = [
    "Explanation",
    "Features",
    "Intake",
    "Move",
    "Outcome",
    "Regrouping",
    "explain",
    "group",
    "remember",
    "renew",
    "take_features",
    "take_in",
]
