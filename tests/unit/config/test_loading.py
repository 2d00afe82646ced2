"""File → Config, and every fault with its file, line, key and mend."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import config
from aggregator.config import template
from aggregator.config.models import ConfigModel, FeedModel, SourceModel
from aggregator.config.reading_sections import DigestModel, SearchModel
from aggregator.config.rule_models import WrapperModel
from aggregator.config.sections import (
    BackupModel,
    FetchModel,
    HubModel,
    ImagesModel,
    StoriesModel,
)
from aggregator.config.yaml_tree import MAX_FILE_BYTES
from aggregator.core.errors import ConfigError, ConfigErrors
from aggregator.core.model import Source
from aggregator.core.settings import (
    BackupSettings,
    CleanOptions,
    DigestSpec,
    FeedSpec,
    FetchSettings,
    FullText,
    HubSettings,
    ImageOptions,
    SearchSettings,
    StorySettings,
    WrapperRule,
)

FILE = Path("/somewhere/config/aggregator.yaml")


def read(text: str, env: Mapping[str, str] | None = None) -> config.Config:
    return config.loads(text, FILE, env or {})


def said(text: str, env: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text, env)
    return str(caught.value)


# --- what is read --------------------------------------------------------------------------


def test_an_empty_file_means_the_defaults() -> None:
    assert read("") == config.Config(
        path=FILE,
        data=Path("/somewhere/data"),
        public_url="http://127.0.0.1:8080/",
        store="sqlite",
        fetch=FetchSettings(),
        images=ImageOptions(),
        stories=StorySettings(),
        sources=(),
        feeds=(FeedSpec(name="merged", title="Merged news"),),
        clean=CleanOptions(),
    )


def test_whole_texts_are_wanted_by_source_or_category() -> None:
    made = read(
        """
categories: {world: {full_text: {selector: .a, timeout: 9s}}, local: {full_text: false}}
sources:
  - {id: a, url: 'https://a.example/f'}
  - {id: b, url: 'https://b.example/f', full_text: true}
  - {id: c, url: 'https://c.example/f', category: world}
  - {id: d, url: 'https://d.example/f', category: world, full_text: false}
  - {id: e, url: 'https://e.example/f', category: world, full_text: {strip: .b}}
  - {id: f, url: 'https://f.example/f', category: local}
  - {id: g, kind: dump, path: g, category: world}
"""
    )
    assert {one.id: one.full_text for one in made.sources} == {
        "a": None,
        "b": FullText(),
        "c": FullText(selector=".a", timeout=timedelta(seconds=9)),
        "d": None,
        "e": FullText(strip=(".b",)),
        "f": None,
        "g": None,
    }


def test_every_key_arrives() -> None:
    made = read(
        """
data: /var/lib/aggregator
public_url: https://news.example.org/reader
store: postgresql://u:p@localhost/news
fetch: {interval: 1h, timeout: 10s, max_size: 2MB, max_entries: 7, concurrency: 3, per_host: 1,
  user_agent: me/1, proxy: 'http://u:p@proxy.example:3128', initial: 0,
  allow_private: ['127.0.0.1:8801'], min_interval: 1m, max_interval: 2d, spacing: 0s,
  retry_after_scope: source}
images: {proxy: rewrap, template: 'https://i.example/?u={url_enc}', prefer_https: false,
  keep_hosts: [A.example], hotlink_keep: [], enable: wayback,
  wrappers: [{host: img.example, at: 'query:u'}]}
clean: {strip: .advert, copyright_notice: strip, boilerplate: strip}
websub: {hub: 'https://hub.example/'}
stories: {window: 2d, match: strict, languages: zh-Hans, join: [[a, b]], split: [[c, d]], never: [[e, f]]}
sources:
  - {id: x, url: 'https://x.example/f', title: X 新闻, category: world, interval: 2h, priority: 2,
     language: zh, headers: {X-Key: k}, timeout: 1m, strip: [p.a, p.b], images: {proxy: keep},
     paused: true, formerly: [old, older], timezone: Asia/Shanghai, copyright_notice: keep}
  - {id: d, kind: dump, path: ../dumps}
