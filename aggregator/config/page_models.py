"""The schema of the section `pages`."""

from typing import Literal

from pydantic import Field

from aggregator.config.fields import Secret, TimeZone
from aggregator.config.sections import Model
from aggregator.core.settings import PageSettings

_PAGES = PageSettings()


class PagesModel(Model):
    """The pages for people that the server shows."""

    images: Literal["cache", "remote", "none"] = Field(
        default=_PAGES.images,
        description="the pictures of stories: `cache` keeps small copies of the newest, `remote` lets readers load them from the publishers' servers, which then see the readers, `none` shows none",
        examples=["remote"],
    )
    timezone: TimeZone = Field(
        default=_PAGES.timezone,
        description="the time zone of days and times (IANA name); default: UTC",
        examples=["Asia/Shanghai"],
    )
    owner_token: Secret = Field(
        default=_PAGES.owner_token,
        description="a secret with which the owner signs in at `/owner`, to correct stories, fetch and pause sources; default: nobody can",
        examples=["${OWNER_TOKEN}"],
    )
