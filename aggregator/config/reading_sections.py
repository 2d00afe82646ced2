"""The schema of what readers get beside entries: the search, and digests."""

from typing import Literal

from pydantic import Field

from aggregator.config.fields import ClockTime, TimeZone
from aggregator.config.sections import Model
from aggregator.core.settings import DigestSpec, SearchSettings

_SEARCH = SearchSettings()
_DIGEST = DigestSpec()
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
