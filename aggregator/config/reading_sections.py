"""The schema of what readers get beside entries, the search and digests, and of titles."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from aggregator.config.fields import ClockTime, Text, TimeZone
from aggregator.config.problems import KeyConflictError
from aggregator.config.sections import Model
from aggregator.core.settings import DigestSpec, SearchSettings
from aggregator.text.bounded_patterns import compile_bounded

_SEARCH = SearchSettings()
_DIGEST = DigestSpec()
_MAX_REPLACEMENT = 200  # characters
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class SearchModel(Model):
    """The search over stored entries. `run` and `serve` build its index beside their other work."""

    enabled: bool = Field(
        default=_SEARCH.enabled, description="whether there is a search", examples=[False]
    )
    characters: int = Field(
        default=_SEARCH.characters,
        ge=0,
        le=100_000,
        description="how much of each text is searched, besides the title; a change builds the index anew",
        examples=[600],
    )


class DigestModel(Model):
    """When a feed of digests gets one, and what it lists."""

    at: ClockTime = Field(
        default="07:00",
        description="the time of day at which a period ends and its digest is published",
        examples=["07:00"],
    )
    zone: TimeZone = Field(
        default=_DIGEST.zone, description="the time zone (IANA name)", examples=["Europe/Berlin"]
    )
    day: Weekday | None = Field(
        default=None,
        description="the day of the week of a weekly digest; default: a digest each day",
        examples=["monday"],
    )
    top: int = Field(
        default=_DIGEST.top,
        ge=1,
        le=200,
        description="how many stories it lists: those that most publishers report, then the newest",
        examples=[20],
    )


class TitleRuleModel(Model):
    """A rule that rewrites the titles of a source."""

    match: Text = Field(
        description="a regular expression, with the limits of `include`; case makes no difference",
        examples=["^Live: "],
    )
    replace: Text = Field(
        default="",
        description="what replaces each match; `\\1` stands for its first group; default: nothing",
        examples=["\\1"],
    )

    @model_validator(mode="after")
    def check_rule(self) -> Self:
        """Require an expression of bounded cost, and a replacement that fits it."""
        if not self.match:
            raise KeyConflictError("match", "an empty expression matches everywhere")
        try:
            pattern = compile_bounded(self.match)
        except ValueError as error:
            raise KeyConflictError("match", str(error)) from None
        if len(self.replace) > _MAX_REPLACEMENT:
            raise KeyConflictError("replace", f"longer than {_MAX_REPLACEMENT} characters")
        try:
            pattern.sub(self.replace, "")
        except (re.error, IndexError) as error:
            raise KeyConflictError("replace", str(error)) from None
        return self
