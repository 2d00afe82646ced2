"""The schema of the sections: every key with its type, default and meaning."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from aggregator.config.fields import (
    Allowance,
    Deadline,
    HostGlob,
    Interval,
    Keep,
    Language,
    Pause,
    Selector,
    Size,
    Text,
    WebAddress,
)
from aggregator.config.problems import FaultAt
from aggregator.config.rules import WrapperModel
from aggregator.core.settings import CleanOptions, FetchSettings, ImageOptions, StorySettings

_FETCH = FetchSettings()
_IMAGES = ImageOptions()
_STORIES = StorySettings()
_CLEAN = CleanOptions()


def as_list(value: Any) -> Any:
    """Let one text stand for a list of one."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(as_list), Field(max_length=1000)]
Selectors = Annotated[tuple[Selector, ...], BeforeValidator(as_list), Field(max_length=1000)]
Pair = Annotated[tuple[Text, Text], Field()]


class Model(BaseModel):
    """A mapping that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FetchModel(Model):
    """How sources are asked."""

    interval: Interval = Field(
        default=_FETCH.interval,
        description="how often a source is asked, if it does not want to be asked less often",
        examples=["30m"],
    )
    timeout: Deadline = Field(
        default=_FETCH.timeout,
        description="the deadline of one fetch, with all its redirects",
        examples=["30s"],
    )
    max_size: Size = Field(
        default=_FETCH.max_size, description="the largest document, inflated", examples=["15MB"]
    )
    max_entries: int = Field(
        default=_FETCH.max_entries,
        ge=1,
        le=1_000_000,
        description="entries taken of one document, the newest first",
        examples=[500],
    )
    concurrency: int = Field(
        default=_FETCH.concurrency, ge=1, le=1000, description="requests at one time", examples=[32]
    )
    per_host: int = Field(
        default=_FETCH.per_host,
        ge=1,
        le=100,
        description="requests at one time to one host",
        examples=[2],
    )
    user_agent: Text = Field(
        default=_FETCH.user_agent,
        description="how requests introduce themselves; left out: the name, the version and the address of this project",
        examples=["my-reader/1.0 (+https://example.org/about)"],
    )
    proxy: WebAddress = Field(
        default=_FETCH.proxy,
        description="a proxy that all requests go through; it is trusted. Those of the environment are not read",
        examples=["http://127.0.0.1:3128"],
    )
    initial: int = Field(
        default=_FETCH.initial,
        ge=0,
        le=1_000_000,
        description="entries that a new source publishes at its first fetch, the newest; the rest is stored as seen",
        examples=[50],
    )
    allow_private: tuple[Allowance, ...] = Field(
        default=_FETCH.allow_private,
        max_length=1000,
        description="private addresses, networks and names that may be asked, each with a port if wanted; `*.lan` stands for all names below `lan`",
        examples=[["127.0.0.1:8801", "10.0.0.0/8", "nas.home.arpa", "*.lan"]],
    )
    min_interval: Interval = Field(
        default=_FETCH.min_interval,
        description="the shortest time between two requests to a source that publishes often",
        examples=["10m"],
    )
    max_interval: Interval = Field(
        default=_FETCH.max_interval,
        description="the longest time between two requests to a source that publishes rarely or fails",
        examples=["1d"],
    )
    spacing: Pause = Field(
        default=_FETCH.spacing,
        description="the time between two requests to one host",
        examples=["200ms"],
    )
    retry_after_scope: Literal["host", "source"] = Field(
        default=_FETCH.retry_after_scope,
        description="whom a server's wish to wait holds for: every source of its `host`, or that `source` alone",
        examples=["host"],
    )
    full_every: Interval = Field(
        default=_FETCH.full_every,
        description="after so long with no answer but `304 Not Modified`, a source is asked once for the whole feed",
        examples=["7d"],
    )

    @model_validator(mode="after")
    def check_bounds(self) -> Self:
        """Want the shortest interval not to be longer than the longest."""
        if self.min_interval > self.max_interval:
            raise FaultAt("min_interval", "min_interval is longer than max_interval")
        return self


class ImagesModel(Model):
    """What to do with images that stand behind a proxy."""

    proxy: Literal["strip", "keep", "rewrap"] = Field(
        default=_IMAGES.proxy,
        description="`strip` shows the original image, `keep` leaves the proxy, `rewrap` puts a proxy of your own around the original",
        examples=["strip"],
    )
    template: Text = Field(
        default=_IMAGES.template,
        description="for `rewrap`: the address of your proxy with `{url}`, `{url_enc}` (percent-encoded), `{url_b64}`, `{host}` or `{path}` in it",
        examples=["https://img.example.org/?url={url_enc}"],
    )
    prefer_https: bool = Field(
        default=_IMAGES.prefer_https,
        description="an original without a scheme, or with http behind a proxy, gets https",
        examples=[True],
    )
    keep_hosts: tuple[HostGlob, ...] = Field(
        default=_IMAGES.keep_hosts,
        max_length=1000,
        description="proxies on these hosts stay",
        examples=[["img.example.org", "*.example.net"]],
    )
    hotlink_keep: tuple[HostGlob, ...] = Field(
        default=_IMAGES.hotlink_keep,
        max_length=1000,
        description="originals on these hosts refuse readers, so their proxy stays",
        examples=[["i.pximg.net"]],
    )
    enable: Texts = Field(
        default=_IMAGES.enable,
        description="built-in rules that are off by default",
        examples=[["wayback"]],
    )
    wrappers: tuple[WrapperModel, ...] = Field(
        default=(),
        max_length=1000,
        description="rules of your own",
        examples=[[{"host": "img.example.org", "at": "query:url"}]],
    )


class LinksModel(Model):
    """What is taken off links besides the built-in lists."""

    rules: Texts = Field(
        default=(),
        description="files of rules in the form of ClearURLs (JSON), relative to this file",
        examples=[["clearurls.json"]],
    )


class CleanModel(Model):
    """What is taken out of the entries of all sources; a source may say otherwise."""

    strip: Selectors = Field(
        default=(),
        description="CSS selectors of what is taken out",
        examples=[[".newsletter", "#related"]],
    )
    copyright_notice: Literal["keep", "strip"] = Field(
        default=_CLEAN.copyright_notice,
        description="whether the publisher's copyright notice is shown",
        examples=["keep"],
    )
    boilerplate: Literal["keep", "strip"] = Field(
        default=_CLEAN.boilerplate,
        description="whether blocks that recur in most entries of a publisher are shown; grouping never looks at them",
        examples=["keep"],
    )


class StoriesModel(Model):
    """How entries are grouped into stories, and how long those are kept. Entries are named by id or link."""

    window: Interval = Field(
        default=_STORIES.window,
        description="how far apart in time two reports of one event may be published",
        examples=["72h"],
    )
    keep: Keep = Field(
        default=_STORIES.keep,
        description="how long the text of a story is kept that no feed shows and nothing was added to, at least twice the window; `36500d`: for ever. Ids are always kept",
        examples=["90d"],
    )
    match: Literal["strict", "normal", "loose"] = Field(
        default=_STORIES.match,
        description="how sure grouping must be: a wrong merge hides news, a miss shows it twice",
        examples=["normal"],
    )
    languages: Annotated[tuple[Language, ...], BeforeValidator(as_list)] = Field(
        default=_STORIES.languages,
        description="the languages that a story is rather shown in, the best first, after the `priority` of sources; `zh-Hans` and `zh-Hant` are two",
        examples=[["zh-Hans", "zh", "en"]],
    )
    across_languages: bool = Field(
        default=_STORIES.across_languages,
        description="whether Chinese and English reports of one event share a story",
    )
    names: dict[Text, Text] = Field(
        default={},
        max_length=10_000,
        description="Chinese names of people and organisations with their English forms, beside those that are known; for what arrives from then on",
        examples=[{"斯塔默": "Keir Starmer"}],
    )
    join: tuple[Pair, ...] = Field(
        default=_STORIES.join,
        description="pairs of entries that report the same event",
        examples=[[["https://a.example/1", "https://b.example/2"]]],
    )
    split: tuple[Pair, ...] = Field(
        default=_STORIES.split,
        description="pairs of a story and an entry that does not belong to it",
        examples=[[["urn:uuid:…", "https://b.example/2"]]],
    )
    never: tuple[Pair, ...] = Field(
        default=_STORIES.never,
        description="pairs of entries that never share a story",
        examples=[[["https://a.example/1", "https://b.example/2"]]],
    )


class HubModel(Model):
    """WebSub: readers learn of a new edition at once, from a hub, instead of asking again and again; and so do we."""

    hub: WebAddress = Field(
        default="",
        description="the hub that feeds name and that is told of each new edition; left out: none. Private feeds are not told of",
        examples=["https://pubsubhubbub.appspot.com/"],
    )
    subscribe: bool = Field(
        default=False,
        description="whether we ask the hubs that sources name to send us their news at once; hubs have to reach us at `public_url`",
        examples=[True],
    )
