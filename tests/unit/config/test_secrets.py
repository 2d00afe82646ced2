"""A secret that is empty is an error, wherever it stands; nothing turns public by an empty variable."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import config
from aggregator.core.errors import ConfigError
from aggregator.text import urls

FILE = Path("/x/config/a.yaml")
FEED = "sources: [https://a.example/]\nfeeds: [{{name: a, {}}}]"
SOURCE = "sources: [{{url: https://a.example/, {}}}]"

PLACES = {
    "token": FEED.format('token: "${X}"'),
    "token in a text": FEED.format('token: "a-long-token-${X}"'),
    "token by alias": 'sources: [{url: "https://a.example/", title: &t "${X}"}]\nfeeds: [{name: a, token: *t}]',
    "header": SOURCE.format('headers: {Authorization: "Bearer ${X}"}'),
    "whole header": SOURCE.format('headers: {X-Api-Key: "${X}"}'),
    "cookie": SOURCE.format('headers: {Cookie: "session=${X}; a=b"}'),
    "password": 'sources: ["https://user:${X}@a.example/"]',
    "user": 'sources: [{url: "https://${X}@a.example/feed"}]',
    "query": 'sources: ["https://a.example/feed?key=${X}"]',
    "database": 'store: "postgresql://user:${X}@localhost/news"',
    "proxy": 'fetch: {proxy: "http://user:${X}@proxy.example:3128"}',
    "hub": 'websub: {hub: "https://hub.example/?secret=${X}"}',
    "template": 'images: {proxy: rewrap, template: "https://i.example/?sig=${X}&url={url_enc}"}',
    "path": 'sources: [{path: "../feeds/${X}.xml"}]',
    "id": SOURCE.format('id: "${X}"'),
    "two": 'sources: ["https://${Y}:${X}@a.example/"]',
}


@pytest.mark.parametrize("value", ["", " ", "\t\n"], ids=["nothing", "blank", "white space"])
@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES)
def test_an_empty_variable_is_an_error(text: str, value: str) -> None:
    with pytest.raises(ConfigError, match=r"empty|must be 16"):
        config.loads(text, FILE, {"X": value, "Y": "name"})


@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES)
def test_with_a_value_it_is_sound(text: str) -> None:
    made = config.loads(text, FILE, {"X": "s3cret-of-enough-letters", "Y": "name"})
    assert made.path == FILE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FEED.format('token: ""'), ":2: feeds[0].token: is empty: set it, or leave the key out"),
        (SOURCE.format('headers: {Authorization: ""}'), "contains an empty Authorization"),
        (SOURCE.format('headers: {X-Token: " "}'), "contains an empty X-Token"),
    ],
)
def test_a_secret_that_is_written_empty_is_an_error(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.loads(text, FILE, {})
    assert said in str(caught.value)


def test_it_is_said_once_with_line_and_key() -> None:
    with pytest.raises(ConfigError) as caught:
        config.loads(PLACES["token"], FILE, {"X": ""})
    said = "/x/config/a.yaml:2: feeds[0].token: the environment variable X is empty"
    assert str(caught.value).startswith(said)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        'fetch: {proxy: "${X}"}',
        'fetch: {user_agent: "${X}"}',
        'websub: {hub: "${X}"}',
        SOURCE.format('title: "${X}", language: "${X}", timezone: "${X}", category: "${X}"'),
    ],
)
def test_what_may_be_left_out_may_be_empty(text: str) -> None:
    assert config.loads(text, FILE, {"X": ""}).path == FILE


@given(st.sampled_from(["token", "headers"]), st.text(" \t\u00a0", max_size=3), st.booleans())
def test_no_feed_is_public_by_an_empty_secret(key: str, value: str, prefixed: bool) -> None:
    written = "a-prefix-long-enough-${X}" if prefixed else "${X}"
    place = FEED.format(f'token: "{written}"')
    if key == "headers":
        place = SOURCE.format(f'headers: {{Authorization: "{written}"}}')
    with pytest.raises(ConfigError):
        config.loads(place, FILE, {"X": value})


PASSWORDS = [
    "p@ss",
    "a/b",
    "a:b",
    "a?b#c",
    "100%",
    "%41",
    "p%40ss",
    "ü☃",
    "a b",
    "$x",
    "[]",
    "a\\b",
]


@pytest.mark.parametrize("password", PASSWORDS)
def test_any_password_fits_into_user_info(password: str) -> None:
    made = config.loads(
        'sources: ["https://me:${X}@a.example/feed"]\n'
        'store: "postgresql://me:${X}@localhost/news"\n'
        'fetch: {proxy: "http://me:${X}@proxy.example:3128"}\n'
        'websub: {hub: "https://me:${X}@hub.example/"}',
        FILE,
        {"X": password},
    )
    hosts = ["a.example", "localhost", "proxy.example", "hub.example"]
    found = [made.sources[0].url, made.store, made.fetch.proxy, made.websub.hub]
    for host, url in zip(hosts, found, strict=True):
        parts = urlsplit(url)
        assert (parts.hostname, parts.username) == (host, "me")
        assert unquote(parts.password or "") == password
        assert password.isalnum() or password not in urls.redact(url)


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
def test_no_variable_in_user_info_changes_the_host(user: str, password: str) -> None:
    text = 'sources: [{url: "https://${U}:${P}@a.example:8443/feed?q=1"}]'
    parts = urlsplit(config.loads(text, FILE, {"U": user, "P": password}).sources[0].url)
    assert (parts.hostname, parts.port, parts.path) == ("a.example", 8443, "/feed")
    assert unquote(parts.username or "") == user
    assert unquote(parts.password or "") == password


@pytest.mark.parametrize(
    ("value", "user", "password"),
    [("me", "me", None), ("me:se:cret", "me", "se:cret"), ("me:p@ss/", "me", "p@ss/")],
)
def test_one_variable_may_hold_both(value: str, user: str, password: str | None) -> None:
    text = 'sources: ["https://${X}@a.example/feed"]'
    parts = urlsplit(config.loads(text, FILE, {"X": value}).sources[0].url)
    assert parts.hostname == "a.example"
    assert unquote(parts.username or "") == user
    assert (parts.password and unquote(parts.password)) == password


@pytest.mark.parametrize("value", ["a@b", "a b", "a/b"])
def test_variables_elsewhere_stay_as_they_are(value: str) -> None:
    text = 'sources: [{url: "https://a.example/", title: "${X}", headers: {X-A: "${X}"}}]'
    source = config.loads(text, FILE, {"X": value}).sources[0]
    assert source.title == value
    assert dict(source.headers) == {"X-A": value}


@pytest.mark.parametrize(
    "written",
    [
        "https://me:p@ss@a.example/",
        "https://me@you:pass@a.example/",
        "https://me:12/34@a.example/",
        "https://me:12?34@a.example/",
        "https://me:12#34@a.example/",
        "https://me:pa/ss@a.example/",
    ],
)
def test_a_password_that_is_not_encoded_is_refused_and_not_shown(written: str) -> None:
    for text in (
        f'sources: ["{written}"]',
        f'fetch: {{proxy: "{written}"}}',
        f'websub: {{hub: "{written}"}}',
        f'store: "{written.replace("https", "postgresql")}"',
        'sources: ["${WHOLE}"]',
    ):
        with pytest.raises(ConfigError) as caught:
            config.loads(text, FILE, {"WHOLE": written})
        said = str(caught.value)
        assert "%40" in said
        for part in ("p@ss", "34", "pa/ss", "me"):
            assert part not in said.replace("user name", "").replace("fetch", "")


@pytest.mark.parametrize(
    "written",
    [
        "https://social.example/@name.rss",
        "https://social.example:8443/@name.rss",
        "http://localhost:8080/@name",
        "http://nas:8080/@name.rss",
        "http://nas/feeds/a@b",
        "https://a.example/?mail=me@b.example",
        "https://a.example:444/?mail=me@b.example",
        "https://me:p%40ss@a.example/",
        "https://[::1]:8080/a@b",
    ],
)
def test_an_at_sign_elsewhere_is_fine(written: str) -> None:
    assert config.loads(f'sources: ["{written}"]', FILE, {}).sources[0].url == written
