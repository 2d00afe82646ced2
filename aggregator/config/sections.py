"""The schema of the sections: each key with its type, default and meaning."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema

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
from aggregator.config.problems import KeyConflictError
from aggregator.config.rule_models import WrapperModel
from aggregator.core.settings import (
    BackupSettings,
    CleanOptions,
    FetchSettings,
    FullText,
    ImageOptions,
    StorySettings,
)

_FETCH = FetchSettings()
_IMAGES = ImageOptions()
_BACKUP = BackupSettings()
_STORIES = StorySettings()
_CLEAN = CleanOptions()
_FULL_TEXT = FullText()


def as_list(value: Any) -> Any:
    """Turn a single text into a list."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(as_list), Field(max_length=1000)]
Selectors = Annotated[tuple[Selector, ...], BeforeValidator(as_list), Field(max_length=1000)]
Pair = Annotated[tuple[Text, Text], Field()]


class Model(BaseModel):
    """A mapping that rejects unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FetchModel(Model):
    """How sources are fetched."""

    interval: Interval = Field(
        default=_FETCH.interval,
        description="how often a source is fetched, unless it asks for a longer interval",
        examples=["30m"],
    )
    timeout: Deadline = Field(
        default=_FETCH.timeout,
        description="the deadline of one fetch, including redirects",
        examples=["30s"],
    )
    max_size: Size = Field(
        default=_FETCH.max_size,
        description="the largest document, after decompression",
        examples=["15MB"],
    )
    max_entries: int = Field(
        default=_FETCH.max_entries,
        ge=1,
        le=1_000_000,
        description="the maximum number of entries read from one document, the newest first",
        examples=[500],
    )
    concurrency: int = Field(
        default=_FETCH.concurrency,
        ge=1,
        le=1000,
        description="concurrent requests; those that wait for an answer for more than two seconds count separately, up to twice this number",
        examples=[32],
    )
    per_host: int = Field(
        default=_FETCH.per_host,
        ge=1,
        le=100,
        description="concurrent requests to one host",
        examples=[2],
    )
    user_agent: Text = Field(
        default=_FETCH.user_agent,
        description="the `User-Agent` header; default: name, version and URL of this project",
        examples=["my-reader/1.0 (+https://example.org/about)"],
    )
    proxy: WebAddress = Field(
        default=_FETCH.proxy,
        description="a trusted proxy for all requests; proxy variables of the environment are ignored",
        examples=["http://127.0.0.1:3128"],
    )
    initial: int = Field(
        default=_FETCH.initial,
        ge=0,
        le=1_000_000,
        description="the number of entries, the newest, that a new source publishes at its first fetch; older ones are stored as seen",
        examples=[50],
    )
    allow_private: tuple[Allowance, ...] = Field(
        default=_FETCH.allow_private,
        max_length=1000,
        description="private IP addresses, networks and host names that may be fetched from, optionally with a port; `*.lan` matches all names below `lan`",
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
        description="what a `Retry-After` header applies to: all sources of the `host`, or only the `source`",
        examples=["host"],
    )
    full_every: Interval = Field(
        default=_FETCH.full_every,
        description="after this long with only `304 Not Modified` responses, the complete feed is requested once",
        examples=["7d"],
    )

    @model_validator(mode="after")
    def check_bounds(self) -> Self:
        """Require min_interval <= max_interval."""
        if self.min_interval > self.max_interval:
            raise KeyConflictError("min_interval", "must not be longer than max_interval")
        return self


class ImagesModel(Model):
    """How images behind a proxy are handled."""

    proxy: Literal["strip", "keep", "rewrap"] = Field(
        default=_IMAGES.proxy,
        description="`strip` links to the original image, `keep` keeps the proxy, `rewrap` sends the original through your own proxy",
        examples=["strip"],
    )
    template: Text = Field(
        default=_IMAGES.template,
        description="for `rewrap`: the URL of your proxy, containing `{url}`, `{url_enc}` (percent-encoded), `{url_b64}`, `{host}` or `{path}`",
        examples=["https://img.example.org/?url={url_enc}"],
    )
    prefer_https: bool = Field(
        default=_IMAGES.prefer_https,
        description="use https for originals without a scheme, or with http behind a proxy",
        examples=[True],
    )
    keep_hosts: tuple[HostGlob, ...] = Field(
        default=_IMAGES.keep_hosts,
        max_length=1000,
        description="keep proxies on these hosts",
        examples=[["img.example.org", "*.example.net"]],
    )
    hotlink_keep: tuple[HostGlob, ...] = Field(
        default=_IMAGES.hotlink_keep,
        max_length=1000,
        description="keep the proxy of originals on these hosts, which refuse hotlinks",
        examples=[["i.pximg.net"]],
    )
    enable: Texts = Field(
        default=_IMAGES.enable,
        description="built-in rules to enable that are off by default",
        examples=[["wayback"]],
    )
    wrappers: tuple[WrapperModel, ...] = Field(
        default=(),
        max_length=1000,
        description="your own rules",
        examples=[[{"host": "img.example.org", "at": "query:url"}]],
    )


class LinksModel(Model):
    """Rules that remove parts of links, in addition to the built-in lists."""

    rules: Texts = Field(
        default=(),
        description="rules files in ClearURLs format (JSON), relative to this file",
        examples=[["clearurls.json"]],
    )


class CleanModel(Model):
    """What is removed from the entries of all sources; a source can override it."""

    strip: Selectors = Field(
        default=(),
        description="CSS selectors of elements to remove",
        examples=[[".newsletter", "#related"]],
    )
    copyright_notice: Literal["keep", "strip"] = Field(
        default=_CLEAN.copyright_notice,
        description="whether the publisher's copyright notice is shown",
        examples=["keep"],
    )
    boilerplate: Literal["keep", "strip"] = Field(
        default=_CLEAN.boilerplate,
        description="whether blocks that recur in at least 30 % of the recent entries of a publisher are shown; grouping always ignores them",
        examples=["keep"],
    )


class StoriesModel(Model):
    """How entries are grouped into stories, and how long stories are kept. Entries are given by id or link."""

    window: Interval = Field(
        default=_STORIES.window,
        description="the maximum time between the publication of two reports of one event",
        examples=["72h"],
    )
    keep: Keep = Field(
        default=_STORIES.keep,
        description="how long the text of a story is kept after its last addition once no feed shows it, at least twice the window; `36500d`: forever. Ids are always kept",
        examples=["90d"],
    )
    match: Literal["strict", "normal", "loose"] = Field(
        default=_STORIES.match,
        description="the confidence that grouping requires: a wrong merge hides news, a missed one shows it twice",
        examples=["normal"],
    )
    languages: Annotated[tuple[Language, ...], BeforeValidator(as_list)] = Field(
        default=_STORIES.languages,
        description="preferred languages of the shown report of a story, best first, after the `priority` of sources; `zh-Hans` and `zh-Hant` differ",
        examples=[["zh-Hans", "zh", "en"]],
    )
    across_languages: bool = Field(
        default=_STORIES.across_languages,
        description="whether Chinese and English reports of one event share a story",
    )
    names: dict[Text, Text] = Field(
        default={},
        max_length=10_000,
        description="Chinese names of people and organisations with their English forms, in addition to the built-in list; applies to entries fetched from then on",
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


class BackupModel(Model):
    """Backups that the daemon makes each night, as `aggregator backup` does."""

    dir: Text = Field(
        default="",
        description="the folder of the backups, relative to this file, best on another disk; default: no backups",
        examples=["../backups"],
    )
    keep: int = Field(
        default=_BACKUP.keep,
        ge=1,
        le=10_000,
        description="how many backups are kept, the newest",
        examples=[7],
    )


class HubModel(Model):
    """WebSub: hubs push updates of our feeds to readers, and updates of sources to us, without polling."""

    hub: WebAddress = Field(
        default="",
        description="the hub that feeds link to and that is notified of each update; default: none. Feeds do not name one whose URL contains a password or token. Private feeds are not announced",
        examples=["https://pubsubhubbub.appspot.com/"],
    )
    subscribe: bool = Field(
        default=False,
        description="subscribe at the hubs that sources link to, for updates by push; hubs must be able to reach `public_url`",
        examples=[True],
    )


class FullTextModel(Model):
    """How the whole texts of entries are taken from their pages; `true` is short for `{}`."""

    enabled: bool = Field(
        default=True, description="whether the pages are fetched", examples=[False]
    )
    selector: Selector = Field(
        default=_FULL_TEXT.selector,
        description="a CSS selector of the article; default: the article is found automatically",
        examples=["article .body"],
    )
    strip: Selectors = Field(
        default=_FULL_TEXT.strip,
        description="CSS selectors of what is removed from the page first",
        examples=[[".newsletter"]],
    )
    timeout: Deadline = Field(
        default=_FULL_TEXT.timeout,
        description="the deadline of one page, including redirects",
        examples=["20s"],
    )


class _OrSwitch:
    """Lets the JSON schema of a section also accept `true` and `false`."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "boolean"}, handler(schema)]}


def _switched(value: Any) -> Any:
    """Turn `true` and `false` into a section; the file gives them as text."""
    if isinstance(value, bool) or value in _SWITCHES:
        return {"enabled": value}
    if isinstance(value, str | int | float):
        raise ValueError("must be true, false or a mapping: selector:, strip:, timeout:")  # noqa: TRY004  pydantic reports ValueErrors
    return value


_SWITCHES = ("true", "false")
FullTextSwitch = Annotated[FullTextModel, BeforeValidator(_switched), _OrSwitch()]


class CategoryModel(Model):
    """What applies to all sources of a category."""

    full_text: FullTextSwitch | None = Field(
        default=None,
        description="whether the whole texts of its entries are fetched; a source may say otherwise",
        examples=[True],
    )
