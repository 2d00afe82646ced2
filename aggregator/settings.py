"""What the configuration says, as plain values that pure code may take."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapperRule:
    """One way in which an address hides another: an image proxy or a redirect wrapper.

    `hosts` are exact or globs. `at` says where the inner address stands: `query:NAME`,
    `path:REGEX` (group `url`), `rawquery` or `fragment`; `coding` how it is written.
    """

    id: str
    hosts: tuple[str, ...]
    at: str
    path: str = ""
    coding: Literal["auto", "percent", "base64", "hex", "none"] = "auto"
    scheme: Literal["https", "http", "keep"] = "https"
    relative: bool = False
    kind: Literal["relay", "optimiser", "mirror", "archive", "opaque", "redirect"] = "relay"
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """What to do with proxied images; `template` serves `rewrap` alone."""

    proxy: Literal["strip", "keep", "rewrap"] = "strip"
    template: str = ""
    prefer_https: bool = True
    keep_hosts: tuple[str, ...] = ()
    hotlink_keep: tuple[str, ...] = (
        "i.pximg.net",
        "*.sinaimg.cn",
        "*.cdninstagram.com",
        "*.xhscdn.com",
        "cdnfile.sspai.com",
    )
    enable: tuple[str, ...] = ()
    wrappers: tuple[WrapperRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanOptions:
    """How the entries of one source are cleaned."""

    images: ImageOptions = ImageOptions()
    strip: tuple[str, ...] = ()  # CSS selectors
    copyright_notice: Literal["keep", "strip"] = "keep"
    boilerplate: Literal["keep", "strip"] = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """How sources are asked; sizes in bytes."""

    interval: timedelta = timedelta(minutes=30)
    timeout: timedelta = timedelta(seconds=30)
    max_size: int = 15_000_000
    max_entries: int = 500
    concurrency: int = 32
    per_host: int = 2
    user_agent: str = ""
    proxy: str = ""
    initial: int = 50
    allow_private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    """How entries are grouped; pairs and triples name entries by id or link."""

    window: timedelta = timedelta(hours=72)
    match: Literal["strict", "normal", "loose"] = "normal"
    never: tuple[tuple[str, str], ...] = ()
    join: tuple[tuple[str, str], ...] = ()
    split: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """One feed that we publish, and which stories it holds."""

    name: str
    title: str
    formats: tuple[str, ...] = ("atom",)
    group: Literal["stories", "duplicates", "none"] = "stories"
    limit: int = 200
    max_age: timedelta | None = None
    sources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_publishers: int = 1
