"""What is told to those who do not know the token of a private feed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.core.ports import Renderer
from aggregator.core.settings import FeedSpec
from aggregator.publish import files
from aggregator.publish.renderers import atom, rss
from aggregator.publish.renderers import json as json_feed
from aggregator.web import Site
from tests.builders import make_edition, make_shown, make_spec
from tests.unit.web.fakes import Visitor, make_site, visit

SECRET = "s3cret&more"  # noqa: S105  made up
PRIVATE = make_spec(name="inner", title="Inner circle", token=SECRET)
OPEN = make_spec(name="open", title="For all")
STORY = make_shown()
SLUG = STORY.story.id.removeprefix("urn:uuid:")
HOW = "?token=…"


def private_site(folder: Path, *feeds: FeedSpec) -> Site:
    """Make a site with a private feed, whose file is there."""
    files.write(folder / "inner.atom", b"<feed/>")
    return make_site(folder, STORY, feeds=feeds or (PRIVATE,))


@pytest.fixture
def client(tmp_path: Path) -> Visitor:
    """Visit a site whose only feed is private."""
    return visit(private_site(tmp_path))


@pytest.mark.parametrize("path", ["/", f"/stories/{SLUG}", "/stories/none", "/?token=wrong"])
def test_private_pages_say_how_they_are_opened(client: Visitor, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 403
    assert "private" in answer.text
    assert HOW in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_the_way_that_is_told_is_true(client: Visitor) -> None:
    assert STORY.lead.entry.title in client.get("/?token=s3cret%26more").text


def test_a_story_that_is_not_there_looks_like_one_that_is(client: Visitor) -> None:
    assert client.get(f"/stories/{SLUG}").text == client.get("/stories/none").text


@pytest.mark.parametrize(
    ("there", "not_there"),
    [
        ("/feeds/inner.atom", "/feeds/other.atom"),
        ("/feeds/inner.atom?token=x", "/feeds/other.atom?token=x"),
        ("/feeds/inner.atom?q=x", "/feeds/other.atom?q=x"),
        ("/feeds/inner/archive-0001.atom", "/feeds/other/archive-0001.atom"),
    ],
)
def test_a_private_feed_looks_like_one_that_is_not_there(
    client: Visitor, there: str, not_there: str
) -> None:
    seen, missed = client.get(there), client.get(not_there)
    assert (seen.status_code, seen.text) == (missed.status_code, missed.text)
    assert seen.status_code == 404
    assert HOW in seen.text


def test_without_private_feeds_nothing_is_said_of_them(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path)).get("/feeds/other.atom")
    assert answer.status_code == 404
    assert "token" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/", "/stories/none", "/feeds/none.atom", "/nothing", "/a/b", f"/stories/{SLUG}/split/x"],
)
@pytest.mark.parametrize("feeds", [(PRIVATE,), (PRIVATE, OPEN), (OPEN, PRIVATE)])
def test_nothing_private_is_told_or_linked(
    tmp_path: Path, path: str, feeds: tuple[FeedSpec, ...]
) -> None:
    text = visit(private_site(tmp_path, *feeds)).get(path).text
    for secret in ("s3cret", "Inner circle", "inner", STORY.lead.entry.title):
        assert secret not in text
    links = re.findall(r'<a [^>]*href="([^"]*)"', text)
    assert set(links) <= {"#main", "/feeds/open.atom"}


@pytest.mark.parametrize("renderer", [atom, rss, json_feed], ids=["atom", "rss", "json"])
def test_a_public_feed_leads_to_no_private_page(renderer: Renderer) -> None:
    edition = make_edition(STORY, spec=OPEN, has_pages=False)
    shut = renderer.render(edition).decode()
    ajar = renderer.render(replace(edition, has_pages=True)).decode()
    assert f"/stories/{SLUG}" in ajar
    assert "/stories/" not in shut
    assert not re.search(r'[">]http://127.0.0.1:8080/["<]', shut)


@pytest.mark.parametrize("renderer", [atom, rss, json_feed], ids=["atom", "rss", "json"])
def test_the_links_of_a_private_feed_open(tmp_path: Path, renderer: Renderer) -> None:
    name = f"inner.{renderer.EXTENSION}"
    spec = replace(PRIVATE, formats=(name.partition(".")[2],))
    edition = make_edition(STORY, spec=spec, self_url=f"http://127.0.0.1:8080/feeds/{name}")
    client = visit(private_site(tmp_path, spec))
    files.write(tmp_path / name, renderer.render(edition))
    answer = client.get(f"/feeds/{name}?token=s3cret%26more")
    known = "?token=s3cret%26more"
    for path in ("/", f"/stories/{SLUG}", f"/feeds/{name}"):
        assert re.search(rf'[">]http://127.0.0.1:8080{path}{re.escape(known)}["<]', answer.text)
        assert client.get(f"{path}{known}").status_code == 200


def test_health_counts_private_feeds_and_names_them_to_those_who_know(tmp_path: Path) -> None:
    site = private_site(tmp_path, PRIVATE, OPEN)
    client = visit(site)
    files.write(tmp_path / "open.atom", b"<feed/>")
    assert list(client.get("/health").json()["feeds"]) == ["open.atom"]
    assert len(client.get("/health?token=s3cret%26more").json()["feeds"]) == 2
    (tmp_path / "inner.atom").unlink()
    answer = client.get("/health")
    assert (answer.status_code, "inner" in answer.text) == (503, False)
