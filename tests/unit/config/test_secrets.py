"""A secret that is empty is an error, wherever it stands; nothing turns public by an empty variable."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import config
from aggregator.core.errors import ConfigError

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
