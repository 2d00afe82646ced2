"""The schema of sources, feeds and the whole file: every key with its type, default, meaning."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from aggregator.config.fields import (
    Address,
    Age,
    Deadline,
    Format,
    Headers,
    Id,
    Interval,
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
from aggregator.config.problems import FaultAt
from aggregator.config.sections import (
    CleanModel,
    FetchModel,
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
    """A feed, or a folder of dumps, to follow; a bare address stands for `{url: address}`."""

    id: Id = Field(
        default="",
        description="its name in commands and reports; left out: made of the address",
        examples=["dw-zh"],
    )
    kind: Kind = Field(
        default="feed",
        description="`feed` (RSS, Atom, JSON Feed) or `dump` (a file or folder of stored entries)",
        examples=["feed"],
    )
    url: Address = Field(
        default="",
        description="its address, http or https; user name and password may stand in it and are never shown",
        examples=["https://example.org/feed.xml"],
    )
    path: Text = Field(
        default="",
        description="a file or folder in place of an address, relative to this file",
        examples=["../samples"],
    )
    title: Text = Field(
        default="",
        description="its name for readers; left out: what the feed says",
        examples=["DW 中文"],
    )
    category: Text = Field(
        default="",
        description="put on its entries, and what feeds may choose by",
        examples=["world"],
    )
    publisher: Text = Field(
        default="",
        description="whose entries these are, a domain or a name: sources of one publisher count once; left out: what the entries say, else the domain that most of them link to, else the source",
        examples=["example.org"],
    )
    language: Language = Field(
        default="",
        description="the language of its entries, if the feed does not say it or says it wrong",
        examples=["zh-Hans"],
    )
    priority: int = Field(
        default=0,
        ge=-1000,
        le=1000,
        description="the higher, the rather its text and link stand for a story",
        examples=[2],
    )
    interval: Interval | None = Field(
        default=None,
        description="how often it is asked; left out: `fetch.interval`",
        examples=["1h"],
    )
    timeout: Deadline | None = Field(
        default=None,
        description="the deadline of one fetch; left out: `fetch.timeout`",
        examples=["1m"],
    )
    headers: Headers = Field(
        default={},
        max_length=50,
        description="headers sent to it, and to no other host",
        examples=[{"Authorization": "Bearer ${TOKEN}"}],
    )
    timezone: TimeZone = Field(
        default="",
        description="where dates without a zone are meant (IANA name)",
        examples=["Asia/Shanghai"],
    )
    strip: Selectors = Field(
        default=(), description="in place of `clean.strip`", examples=[[".newsletter"]]
    )
    copyright_notice: Literal["keep", "strip"] = Field(
        default=_CLEAN.copyright_notice,
        description="in place of `clean.copyright_notice`",
        examples=["strip"],
    )
    boilerplate: Literal["keep", "strip"] = Field(
        default=_CLEAN.boilerplate,
        description="in place of `clean.boilerplate`",
        examples=["strip"],
    )
    images: ImagesModel | None = Field(
        default=None,
        description="keys of `images:` that differ for this source",
        examples=[{"proxy": "keep"}],
    )
    paused: bool = Field(
        default=False, description="not asked; what is stored stays", examples=[True]
    )
    formerly: Annotated[tuple[Id, ...], BeforeValidator(as_list)] = Field(
        default=(),
        max_length=100,
        description="ids that it had before, the first one first: entries keep their ids",
        examples=[["old-id"]],
    )

    @model_validator(mode="after")
    def check_place(self) -> Self:
        """Want one place: an address or a path."""
        if bool(self.url) == bool(self.path):
            word = "path: (a file or a folder)" if self.kind == "dump" else "url: or path:"
            both = "has both url: and path:, one is enough" if self.url else f"needs {word}"
            raise ValueError(both)
        if self.kind == "dump" and self.url:
            raise FaultAt("url", "a dump is read from the disk: write path: in place of url:")
        if self.url:
            try:
                web_address(self.url) if self.kind == "feed" else split_url(self.url)
            except ValueError as error:
                raise FaultAt("url", str(error)) from None
        return self


class FeedModel(Model):
    """A feed that is published, and which stories it holds."""

    name: Name = Field(description="its file name: `DATA/feeds/NAME.atom`", examples=["merged"])
    title: Text = Field(
        default="", description="its name for readers; left out: `name`", examples=["Merged news"]
    )
    formats: Annotated[tuple[Format, ...], BeforeValidator(as_list), Field(min_length=1)] = Field(
        default=_FEED.formats,
        description="the formats it is written in",
        examples=[["atom", "rss", "json"]],
    )
    group: Literal["stories", "duplicates", "none"] = Field(
        default=_FEED.group,
        description="`stories`: one entry an event; `duplicates`: only copies of one text fold; `none`: every entry by itself",
        examples=["stories"],
    )
    limit: int = Field(
        default=_FEED.limit,
        ge=1,
        le=1_000_000,
        description="how many entries it holds, the newest",
        examples=[200],
    )
    max_age: Age | None = Field(
        default=_FEED.max_age,
        description="leaves out what was first published longer ago; left out: no limit",
        examples=["7d"],
    )
    sources: Texts = Field(
        default=_FEED.sources,
        description="ids of the sources it is made of; left out: all",
        examples=[["dw-zh", "bbc-zh"]],
    )
    categories: Texts = Field(
        default=_FEED.categories, description="holds these categories alone", examples=[["world"]]
    )
    languages: Annotated[tuple[Language, ...], BeforeValidator(as_list)] = Field(
        default=_FEED.languages, description="holds these languages alone", examples=[["zh", "en"]]
    )
    include: Annotated[tuple[Word, ...], BeforeValidator(as_list)] = Field(
        default=_FEED.include,
        max_length=200,
        description="holds only what has one of these words, or expressions written `/so/`, in its title or text",
        examples=[["climate", "气候"]],
    )
    exclude: Annotated[tuple[Word, ...], BeforeValidator(as_list)] = Field(
        default=_FEED.exclude,
        max_length=200,
        description="leaves out what has one of these words, or expressions written `/so/`, in its title or text",
        examples=[["horoscope"]],
    )
    min_publishers: int = Field(
        default=_FEED.min_publishers,
        ge=1,
        le=1000,
        description="holds only what so many publishers report",
        examples=[2],
    )
    token: Secret = Field(
        default=_FEED.token,
        description="a secret that readers have to give, as `?token=…`; left out: everybody may read",
        examples=["${FEED_TOKEN}"],
    )
    split_links: bool = Field(
        default=_FEED.split_links,
        description="each other report of a story gets a signed link, “not the same story”, that takes it out for everybody; for feeds of `stories`",
        examples=[True],
    )

    @model_validator(mode="after")
    def check_links(self) -> Self:
        """Want stories where reports can be taken out of them."""
        if self.split_links and self.group != "stories":
            raise FaultAt("split_links", "only a feed with group: stories has such links")
        return self


_BARE = WithJsonSchema({"type": "string", "format": "uri"})


class ConfigModel(Model):
    """The whole file."""

    data: Text = Field(
        default="../data",
        description="the folder of state and published feeds, relative to this file",
        examples=["../data"],
    )
    public_url: PublicUrl = Field(
        default="http://127.0.0.1:8080/",
        description="where readers find the feeds; it goes into self links alone",
        examples=["https://news.example.org/"],
    )
    store: StoreUrl = Field(
        default="sqlite",
        description="`sqlite` (a file in `data`) or the address of a PostgreSQL database",
        examples=["postgresql://user:${PASSWORD}@localhost/news"],
    )
    fetch: FetchModel = Field(default=FetchModel(), description="how sources are asked")
    images: ImagesModel = Field(default=ImagesModel(), description="what to do with image proxies")
    links: LinksModel = Field(default=LinksModel(), description="link rules of your own")
    clean: CleanModel = Field(default=CleanModel(), description="what is taken out of entries")
    stories: StoriesModel = Field(
        default=StoriesModel(), description="how entries are grouped, and kept"
    )
    websub: HubModel = Field(
        default=HubModel(), description="news at once: to readers, and from sources"
    )
    sources: tuple[SourceModel | Annotated[str, _BARE], ...] = Field(
        default=(), description="what to follow"
    )
    feeds: tuple[FeedModel, ...] = Field(
        default=(), description="what is published; left out: one feed, `merged`, as Atom"
    )
