"""The API keeps what its description says."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fastjsonschema
import pytest
from lxml import etree

from aggregator.core.model import Author
from aggregator.store import SqlStore, open_store
from aggregator.web import _api
from tests.builders import (
    NOW,
    make_entries,
    make_entry,
    make_grouping,
    make_key,
    make_publisher,
    make_source,
    make_spec,
    make_state,
    make_story,
)
from tests.stores import gather, group_apart
from tests.unit.web.fakes import BROKEN, Visitor, make_site, visit

OPENAPI = json.loads(_api._OPENAPI.read_bytes())
SECRET = "s&cret"  # noqa: S105  made up
SOURCES = (
    make_source(url="https://user:pass@example.org/feed.xml?token=abc", category="world"),
    make_source(id="other", title="", url="https://other.example/feed", language="zh", paused=True),
    make_source(id="folder", kind="dump", url="", path=Path("/tmp/x")),  # noqa: S108  not read
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """Open a store of fifty stories; one has two reports."""
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as one:
        odd = make_entry(
            70, title="", text="<b>\u2028 & 渡轮", link="javascript:alert(1)", language="", image="data:x",
            authors=(Author(name="A"),), publisher=make_publisher("b.org", title=""),
        )  # fmt: skip
        gather(
            one,
            *make_entries(range(50)),
            odd,
            state=make_state(error="HTTP 500", last_success=None),
        )
        one.save_grouping(make_grouping(make_story(make_key(70), make_key(1), first_published=NOW)))
        group_apart(one)
        while one.index(100, 600):
            pass
        yield one


@pytest.fixture
def client(store: SqlStore, tmp_path: Path) -> Visitor:
    """Return somebody who asks a site over that store."""
    return visit(make_site(tmp_path, store=store, sources=SOURCES))


@cache
def validator(name: str) -> Any:
    """Return the check of a schema of the description."""
    return fastjsonschema.compile(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$ref": f"#/components/schemas/{name}",
        }
        | {"components": OPENAPI["components"]}
    )


def get(client: Visitor, path: str, status: int = 200) -> Any:
    """Return an answer, after it was held against the description."""
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    route = path.partition("?")[0]
    if route.startswith("/api/stories/"):
        route = "/api/stories/{id}"
    described = OPENAPI["paths"][route]["get"]["responses"][str(status)]
    assert answer.headers["content-type"] == "application/json" + "; charset=utf-8" * (
        status == 200
    )
    (schema,) = [one["schema"] for one in described["content"].values()]
    assert set(described.get("headers", ())) <= {
        name.title().replace("Etag", "ETag") for name in answer.headers
    }
    value = answer.json()
    if "$ref" in schema:
        validator(schema["$ref"].rpartition("/")[2])(value)
    return value


def test_the_description_is_served(client: Visitor) -> None:
    served = get(client, "/api/openapi.json")
    assert served.pop("servers") == [{"url": "http://127.0.0.1:8080"}]
    assert served == OPENAPI


def test_every_route_is_described(store: SqlStore, tmp_path: Path) -> None:
    site = make_site(tmp_path, store=store)
    routes = {route.path for route in _api.Api(site, [""], "").routes()}
    assert routes == set(OPENAPI["paths"])
    for path, known in (("/api/stories", _api._STORIES), ("/api/search", _api._SEARCH)):
        named = [one.get("name") for one in OPENAPI["paths"][path]["get"]["parameters"]]
        assert set(named) - {None} == set(known)


def test_a_schema_that_is_not_kept_is_noticed(client: Visitor) -> None:
    value = get(client, "/api/stories")
    check = validator("Stories")
    for wrong in ({**value, "more": 1}, {"stories": value["stories"]}, {**value, "next": 3}):
        with pytest.raises(fastjsonschema.JsonSchemaException):
            check(wrong)
    value["stories"][0]["reports"][0].pop("publisher")
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check(value)


@pytest.mark.parametrize("path", ["/api/stories?limit=7", "/api/search?q=headline&limit=7"])
def test_pages_follow_each_other(client: Visitor, path: str) -> None:
    seen, cursor = list[str](), ""
    while True:
        page = get(client, f"{path}&cursor={cursor}" if cursor else path)
        seen += [one["id"] for one in page["stories"]]
        assert len(page["stories"]) <= 7
        if page["next"] is None:
            break
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 50


def test_a_story_that_arrives_meanwhile_changes_no_later_page(
    client: Visitor, store: SqlStore
) -> None:
    first = get(client, "/api/stories?limit=10")
    before = get(client, f"/api/stories?limit=10&cursor={first['next']}")
    gather(store, make_entry(80))
    group_apart(store, first_published=NOW.replace(year=2027))
    assert get(client, f"/api/stories?limit=10&cursor={first['next']}") == before
    assert get(client, "/api/stories?limit=1")["stories"][0]["title"] == "Headline 80"


@pytest.mark.parametrize(
    ("query", "count"),
    [("min_publishers=2", 1), ("category=world", 50), ("category=no", 0), ("lang=en", 50), ("lang=zh", 0),
     ("source=example", 50), ("source=no", 0), ("q=headline+7", 1), ("q=/headline/", 50)],
)  # fmt: skip
def test_conditions_narrow_the_list(client: Visitor, query: str, count: int) -> None:
    assert len(get(client, f"/api/stories?limit=100&{query}")["stories"]) == count


def test_a_whole_story_has_text_and_reasons(client: Visitor) -> None:
    (listed,) = get(client, "/api/stories?min_publishers=2")["stories"]
    for id_ in (listed["id"], listed["id"].removeprefix("urn:uuid:"), listed["id"].upper()):
        whole = get(client, f"/api/stories/{id_}")
        assert whole["id"] == listed["id"]
    assert whole["title"]
    assert whole["link"] is whole["image"] is whole["language"] is None
    assert [one["reason"]["kind"] for one in whole["reports"]] == ["founder", "same event"]
    assert (
        whole["reports"][1]["id"]
        == get(client, "/api/search?q=headline+1&day=2026-03-01")["stories"][0]["found"]
    )


def test_a_very_long_text_is_left_out(client: Visitor, store: SqlStore) -> None:
    gather(store, make_entry(90, html="<p>" + "x" * 500_000 + "</p>", published=NOW))
    story = make_story(make_key(90), first_published=NOW.replace(year=2027))
    store.save_grouping(make_grouping(story))
    assert get(client, f"/api/stories/{story.id}")["html"] is None


def test_lists_are_bounded(client: Visitor, store: SqlStore) -> None:
    gather(store, *make_entries(range(100, 700)))
    story = make_story(
        *(make_key(n) for n in range(100, 700)), first_published=NOW.replace(year=2027)
    )
    store.save_grouping(make_grouping(story))
    (listed,) = get(client, "/api/stories?limit=1")["stories"]
    assert (listed["entries"], len(listed["reports"])) == (600, 50)
    assert len(get(client, f"/api/stories/{story.id}")["reports"]) == 500


def test_sources_have_no_secrets(client: Visitor) -> None:
    found = get(client, "/api/sources")["sources"]
    assert [(one["id"], one["state"]) for one in found] == [
        ("example", "error"),
        ("other", "paused"),
        ("folder", "new"),
    ]
    assert found[0]["error"] == "HTTP 500"
    opml = client.get("/api/sources.opml")
    assert opml.headers["content-type"] == "text/x-opml; charset=utf-8"
    assert etree.fromstring(opml.content).xpath("//outline[@type='rss']/@text") == [
        "Example",
        "other",
    ]
    for text in (client.get("/api/sources").text, opml.text):
        assert "pass" not in text
        assert "abc" not in text
        assert "/tmp" not in text  # noqa: S108  a text


@pytest.mark.parametrize("path", ["/api/stories", "/api/search?q=headline", "/api/sources", "/api/sources.opml", "/api/openapi.json"])  # fmt: skip
def test_what_is_known_is_not_sent_again(client: Visitor, path: str) -> None:
    first = client.get(path)
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get(path, known)
    assert (again.status_code, again.content) == (304, b"")
    assert (
        client.get(path, {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}).status_code == 200
    )
    head = client.ask("HEAD", path, {})
    assert (head.status_code, head.content) == (200, b"")
    assert client.ask("POST", path, {}).status_code == 405


def test_a_change_is_sent(client: Visitor, store: SqlStore) -> None:
    etag = client.get("/api/stories").headers["etag"]
    gather(store, make_entry(80))
    group_apart(store)
    assert client.get("/api/stories", {"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/stories?limit=0", 400),
        ("/api/stories?limit=101", 400),
        ("/api/stories?limit=1e1", 400),
        ("/api/stories?limit=%D9%A1", 400),
        ("/api/stories?cursor=x", 400),
        ("/api/stories?cursor=1.1." + "g" * 36, 400),
        ("/api/stories?cursor=" + "9" * 400, 400),
        ("/api/stories?cursor=" + "9" * 17 + ".1.00000000-0000-0000-0000-000000000000", 400),
        ("/api/stories?lang=%FF", 400),
        ("/api/stories?nosuch=1", 400),
        ("/api/stories?min_publishers=-1", 400),
        ("/api/stories?q=a+b+c+d+e+f", 400),
        ("/api/stories?q=%20%E2%80%8B", 400),
        ("/api/stories?q=" + "x" * 5000, 400),
        ("/api/stories?limit=1&limit=2", 400),
        ("/api/stories/none", 404),
        ("/api/stories/" + "x" * 3000, 404),
        ("/api/stories/%00", 404),
        ("/api/stories/%FF%FE", 404),
        ("/api/stories/00000000-0000-0000-0000-000000000000", 404),
        ("/api/search", 400),
        ("/api/search?q=%21", 400),
        ("/api/search?q=x&cursor=1.5", 400),
        ("/api/search?q=x&day=yesterday", 400),
        ("/api/sources?limit=3", 400),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(client: Visitor, path: str, status: int) -> None:
    assert get(client, path, status)["error"]


@pytest.mark.parametrize("query", ["'; DROP TABLE story; --", '" OR 1', "a:* & b", "\ud7ff", "%"])
def test_no_query_breaks_it(client: Visitor, query: str) -> None:
    for path in ("/api/search", "/api/stories"):
        assert client.get(f"{path}?q={quote(query)}").status_code in {200, 400}
    assert get(client, "/api/search?q=headline")["stories"]


def test_a_cursor_at_the_ends_of_time_is_no_error(client: Visitor) -> None:
    id_ = "00000000-0000-0000-0000-000000000000"
    assert get(client, f"/api/stories?cursor=0.0.{id_}") == {"stories": [], "next": None}
    far = "9" * 16
    assert len(get(client, f"/api/stories?limit=100&cursor={far}.{far}.{id_}")["stories"]) == 50


def test_it_is_private_with_the_pages(store: SqlStore, tmp_path: Path) -> None:
    site = make_site(
        tmp_path, store=store, feeds=(make_spec(), make_spec(name="own", token=SECRET))
    )
    client = visit(replace(site, sources=SOURCES))
    for path in (
        "/api/stories",
        "/api/sources",
        "/api/sources.opml",
        "/api/openapi.json",
        "/api/stories/none",
        "/api/search?q=x",
    ):
        assert get(client, path, 403)["error"]
        assert client.get(f"{path}{'&' if '?' in path else '?'}token=wrong").status_code == 403
    answer = client.get("/api/stories?token=s%26cret")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"


def test_without_search_there_is_none(store: SqlStore, tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, store=store, search=False))
    assert get(client, "/api/search?q=x", 404)["error"]


def test_a_store_that_fails_is_said(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, store=BROKEN))
    for path in ("/api/stories", "/api/sources", "/api/search?q=x"):
        assert get(client, path, 503)["error"]
