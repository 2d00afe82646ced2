"""Settings: the configuration as plain values, for pure code."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Literal

NamePairs = tuple[tuple[str, str], ...]
"""Chinese names with their English forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapperRule:
    """A wrapper: a URL form that contains another URL, of an image proxy or a redirect.

    `hosts` are exact or globs. `at` says where the inner URL stands: `query:NAME`
    (or NAMES with `|`), `path:REGEX` (group `url`), `whole:REGEX` (path and query),
    `host:REGEX` (the host alone), `rawquery` or `fragment`; `path` is a regex for the path;
    `coding` says how the URL is encoded. `like` names a built-in rule from which all but `id` and
    `hosts` is taken.
    """

    id: str
    hosts: tuple[str, ...]
    at: str = ""
    path: str = ""
    needs: str = ""  # regex that the query must match
    marks: tuple[str, ...] = ()  # the URL must contain one of these; makes rules for `*` cheap
    coding: Literal[
        "auto", "percent", "base64", "hex", "none", "proofpoint", "protobuf", "dashes"
    ] = "auto"
    scheme: Literal["https", "http", "keep"] = "https"
    relative: bool = False
    query: Literal["drop", "plain", "keep"] = (
        "drop"  # which URL the outer query of a path form belongs to
    )
    carry: str = ""  # the parameter that contains the inner query
    kind: Literal["relay", "optimiser", "mirror", "archive", "opaque", "redirect"] = "relay"
    enabled: bool = True
    like: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """What to do with proxied images; `template` is used by `rewrap` only."""

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
    """Tracking parameters of some URLs, in the form of a ClearURLs provider; all regexes.

    `names` match whole parameter names, `cuts` are removed from the URL wherever they match,
    `opens` capture the target of a redirect in group 1.
    """

    id: str
    pattern: str
    names: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleRule:
    """What is replaced in titles, wherever the regular expression `match` matches."""

    match: str
    replace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanOptions:
    """How the entries of one source are cleaned."""

    images: ImageOptions = ImageOptions()
    links: tuple[LinkRule, ...] = ()
    strip: tuple[str, ...] = ()  # CSS selectors
    copyright_notice: Literal["keep", "strip"] = "keep"
    boilerplate: Literal["keep", "strip"] = "keep"
    rewrite: tuple[TitleRule, ...] = ()  # of titles


@dataclass(frozen=True, slots=True, kw_only=True)
class FullText:
    """How the articles of a source are taken from their pages; `selector` and `strip` are CSS."""

    selector: str = ""  # of the article; empty: found by itself
    strip: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """How sources are fetched; sizes in bytes."""

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
    retry_after_scope: Literal["host", "source"] = "host"  # what a Retry-After applies to
    full_every: timedelta = timedelta(days=7)  # of 304 alone; then once without validators


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    """How entries are grouped; pairs and triples name entries by id or link."""

    window: timedelta = timedelta(hours=72)
    keep: timedelta = timedelta(days=365)
    match: Literal["strict", "normal", "loose"] = "normal"
    languages: tuple[str, ...] = ()
    across_languages: bool = True
    names: NamePairs = ()
    never: tuple[tuple[str, str], ...] = ()
    join: tuple[tuple[str, str], ...] = ()
    split: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """WebSub: the hub to announce editions to (none if empty), and whether to subscribe to sources."""

    hub: str = ""
    subscribe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Nightly backups: the folder (none if empty), and how many are kept."""

    dir: str = ""
    keep: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """The pages for people: where their pictures come from, and the time zone of their days."""

    images: Literal["cache", "remote", "none"] = "cache"
    timezone: str = ""  # IANA name; empty: UTC
    owner_token: str = ""  # signs the owner in; empty: nobody can


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """The search of pages and commands: whether there is an index, and how much of texts it has."""

    enabled: bool = True
    characters: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSpec:
    """When a feed of digests gets one, and how many stories it lists."""

    at: time = time(7)
    zone: str = "UTC"  # IANA name
    day: str = ""  # of the week, for a weekly one; empty: each day
    top: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """One feed that we publish, and which stories it contains."""

    name: str
    title: str
    formats: tuple[str, ...] = ("atom",)
    group: Literal["stories", "duplicates", "none"] = "stories"
    limit: int = 200
    max_age: timedelta | None = None
    keep_archive: timedelta = timedelta(days=1825)  # of a page, once the next one is written
    sources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_publishers: int = 1
    token: str = ""  # required to read the feed; empty: public
    order: Literal["newest", "top"] = "newest"
    prefer: tuple[str, ...] = ()  # sources, publishers and languages whose reports are shown
    digest: DigestSpec | None = None  # None: each story is an entry
    split_links: bool = False  # each further report gets a link that removes it from the story


def are_pages_public(feeds: Iterable[FeedSpec]) -> bool:
    """Return whether everybody may open the pages: they show all stories, those of private feeds too."""
    return not any(spec.token for spec in feeds)
