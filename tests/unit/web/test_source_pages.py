"""The pages about sources, and about the site."""

from pathlib import Path
from typing import Any

import pytest
from lxml import html

from aggregator.core.model import SourceState
from aggregator.core.outcomes import PastOutcome
from aggregator.web.pages.source_view import sparkline
from tests.builders import NOW, at, make_info, make_shown, make_source, make_spec, make_stored
from tests.unit.web.fakes import BROKEN, LEARNED, FakeReader, make_site, visit

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
SECRET = "https://name:word@example.org/private-key/feed.xml?token=key"  # noqa: S105
STATES = {
    "example": SourceState(last_success=at(-1), due=at(1), info=make_info(title="The Example")),
    "broken": SourceState(
        last_success=at(days=-3),
        error="404: not found",
        failures=3,
        history=(
            PastOutcome(since=at(days=-2), error="404: not found"),
            PastOutcome(since=at(days=-9)),
        ),
    ),
    "gone": SourceState(gone=True, error="410: gone"),
    "later": SourceState(wait_until=at(3), error="429: too many requests"),
}
SOURCES = (
    make_source(title=""),
    make_source(id="broken", title="Broken", url=SECRET),
    make_source(id="gone", title="Gone"),
    make_source(id="later", title="Later"),
    make_source(id="new", title="New"),
    make_source(id="resting", title="Resting", paused=True),
)


def page(folder: Path, path: str, *stories: Any, **kw: Any) -> Any:
    given = {"store": FakeReader(*stories, states=STATES), "sources": SOURCES} | kw
    answer = visit(make_site(folder, **given)).get(path)
    assert answer.status_code == 200
    return html.fromstring(answer.text)


def test_sources_that_need_a_look_come_first(tmp_path: Path) -> None:
    found = page(tmp_path, "/sources")
    rows = [
        (one.xpath("string(.//h2)"), one.xpath("string(.//*[contains(@class, 'state')])"))
        for one in found.xpath("//li[@class='source']")
    ]
    assert rows == [
        ("Gone", "gone for good"),
        ("Broken", "fails"),
        ("Later", "asked to wait"),
        ("New", "not fetched yet"),
        ("The Example", "works"),
        ("Resting", "paused"),
    ]
    assert "6 sources · 2 fail" in found.text_content()
    assert found.xpath("//li[@class='source']//h2/a/@href")[1] == "/sources/broken"


def test_errors_come_with_what_helps(tmp_path: Path) -> None:
    (problem,) = page(tmp_path, "/sources").xpath("//li[2]//div[@class='problem']")
    text = problem.text_content()
    assert "404: not found" in text
    assert "What helps: there is no feed at this URL" in text
    assert "aggregator sources add https://example.org/" in text


@pytest.mark.parametrize("path", ["/sources", "/sources/broken"])
def test_no_secret_of_an_address_is_told(tmp_path: Path, path: str) -> None:
    site = make_site(tmp_path, store=FakeReader(states=STATES), sources=SOURCES)
    text = visit(site).get(path).text
    assert "example.org" in text
    for secret in ("name:word", "private-key", "token=key"):
        assert secret not in text


def test_figures_are_told(tmp_path: Path) -> None:
    (row,) = [
        one
        for one in page(tmp_path, "/sources").xpath("//li[@class='source']")
        if "The Example" in one.text_content()
    ]
    text = " ".join(row.text_content().split())
    assert "4 entries in 14 days · 25% reported before · first 2 times" in text
    assert "last success 1 hour ago · next fetch in 1 hour" in text
    assert row.xpath(".//svg/@aria-label") == ["Entries a day in the last 14 days: 4 in all"]


def test_a_source_has_a_page(tmp_path: Path) -> None:
    shown = make_shown(make_stored(1, html=f"<p>News.</p><p>{LEARNED}</p>"))
    found = page(tmp_path, "/sources/example", shown)
    slug = shown.story.id.removeprefix("urn:uuid:")
    assert found.xpath("//ul[@class='entries']//a/@href") == [f"/stories/{slug}"]
    assert [one.text_content() for one in found.xpath("//ul[@class='blocks']/li")] == [LEARNED]
    assert "25% of its entries report what others had reported before" in found.text_content()


def test_the_history_of_a_source_is_told(tmp_path: Path) -> None:
    found = page(tmp_path, "/sources/broken")
    told = [
        " ".join(one.text_content().split()) for one in found.xpath("//ol[@class='history']/li")
    ]
    assert told == ["since 2 days ago fails 404: not found", "since 21 Feb works"]


@pytest.mark.parametrize("path", ["/sources/nothing", "/sources/%3Cscript%3E", "/sources/"])
def test_an_unknown_source_is_not_found(tmp_path: Path, path: str) -> None:
    assert visit(make_site(tmp_path, sources=SOURCES)).get(path).status_code == 404


def test_an_empty_list_of_sources(tmp_path: Path) -> None:
    assert "There is no source yet" in page(tmp_path, "/sources", sources=()).text_content()


def test_the_site_tells_of_itself(tmp_path: Path) -> None:
    shown = make_shown(make_stored(1), make_stored(2))
    feeds = (make_spec(formats=("atom", "json")), make_spec(name="inner", title="Inner circle"))
    found = page(tmp_path, "/about", shown, feeds=feeds)
    assert [one.text for one in found.xpath("//dl[@class='numbers']//dd")] == ["6", "2", "1", "1"]
    assert found.xpath("//ul[@class='editions']//a/@href") == [
        "/feeds/inner.atom",
        "/feeds/merged.atom",
        "/feeds/merged.json",
    ]
    assert "http://127.0.0.1:8080/feeds/merged.atom?category=world" in found.text_content()


@pytest.mark.parametrize("path", ["/sources", "/sources/example", "/about"])
def test_these_pages_are_private_with_a_private_feed(tmp_path: Path, path: str) -> None:
    secret = make_spec(token="k" * 20)
    client = visit(make_site(tmp_path, sources=SOURCES, feeds=(secret,)))
    assert client.get(path).status_code == 403
    answer = client.get(f"{path}?token={'k' * 20}")
    assert answer.status_code == 200
    found: Any = html.fromstring(answer.text)
    inner = found.xpath("//header//a/@href")
    assert all(address.endswith(f"?token={'k' * 20}") for address in inner)


@pytest.mark.parametrize("path", ["/sources", "/sources/example"])
def test_names_and_errors_are_text(tmp_path: Path, path: str) -> None:
    states = {
        "example": SourceState(error=HOSTILE, history=(PastOutcome(since=NOW, error=HOSTILE),))
    }
    shown = make_shown(make_stored(1, title=HOSTILE, link="javascript:alert(1)"))
    source = make_source(title=HOSTILE, category=HOSTILE)
    store = FakeReader(shown, states=states)
    answer = visit(make_site(tmp_path, store=store, sources=(source,))).get(path)
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "javascript:" not in answer.text
    assert "<img" not in answer.text


def test_a_broken_store_is_told(tmp_path: Path) -> None:
    assert visit(make_site(tmp_path, store=BROKEN)).get("/sources").status_code == 503


def test_a_line_over_days_fits_its_box() -> None:
    points, area = sparkline((0, 2, 4), width=10, height=24)
    assert points == "0.0,22.0 5.0,12.0 10.0,2.0"
    assert area == f"0,24 {points} 10,24"
    assert sparkline((0,) * 14)[0].endswith("112.0,22.0")
    assert sparkline((5,))[0] == "0.0,2.0"
