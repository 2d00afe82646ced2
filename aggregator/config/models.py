"""The schema of sources, feeds and the complete file: each key with its type, default, meaning."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from aggregator.config.fields import (
    Address,
    Age,
    Deadline,
    Format,
    Headers,
    HostGlob,
    Id,
    Interval,
    Keep,
    Kind,
    Language,
    Name,
    PublicUrl,
    Secret,
    StoreUrl,
    Text,
    TimeZone,
    Word,
    split_url,
    web_address,
)
from aggregator.config.page_models import PagesModel
from aggregator.config.problems import KeyConflictError
from aggregator.config.reading_sections import DigestModel, SearchModel, TitleRuleModel
from aggregator.config.sections import (
    BackupModel,
    CategoryModel,
    CleanModel,
    FetchModel,
    FullTextSwitch,
    HubModel,
    ImagesModel,
    LinksModel,
    Model,
    Selectors,
    StoriesModel,
    Texts,
    as_list,
)
from aggregator.core.settings import CleanOptions, FeedSpec

_CLEAN = CleanOptions()
_FEED = FeedSpec(name="merged", title="Merged news")


class SourceModel(Model):
    """A feed, or a folder of dumps, to fetch; a bare URL is short for `{url: URL}`."""

    id: Id = Field(
        default="",
        description="its name in commands and reports; default: derived from the URL",
        examples=["dw-zh"],
    )
    kind: Kind = Field(
        default="feed",
        description="`feed` (RSS, Atom, JSON Feed) or `dump` (a file or folder of stored entries)",
        examples=["feed"],
    )
    url: Address = Field(
        default="",
        description="its URL, http or https; it may contain user name and password, which are never shown",
        examples=["https://example.org/feed.xml"],
    )
    path: Text = Field(
        default="",
        description="a file or folder instead of a URL, relative to this file",
        examples=["../samples"],
    )
    title: Text = Field(
        default="",
        description="its name for readers; default: the title of the feed",
        examples=["DW 中文"],
    )
    category: Text = Field(
        default="",
        description="added to its entries; feeds can select by it",
        examples=["world"],
    )
    publisher: Text = Field(
        default="",
        description="the publisher of its entries, a domain or a name: several sources of one publisher count once; default: the publisher that entries name, else the domain most of them link to, else the source",
        examples=["example.org"],
    )
    language: Language = Field(
        default="",
        description="the language of its entries, if the feed does not declare it or declares it wrong",
        examples=["zh-Hans"],
    )
    priority: int = Field(
        default=0,
        ge=-1000,
        le=1000,
        description="a story shows the text and link of its source with the highest priority",
        examples=[2],
    )
    interval: Interval | None = Field(
        default=None,
        description="how often it is fetched; default: `fetch.interval`",
        examples=["1h"],
    )
    timeout: Deadline | None = Field(
        default=None,
        description="the deadline of one fetch; default: `fetch.timeout`",
        examples=["1m"],
    )
    headers: Headers = Field(
        default={},
        max_length=50,
        description="request headers, sent to this host only",
        examples=[{"Authorization": "Bearer ${TOKEN}"}],
    )
    rewrite: tuple[TitleRuleModel, ...] = Field(
        default=(),
        max_length=20,
        description="rules that rewrite the titles of its entries, in order",
        examples=[[{"match": "^Live: "}]],
    )
    timezone: TimeZone = Field(
        default="",
        description="the time zone of dates without one (IANA name)",
        examples=["Asia/Shanghai"],
    )
    strip: Selectors = Field(
        default=(), description="instead of `clean.strip`", examples=[[".newsletter"]]
    )
    copyright_notice: Literal["keep", "strip"] = Field(
        default=_CLEAN.copyright_notice,
        description="instead of `clean.copyright_notice`",
        examples=["strip"],
    )
    boilerplate: Literal["keep", "strip"] = Field(
        default=_CLEAN.boilerplate,
        description="instead of `clean.boilerplate`",
        examples=["strip"],
    )
    images: ImagesModel | None = Field(
        default=None,
        description="keys of `images:` that differ for this source",
        examples=[{"proxy": "keep"}],
    )
    full_text: FullTextSwitch | None = Field(
        default=None,
        description="fetch the pages of its entries for their whole texts: `true`, or how; default: what `categories` says, else `false`",
        examples=[True],
    )
    paused: bool = Field(
        default=False, description="not fetched; stored entries stay", examples=[True]
    )
    formerly: Annotated[tuple[Id, ...], BeforeValidator(as_list)] = Field(
        default=(),
        max_length=100,
        description="its former ids, oldest first, so that entries keep their ids",
        examples=[["old-id"]],
    )

    @model_validator(mode="after")
    def check_place(self) -> Self:
        """Require either a URL or a path."""
        if bool(self.url) == bool(self.path):
            word = "path: (a file or a folder)" if self.kind == "dump" else "url: or path:"
            both = "has both url: and path:, keep one" if self.url else f"needs {word}"
            raise ValueError(both)
        if self.kind == "dump" and self.url:
            raise KeyConflictError("url", "a dump is read from disk: write path: instead of url:")
        if self.kind == "dump" and self.full_text:
            raise KeyConflictError("full_text", "a dump has no pages: only for feeds")
        if self.url:
            try:
                web_address(self.url) if self.kind == "feed" else split_url(self.url)
            except ValueError as error:
                raise KeyConflictError("url", str(error)) from None
        return self


class FeedModel(Model):
    """A published feed, and the stories it contains."""

    name: Name = Field(description="its file name: `DATA/feeds/NAME.atom`", examples=["merged"])
    title: Text = Field(
        default="", description="its name for readers; default: `name`", examples=["Merged news"]
    )
    formats: Annotated[tuple[Format, ...], BeforeValidator(as_list), Field(min_length=1)] = Field(
        default=_FEED.formats,
        description="its formats",
        examples=[["atom", "rss", "json"]],
    )
    group: Literal["stories", "duplicates", "none"] = Field(
        default=_FEED.group,
        description="`stories`: one entry per event; `duplicates`: only copies of one text are merged; `none`: one entry per report",
        examples=["stories"],
    )
    limit: int = Field(
        default=_FEED.limit,
        ge=1,
        le=1_000_000,
        description="its maximum number of entries, the newest",
        examples=[200],
    )
    max_age: Age | None = Field(
        default=_FEED.max_age,
        description="excludes stories first published longer ago; default: no limit",
        examples=["7d"],
    )
    keep_archive: Keep = Field(
        default=_FEED.keep_archive,
        description="how long a page of its archive is kept, counted from the time when the next page was written; `36500d`: forever",
        examples=["365d"],
    )
    sources: Texts = Field(
        default=_FEED.sources,
        description="ids of its sources; default: all",
        examples=[["dw-zh", "bbc-zh"]],
    )
    categories: Texts = Field(
        default=_FEED.categories, description="only these categories", examples=[["world"]]
    )
    languages: Annotated[tuple[Language, ...], BeforeValidator(as_list)] = Field(
        default=_FEED.languages, description="only these languages", examples=[["zh", "en"]]
    )
    include: Annotated[tuple[Word, ...], BeforeValidator(as_list)] = Field(
        default=_FEED.include,
        max_length=200,
        description="only stories with one of these words or regular expressions (`/like this/`) in title or text",
        examples=[["climate", "气候"]],
    )
    exclude: Annotated[tuple[Word, ...], BeforeValidator(as_list)] = Field(
        default=_FEED.exclude,
        max_length=200,
        description="no stories with one of these words or regular expressions (`/like this/`) in title or text",
        examples=[["horoscope"]],
    )
    min_publishers: int = Field(
        default=_FEED.min_publishers,
        ge=1,
        le=1000,
        description="only stories that at least this many publishers report",
        examples=[2],
    )
    token: Secret = Field(
        default=_FEED.token,
        description="a secret that readers must send as `?token=…`; default: the feed is public",
        examples=["${FEED_TOKEN}"],
    )
    order: Literal["newest", "top"] = Field(
        default=_FEED.order,
        description="`newest`: by first publication here; `top`: by number of publishers, freshness and `priority`; such a feed has no archive",
        examples=["top"],
    )
    prefer: Texts = Field(
        default=_FEED.prefer,
        description="whose report of a story this feed shows, best first: ids of sources, publishers (domains or names) or languages",
        examples=[["zh-Hans", "dw-zh", "bbc.co.uk"]],
    )
    digest: DigestModel | None = Field(
        default=None,
        description="one entry a day or week that lists its stories, instead of an entry for each; `limit` counts digests",
        examples=[{"at": "07:00", "zone": "Europe/Berlin", "top": 20}],
    )
    split_links: bool = Field(
        default=_FEED.split_links,
        description="adds a signed link, “not the same story”, to each other report of a story; it removes the report from the story for all readers; only with `group: stories`",
        examples=[True],
    )

    @model_validator(mode="after")
    def check_links(self) -> Self:
        """Require `group: stories` for what is about stories, and nothing that a digest lacks."""
        for key in ("order", "prefer", "digest"):
            if key in self.model_fields_set and self.group != "stories":
                raise KeyConflictError(key, "needs group: stories in this feed")
        if self.digest and self.order == "top":
            raise KeyConflictError("order", "a digest has an order of its own: remove this line")
        if self.digest and self.split_links:
            raise KeyConflictError("split_links", "a digest has no such links: remove this line")
        if self.split_links and self.group != "stories":
            raise KeyConflictError("split_links", "needs group: stories in this feed")
        return self


_BARE = WithJsonSchema({"type": "string", "format": "uri"})


class ConfigModel(Model):
    """The complete file."""

    data: Text = Field(
        default="../data",
        description="the folder of the database and the published feeds, relative to this file",
        examples=["../data"],
    )
    public_url: PublicUrl = Field(
        default="http://127.0.0.1:8080/",
        description="the base URL of the feeds for readers; used in self links only",
        examples=["https://news.example.org/"],
    )
    allowed_hosts: Annotated[
        tuple[HostGlob, ...], BeforeValidator(as_list), Field(max_length=100)
    ] = Field(
        default=(),
        description="further host names that the server answers to, in addition to that of `public_url`; `*` matches any part of a name",
        examples=[["nas.local", "aggregator", "*.home.arpa"]],
    )
    log: Literal["text", "json"] = Field(
        default="text",
        description="the form of the log of `run` and `serve`: one line, or one JSON object, for each event",
        examples=["json"],
    )
    health_feed: bool = Field(
        default=False,
        description="whether the daemon publishes `/health.atom`: an entry when a source dies, moves, is renamed or recovers, when the disk fills, a backup fails, or this file is faulty",
        examples=[True],
    )
    store: StoreUrl = Field(
        default="sqlite",
        description="`sqlite` (a file in `data`) or the URL of a PostgreSQL database",
        examples=["postgresql://user:${PASSWORD}@localhost/news"],
    )
    fetch: FetchModel = Field(default=FetchModel(), description="how sources are fetched")
    images: ImagesModel = Field(default=ImagesModel(), description="how image proxies are handled")
    links: LinksModel = Field(default=LinksModel(), description="your own link rules")
    clean: CleanModel = Field(default=CleanModel(), description="what is removed from entries")
    stories: StoriesModel = Field(
        default=StoriesModel(), description="how entries are grouped and how long stories are kept"
    )
    websub: HubModel = Field(
        default=HubModel(), description="WebSub: push updates to readers and from sources"
    )
    pages: PagesModel = Field(default=PagesModel(), description="the pages for people")
    search: SearchModel = Field(default=SearchModel(), description="the search")
    backup: BackupModel = Field(default=BackupModel(), description="nightly backups")
    categories: dict[Text, CategoryModel] = Field(
        default={},
        max_length=1000,
        description="what applies to all sources of a category, by its name",
        examples=[{"world": {"full_text": True}}],
    )
    sources: tuple[SourceModel | Annotated[str, _BARE], ...] = Field(
        default=(), description="the sources to fetch"
    )
    feeds: tuple[FeedModel, ...] = Field(
        default=(), description="the published feeds; default: one Atom feed, `merged`"
    )
