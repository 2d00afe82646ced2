"""What the configuration says, as plain values that pure code may take."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapperRule:
    """One way in which an address hides another: an image proxy or a redirect wrapper.

    `hosts` are exact or globs. `at` says where the inner address stands: `query:NAME`
    (or NAMES with `|`), `path:REGEX` (group `url`), `whole:REGEX` (path and query),
    `host:REGEX` (the host alone), `rawquery` or `fragment`; `path` is a regex for the path; `coding` says how the address is
    written. `like` names a built-in rule that gives all but `id` and `hosts`.
    """

    id: str
    hosts: tuple[str, ...]
    at: str = ""
    path: str = ""
    needs: str = ""  # regex that the query must hold
    marks: tuple[str, ...] = ()  # of which the address must hold one; makes rules for `*` cheap
    coding: Literal[
        "auto", "percent", "base64", "hex", "none", "proofpoint", "protobuf", "dashes"
    ] = "auto"
    scheme: Literal["https", "http", "keep"] = "https"
    relative: bool = False
    query: Literal["drop", "plain", "keep"] = "drop"  # whose is the outer query of a path form
    carry: str = ""  # the parameter that holds the inner query
    kind: Literal["relay", "optimiser", "mirror", "archive", "opaque", "redirect"] = "relay"
    enabled: bool = True
    like: str = ""


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
class LinkRule:
    """Tracking parameters of some addresses, as a ClearURLs provider names them; regexes.

    `names` match whole parameter names, `cuts` are taken out of the address wherever they
    stand, `opens` hold the address that a redirect leads to in group 1.
    """

    id: str
    pattern: str
    names: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanOptions:
    """How the entries of one source are cleaned."""

    images: ImageOptions = ImageOptions()
    links: tuple[LinkRule, ...] = ()
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
    min_interval: timedelta = timedelta(minutes=10)  # bounds of the adaptive interval
    max_interval: timedelta = timedelta(hours=24)
    spacing: timedelta = timedelta(milliseconds=200)  # between two requests to one public host
    retry_after_scope: Literal["host", "source"] = "host"  # for whom a Retry-After holds


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    """How entries are grouped; pairs and triples name entries by id or link."""

    window: timedelta = timedelta(hours=72)
    keep: timedelta = timedelta(days=365)
    match: Literal["strict", "normal", "loose"] = "normal"
    languages: tuple[str, ...] = ()
    never: tuple[tuple[str, str], ...] = ()
    join: tuple[tuple[str, str], ...] = ()
    split: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """WebSub: the hub that is told of new editions (none if empty), and whether we hear of others'."""

    hub: str = ""
    subscribe: bool = False


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
    token: str = ""  # who asks for the feed has to know it; empty: everybody may
    split_links: bool = False  # each other report of a story has a link that takes it out