feeds:
  - {name: all, title: All, formats: [atom], group: none, limit: 5, max_age: 7d, sources: [x],
     categories: [world], languages: [zh], include: [气候, '/cli.*/'], exclude: sport,
     min_publishers: 2, token: abcdefghijklmnop}
  - {name: week, digest: {at: 7:05, zone: Europe/Berlin, day: friday, top: 5}, prefer: zh}
  - {name: top, order: top}
"""
    )
    general = CleanOptions(
        images=ImageOptions(
            proxy="rewrap",
            template="https://i.example/?u={url_enc}",
            prefer_https=False,
            keep_hosts=("a.example",),
            hotlink_keep=(),
            enable=("wayback",),
            wrappers=(WrapperRule(id="own-img.example", hosts=("img.example",), at="query:u"),),
        ),
        strip=(".advert",),
        copyright_notice="strip",
        boilerplate="strip",
    )
    assert made == config.Config(
        path=FILE,
        data=Path("/var/lib/aggregator"),
        public_url="https://news.example.org/reader/",
        store="postgresql://u:p@localhost/news",
        fetch=FetchSettings(
            interval=timedelta(hours=1),
            timeout=timedelta(seconds=10),
            max_size=2_000_000,
            max_entries=7,
            concurrency=3,
            per_host=1,
            user_agent="me/1",
            proxy="http://u:p@proxy.example:3128",
            initial=0,
            allow_private=("127.0.0.1:8801",),
            min_interval=timedelta(minutes=1),
            max_interval=timedelta(days=2),
            spacing=timedelta(0),
            retry_after_scope="source",
        ),
        images=general.images,
        clean=general,
        websub=HubSettings(hub="https://hub.example/"),
        stories=StorySettings(
            window=timedelta(days=2),
            match="strict",
            languages=("zh-Hans",),
            join=(("a", "b"),),
            split=(("c", "d"),),
            never=(("e", "f"),),
        ),
        sources=(
            Source(
                id="x",
                url="https://x.example/f",
                title="X 新闻",
                category="world",
                language="zh",
                priority=2,
                interval=timedelta(hours=2),
                timeout=timedelta(minutes=1),
                headers=(("X-Key", "k"),),
                clean=CleanOptions(
                    images=dataclasses.replace(general.images, proxy="keep"),
                    strip=("p.a", "p.b"),
                    copyright_notice="keep",
                    boilerplate="strip",
                ),
                timezone="Asia/Shanghai",
                paused=True,
                formerly=("old", "older"),
            ),
            Source(id="d", kind="dump", path=Path("/somewhere/dumps"), clean=general),
        ),
        feeds=(
            FeedSpec(
                name="all",
                title="All",
                formats=("atom",),
                group="none",
                limit=5,
                max_age=timedelta(days=7),
                sources=("x",),
                categories=("world",),
                languages=("zh",),
                include=("气候", "/cli.*/"),
                exclude=("sport",),
                min_publishers=2,
                token="abcdefghijklmnop",  # noqa: S106  an example
            ),
            FeedSpec(
                name="week",
                title="week",
                prefer=("zh",),
                digest=DigestSpec(at=time(7, 5), zone="Europe/Berlin", day="friday", top=5),
            ),
            FeedSpec(name="top", title="top", order="top"),
        ),
    )


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (FetchModel, FetchSettings),
        (ImagesModel, ImageOptions),
        (StoriesModel, StorySettings),
        (HubModel, HubSettings),
        (BackupModel, BackupSettings),
        (SearchModel, SearchSettings),
        (DigestModel, DigestSpec),
        (FeedModel, FeedSpec),
    ],
)
def test_no_setting_is_without_its_key(model: type[FetchModel], values: type) -> None:
    assert set(model.model_fields) == {field.name for field in dataclasses.fields(values)}


def test_sources_have_all_keys() -> None:
    known = {field.name for field in dataclasses.fields(Source)} - {"clean"}
    own = {field.name for field in dataclasses.fields(CleanOptions)} - {"links"}
    assert set(SourceModel.model_fields) == known | own


def test_wrapper_rules_have_all_keys() -> None:
    known = {field.name for field in dataclasses.fields(WrapperRule)} - {"enabled"}
    assert set(WrapperModel.model_fields) == known


def test_a_bare_address_is_a_source_with_an_id_of_its_address() -> None:
    bare, long = read("sources: [https://a.example/f, {url: https://b.example/f}]").sources
    assert bare.id.startswith("a.example-f-")
    assert long.id.startswith("b.example-f-")
    assert bare.kind == "feed"


def test_a_secret_in_an_address_is_not_in_its_id() -> None:
    text = "sources: ['https://a.example/f?key=${KEY}', {url: 'https://${KEY}@b.example/'}]"
    one, other = read(text, {"KEY": "first"}).sources, read(text, {"KEY": "second"}).sources
    assert one[0].url == "https://a.example/f?key=first"
    assert [source.id for source in one] == [source.id for source in other]


def test_empty_variables_are_like_keys_left_out() -> None:
    text = "fetch: {proxy: '${P}'}\nsources: [{id: a, url: https://a.example/, language: '${P}'}]"
    made = read(text, {"P": ""})
    assert made.fetch.proxy == ""
    assert made.sources[0].language == ""


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "a.yaml"
    file.write_text("data: state\nsources: [{id: d, kind: dump, path: ../dumps}]", encoding="utf-8")
    made = config.load(file, {})
    assert made.data == tmp_path / "etc" / "state"
    assert made.sources[0].path == tmp_path / "dumps"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfstore: sqlite\n")
    assert config.load(file, {}).store == "sqlite"


# --- what is refused -----------------------------------------------------------------------

WRONG = [
    # durations, sizes, numbers
    ("fetch:\n  interval: 30", ":2: fetch.interval: needs a unit: write 30s, 30m"),
    ("fetch: {max_size: 15}", "fetch.max_size: needs a unit: write 15MB"),
    ("fetch: {interval: 10ms}", "fetch.interval: must be at least 1s"),
    ("fetch: {timeout: 2h}", "fetch.timeout: must be at most 1h"),
    ("fetch: {max_entries: 0}", "fetch.max_entries: must be at least 1"),
    ("fetch: {concurrency: many}", "fetch.concurrency: must be a whole number"),
    ("fetch: {interval: [1m]}", "fetch.interval: "),
    ("fetch: {min_interval: 2h, max_interval: 1h}", "must not be longer than max_interval"),
    ("sources: [{id: a, url: https://a.example, paused: maybe}]", "paused: must be true or false"),
    # shape
    ("- a", "must be a mapping"),
    ("fetch: fast", "fetch: must be a mapping"),
    ("sources: https://a.example/", "sources: must be a list: each line below it begins with -"),
    ("sources: [[a]]", "sources[0]: must be a mapping"),
    ("sources: [~]", "sources[0]: must be a mapping of keys and values, not an empty value"),
    ("feeds: [{title: x}]", "feeds[0].name: is missing"),
    ("data: [a]", "data: must be text, not a list"),
    ("data: {a: b}", "data: must be text, not a mapping"),
    ("images: {keep_hosts: a.example}", "images.keep_hosts: must be a list"),
    ("stories: {join: [[a]]}", "stories.join[0][1]: is missing"),
    # unknown keys
    ("source: []", "source: unknown key; did you mean 'sources'?"),
    ("fetch: {timeouts: 1s}", "fetch.timeouts: unknown key; did you mean 'timeout'?"),
    ("interval: 1h", "interval: unknown key here; it belongs to fetch: or sources:"),
    ("feeds: [{name: a, url: x}]", "feeds[0].url: unknown key here; it belongs to sources:"),
    ("images: {wrappers: [{host: a.b, att: 'query:u'}]}", "wrappers[0].att: unknown key"),
    ("sources: [{url: https://a.example/, images: {prox: keep}}]", "did you mean 'proxy'?"),
    ("zzzzqqq: 1", "zzzzqqq: unknown key"),
    # choices
    ("images: {proxy: strp}", "must be strip or keep or rewrap; did you mean 'strip'?"),
    ("stories: {match: 7}", "must be strict or normal or loose"),
    (
        "sources: [{kind: feeed, url: https://a.example/}]",
        "kind: unknown 'feeed'; did you mean 'feed'?",
    ),
    ("feeds: [{name: a, formats: [atm]}]", "formats[0]: unknown 'atm'; did you mean 'atom'?"),
    ("feeds: [{name: a, order: best}]", "order: must be newest or top"),
    ("feeds: [{name: a, order: top, group: none}]", "order: needs group: stories"),
    ("feeds: [{name: a, digest: {at: '24:00'}}]", "digest.at: is not a time of day"),
    ("feeds: [{name: a, digest: {at: 7}}]", "digest.at: "),
    ("feeds: [{name: a, digest: {zone: Berlin}}]", "digest.zone: is not a time zone"),
    ("feeds: [{name: a, digest: {day: mon}}]", "digest.day: must be monday or"),
    ("feeds: [{name: a, digest: {top: 0}}]", "digest.top: "),
    ("feeds: [{name: a, digest: {zon: UTC}}]", "digest.zon: unknown key"),
    ("feeds: [{name: a, digest: {}, order: top}]", "order: a digest has an order of its own"),
    (
        "feeds: [{name: a, digest: {}, split_links: true}]",
        "split_links: a digest has no such links",
    ),
    ("feeds: [{name: a, digest: {}, group: duplicates}]", "digest: needs group: stories"),
    (
        "sources: [{url: 'https://a.example/', rewrite: [{match: '('}]}]",
        "rewrite[0].match: missing )",
    ),
    (
        "sources: [{url: 'https://a.example/', rewrite: [{match: '(a+)+b'}]}]",
        "match: a repeated group must not",
    ),
    (
        "sources: [{url: 'https://a.example/', rewrite: [{match: ''}]}]",
        "match: an empty expression",
    ),
    (
        "sources: [{url: 'https://a.example/', rewrite: [{match: a, replace: '\\1'}]}]",
        "replace: invalid group reference",
    ),
    (
        "sources: [{url: 'https://a.example/', rewrite: [{match: a, replace: '\\g<x>'}]}]",
        "replace: unknown group name",
    ),
    ("sources: [{url: 'https://a.example/', rewrite: [{match: a, with: b}]}]", "with: unknown key"),
    ("search: {characters: -1}", "search.characters: "),
    ("feeds: [{name: a, formats: []}]", "formats: must contain at least 1"),
    # addresses
    ("sources: [ftp://a.example/]", "sources[0]: must be a URL that begins with http://"),
    ("sources: [a.example/feed]", "must be a URL that begins with http://"),
    ("sources: ['http://[::1/']", "is not a valid URL"),
    ("sources: ['http://a.example:99999/']", "is not a valid URL"),
    ("sources: ['http://a.example/a b']", "contains a space"),
    ("sources: [{id: a}]", "needs url: or path:"),
    ("sources: [{kind: dump}]", "needs path: (a file or a folder)"),
    ("sources: [{url: https://a.example/, path: x}]", "has both url: and path:"),
    ("sources: [{kind: dump, url: https://a.example/}]", "write path: instead of url:"),
    ("public_url: https://u@a.example/", "must have no user name"),
    ("public_url: nowhere", "must be a URL"),
    ("store: mysql://a", "must be sqlite or a URL that begins with postgresql://"),
    ("fetch: {proxy: 'socks5://a:1'}", "must be a URL that begins with http://"),
    ("fetch: {allow_private: [1.2.3.4.5]}", "must be an IP address, a network or a host name"),
    ("fetch: {allow_private: ['127.0.0.1:99999']}", "has a port out of range"),
    ("fetch: {allow_private: ['']}", "must be an IP address, a network or a host name"),
    # the rest
    ("sources: [{id: '-a', url: https://a.example/}]", "id: must be letters, digits"),
    ("sources: [{url: https://a.example/, language: x!}]", "must be a language tag"),
    (
        "sources: [{url: https://a.example/, timezone: Asia/Shangai}]",
        "did you mean 'Asia/Shanghai'?",
    ),
    ("sources: [{url: https://a.example/, timezone: /etc/passwd}]", "is not a time zone"),
    (
        "sources: [{url: https://a.example/, headers: {'a b': c}}]",
        "contains an invalid header name",
    ),
    ('sources: [{url: https://a.example/, headers: {a: "x\\ny"}}]', "contains a control character"),
    ("sources: [{url: https://a.example/, headers: {Host: c}}]", "must not contain Host"),
    (
        "sources: [{url: https://a.example/, title: '" + "x" * 1001 + "'}]",
        "is too long: at most 1000",
    ),
    (
        "sources: [{url: https://a.example/, full_text: {selectors: a}}]",
        "sources[0].full_text.selectors: unknown key; did you mean 'selector'?",
    ),
    (
        "sources: [{url: https://a.example/, full_text: always}]",
        "full_text: must be true, false or",
    ),
    ("sources: [{url: https://a.example/, full_text: {strip: '[['}}]", "is not a CSS selector"),
    ("sources: [{kind: dump, path: a, full_text: true}]", "full_text: a dump has no pages"),
    ("categories: {a: {full_text: {timeout: 3}}}", "categories.a.full_text.timeout: needs a unit"),
    ("categories: {a: {selector: x}}", "it belongs to full_text:"),
    ("feeds: [{name: x, token: short}]", "token: must be 16 to 200 letters"),
    ("feeds: [{name: ../x}]", "name: becomes a file name"),
    ("feeds: [{name: a, include: ['/(/']}]", "include[0]: is not a regular expression"),
    ("feeds: [{name: a, include: [' ']}]", "is an empty word"),
    ("images: {keep_hosts: [https://a.example]}", "must be a host name"),
    ("images: {proxy: rewrap}", "images.template: rewrap needs template:"),
    ("images: {proxy: rewrap, template: '{url}'}", "images.template: must be a URL"),
    ("sources: [{url: https://a.example/, images: {proxy: rewrap}}]", "sources[0].images.template"),
    ("images: {wrappers: [{host: a.b}]}", "needs like: (a built-in rule) or at:"),
    ("images: {wrappers: [{host: a.b, at: path:x}]}", "needs a group (?P<url>...)"),
    ("images: {wrappers: [{host: a.b, at: 'path:('}]}", "is not a regular expression"),
    ("images: {wrappers: [{host: a.b, at: somewhere}]}", "at: must be query:NAME"),
    ("images: {wrappers: [{at: rawquery}]}", "hosts: is missing"),
    ("links: {rules: [nowhere.json]}", "links.rules[0]: cannot be read"),
    (
        "clean:\n  strip: [.fine, 'p >']",
        ":2: clean.strip[1]: is not a CSS selector: write for example",
    ),
    ("sources: [{url: https://a.example/, strip: '['}]", "sources[0].strip"),
    ("clean: {strip: ['']}", "is not a CSS selector"),
    # between parts
    ("sources: [https://a.example/, https://a.example/]", "the same URL as in line 1"),
    (
        "sources:\n- {id: a, url: https://a.example/}\n- {id: a, url: https://b.example/}",
        ":3: sources[1].id: is the id of two sources (first in line 2): rename one",
    ),
    (
        "sources: [{id: a, url: https://a.example/}, {id: b, url: https://b.example/, formerly: a}]",
        "formerly: an id, current or former, that the source in line 1 also has",
    ),
    ("feeds: [{name: a}, {name: A}]", "feeds[1].name: is the name of two feeds"),
    (
        "sources: [{id: dw-zh, url: https://a.example/}]\nfeeds: [{name: a, sources: [dw-cn]}]",
        ":2: feeds[0].sources[0]: no source has the id 'dw-cn'; did you mean 'dw-zh'?",
    ),
    ("sources: ['https://${NOPE}.example/']", "the environment variable NOPE is not set"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text[:60] for text, _ in WRONG])
def test_says_what_is_wrong(text: str, message: str) -> None:
    spoken = said(text)
    assert spoken.startswith(f"{FILE}:")
    assert message in spoken


def test_says_all_that_is_wrong_at_once_in_order() -> None:
    with pytest.raises(ConfigErrors) as caught:
        read("fetch:\n  interval: 3\n  timeout: 3\nsurces: []\nfeeds: [{name: a, limit: x}]")
    faults = caught.value.faults
    assert [(fault.line, fault.key) for fault in faults] == [
        (2, "fetch.interval"),
        (3, "fetch.timeout"),
        (4, "surces"),
        (5, "feeds[0].limit"),
    ]
    assert str(caught.value) == "\n".join(str(fault) for fault in faults)
    assert all(fault.path == FILE for fault in faults)


def test_says_twenty_faults_and_how_many_more() -> None:
    text = "\n".join(f"wrong{number}: 1" for number in range(25))
    assert said(text).splitlines()[-1] == f"{FILE}: and 5 more"


def test_an_unknown_source_is_not_reported_while_a_source_is_faulty() -> None:
    spoken = said("sources: [{id: a, url: x}]\nfeeds: [{name: f, sources: [a]}]")
    assert "no source has the id" not in spoken


@pytest.mark.parametrize(
    "text",
    [
        "sources: ['https://user:hush@a.example/a b']",
        "sources: ['ftp://user:hush@a.example/']",
        "store: mysql://user:hush@localhost",
        "fetch: {proxy: 'ftp://user:hush@a.example'}",
        "public_url: https://user:hush@a.example/",
        "sources: [{url: https://a.example/, headers: {Host: hush}}]",
        "sources: ['https://user:hush@a.example/', 'https://user:hush@a.example/']",
    ],
)
def test_never_prints_a_secret(text: str) -> None:
    assert "hush" not in said(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff\nb: 1", ":1: is not UTF-8"),
        (b"\n\nx: \xff", ":3: is not UTF-8"),
        (b"#" * (MAX_FILE_BYTES + 1), "is larger than"),
    ],
    ids=["bytes", "third line", "large"],
)
def test_refuses_files_that_are_no_text(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        config.load(file, {})


def test_says_that_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file: create it with `aggregator init`"):
        config.load(tmp_path / "a.yaml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path, {})


@given(
    st.recursive(
        st.text(max_size=8) | st.sampled_from(["~", "a", "https://a.example/", "1h"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*ConfigModel.model_fields, "id", "url"]), inner)
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_in_a_file_gives_a_config_or_a_config_error(value: object) -> None:
    try:
        made = read(json.dumps(value))
    except ConfigError:
        return
    assert made.feeds


# --- the other ways in ---------------------------------------------------------------------


def test_addresses_of_the_command_line_stand_alone() -> None:
    base = read("clean: {boilerplate: strip}\nsources: [https://a.example/]")
    made = config.with_addresses(base, ["https://b.example/f", "https://b.example/f"])
    (source,) = made.sources
    assert source.url == "https://b.example/f"
    assert source.id == read("sources: [https://b.example/f]").sources[0].id
    assert source.clean.boilerplate == "strip"
    with pytest.raises(ConfigError, match="--url: must be a URL"):
        config.with_addresses(base, ["b.example"])


@pytest.mark.parametrize(
    "allowed",
    [
        "127.0.0.1",
        "127.0.0.1:8801",
        "10.0.0.0/8",
        "[::1]:80",
        "fd00::/8",
        "nas.home.arpa:8080",
        "*.lan",
        "localhost",
    ],
)
def test_more_may_be_allowed_by_the_command_line(allowed: str) -> None:
    base = read("fetch: {allow_private: [192.168.0.1]}")
    assert config.with_allowed(base, [allowed]).fetch.allow_private == ("192.168.0.1", allowed)


def test_what_cannot_be_allowed() -> None:
    with pytest.raises(ConfigError, match="--allow-private: must be an IP address"):
        config.with_allowed(read(""), ["http://127.0.0.1/"])


def test_options_are_the_keys_of_images_and_clean_side_by_side() -> None:
    made = config.clean_options(
        {"proxy": "keep", "copyright_notice": "strip", "prefer_https": False}
    )
    assert made == CleanOptions(
        images=ImageOptions(proxy="keep", prefer_https=False), copyright_notice="strip"
    )
    declared = config.clean_options({"wrappers": [{"host": "img.example", "type": "imageproxy"}]})
    assert declared.images.wrappers == (
        WrapperRule(id="own-img.example", hosts=("img.example",), like="imageproxy"),
    )
    with pytest.raises(ConfigError, match="unknown key; did you mean 'proxy'"):
        config.clean_options({"proxi": "keep"})


def test_the_schema_knows_every_section_and_writes_defaults_as_people_do() -> None:
    made = config.schema()
    assert set(made["properties"]) == set(ConfigModel.model_fields)
    fetch = made["$defs"]["FetchModel"]["properties"]
    assert fetch["interval"]["default"] == "30m"
    assert fetch["max_size"]["default"] == "15MB"
    assert json.loads(json.dumps(made)) == made


def test_the_template_is_sound_and_the_shipped_file_is_made_of_it() -> None:
    samples, *public = read(template.text()).sources
    assert samples.id == "samples"
    assert len(public) >= 5
    assert {source.language for source in public} == {"zh-Hans", "en"}
    shipped = Path(__file__).parents[3] / "config" / "aggregator.yaml"
    assert shipped.read_text(encoding="utf-8") == template.text()
