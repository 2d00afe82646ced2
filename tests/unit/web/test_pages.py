"""Pages for people."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from aggregator.core.model import Member, Reason, ShownStory
from aggregator.web import _pages
from tests.builders import at, make_publisher, make_shown, make_spec, make_stored
from tests.fakes import FakeClock
from tests.unit.web.fakes import BROKEN, FakeReader, make_site, visit

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def explained(*reasons: Reason) -> ShownStory:
    """Make a story whose members have these reasons; entry 1 founded it."""
    entries = tuple(
        make_stored(n + 1, publisher=make_publisher(f"p{n}.org"), published=at(-n))
        for n in range(len(reasons))
    )
    shown = make_shown(*entries)
    members = tuple(
        Member(key=entry.key, reason=replace(reason, nearest=entries[0].key if n else ""))
        for n, (entry, reason) in enumerate(zip(entries, reasons, strict=True))
    )
    return replace(shown, story=replace(shown.story, members=members))


def page(folder: Path, path: str, *stories: ShownStory) -> Any:
    answer = visit(make_site(folder, *stories)).get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return html.fromstring(answer.text)


def test_the_first_page_lists_the_newest_stories(tmp_path: Path) -> None:
    stories = [
        make_shown(make_stored(1), make_stored(2, publisher=make_publisher("b.org"))),
        make_shown(make_stored(3, language="zh-Hans", link="")),
    ]
    found = page(tmp_path, "/", *stories)
    headings = found.xpath("//ol[@class='stories']//h2/a")
    assert [heading.text for heading in headings] == ["Headline 1", "Headline 3"]
    slug = stories[0].story.id.removeprefix("urn:uuid:")
    assert headings[0].get("href") == f"/stories/{slug}"
    assert [node.text for node in found.xpath("//ul[@class='reports']//bdi")] == [
        "Example.Org",
        "B.Org",
        "Example.Org",
    ]
    assert found.xpath("//h2/@lang") == ["en", "zh-Hans"]
    assert found.xpath("//time/text()")[0] == "2026-03-01 10:30 UTC"


def test_feeds_are_found_by_readers(tmp_path: Path) -> None:
    site = make_site(tmp_path, feeds=(make_spec(formats=("atom", "rss", "json")),))
    found: Any = html.fromstring(visit(site).get("/").text)
    links = found.xpath("//link[@rel='alternate']")
    assert [(link.get("type"), link.get("href")) for link in links] == [
        ("application/atom+xml", "/feeds/merged.atom"),
        ("application/rss+xml", "/feeds/merged.rss"),
        ("application/feed+json", "/feeds/merged.json"),
    ]
    assert links[0].get("title") == "Merged news (Atom)"
    assert len(found.xpath("//nav//a")) == 3


def test_the_first_page_is_read_anew_after_a_while(tmp_path: Path) -> None:
    clock = FakeClock()
    stories = [make_shown(make_stored(1))]
    reader = Growing(stories)
    client = visit(make_site(tmp_path, store=reader, clock=clock))
    assert "Headline 1" in client.get("/").text
    stories.append(make_shown(make_stored(2)))
    assert "Headline 2" not in client.get("/").text
    clock.pass_(timedelta(seconds=11))
    assert "Headline 2" in client.get("/").text


class Growing(FakeReader):
    """Reads stories from a list that grows."""

    def __init__(self, stories: list[ShownStory]) -> None:
        super().__init__()
        self._held = stories

    def newest_stories(self) -> Iterator[ShownStory]:
        """Yield what is there by now."""
        yield from self._held


def test_an_empty_site_says_so(tmp_path: Path) -> None:
    site = make_site(tmp_path, feeds=())
    assert "There is no story yet" in visit(site).get("/").text


def test_a_long_story_is_cut_on_the_first_page(tmp_path: Path) -> None:
    many = make_shown(*(make_stored(n) for n in range(1, 12)))
    assert "and 3 more" in visit(make_site(tmp_path, many)).get("/").text


def test_a_story_says_why_its_entries_stand_together(tmp_path: Path) -> None:
    shown = explained(
        Reason(kind="founder"),
        Reason(
            kind="same event",
            score=0.934,
            weights=(("titles", 2.13), ("word cosine", -0.4), ("leads", 1.0)),
            shared=("布林肯", "Beijing"),
        ),
        Reason(kind="same text"),
        Reason(kind="same link", score=1),
        Reason(kind="user"),
        Reason(kind="journal"),
    )
    slug = shown.story.id.removeprefix("urn:uuid:")
    found = page(tmp_path, f"/stories/{slug}", shown)
    text = " ".join(found.text_content().split())
    assert "6 reports by 6 publishers" in text
    assert "It was the first report of this story." in text
    assert "93% It reports the same event as “Headline 1”." in text
    assert "For similarity of the titles +2.1, similarity of the leads +1.0" in text
    assert "Against similarity of the words −0.4" in text
    assert "Shared words 布林肯, Beijing" in text
    assert "100% It has the same text as “Headline 1”." in text
    assert "100% It links to the same page as “Headline 1”." in text
    assert "You put it here." in text
    assert "before the database was lost" in text


def test_a_story_of_one_reads_well(tmp_path: Path) -> None:
    shown = make_shown(make_stored(1, text="", link=""))
    found = page(tmp_path, f"/stories/{shown.story.id}", shown)
    assert "1 report by 1 publisher" in found.text_content()
    assert not found.xpath("//h1/a")


def test_the_nearest_may_have_left(tmp_path: Path) -> None:
    shown = make_shown(make_stored(1), make_stored(2))
    answer = visit(make_site(tmp_path, shown)).get(f"/stories/{shown.story.id}")
    assert "It reports the same event." in answer.text


@pytest.mark.parametrize("path", ["/", "/stories/{slug}"])
def test_titles_and_names_are_text(tmp_path: Path, path: str) -> None:
    shown = make_shown(
        make_stored(
            1,
            title=HOSTILE,
            text=HOSTILE,
            language='"><script>',
            link="javascript:alert(1)",
            publisher=make_publisher("x", title=HOSTILE),
        )
    )
    slug = shown.story.id.removeprefix("urn:uuid:")
    answer = visit(make_site(tmp_path, shown)).get(path.format(slug=slug))
    assert "<script" not in answer.text
    assert "javascript:" not in answer.text
    found: Any = html.fromstring(answer.text)
    assert not found.xpath("//script | //img | //@onerror | //@style")
    assert HOSTILE in unescape(answer.text)


@pytest.mark.parametrize("path", ["/", "/stories/{slug}", "/nothing"])
def test_no_foreign_host_is_asked(tmp_path: Path, path: str) -> None:
    shown = make_shown(make_stored(1, image="https://foreign.example/i.png"))
    slug = shown.story.id.removeprefix("urn:uuid:")
    answer = visit(make_site(tmp_path, shown)).get(path.format(slug=slug))
    found: Any = html.fromstring(answer.text)
    fetched = found.xpath("//link/@href | //@src | //@srcset | //@poster")
    assert all(address.startswith("/") for address in fetched)


@pytest.mark.parametrize(
    "slug", ["nothing", "00000000-0000-5000-8000-000000000000", "%3Cscript%3E", "%00"]
)
def test_an_unknown_story_is_not_found(tmp_path: Path, slug: str) -> None:
    answer = visit(make_site(tmp_path)).get(f"/stories/{slug}")
    assert answer.status_code == 404
    assert "<script" not in answer.text


def test_a_store_that_cannot_be_read_is_told_and_feeds_are_served_on(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, store=BROKEN))
    answer = client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "locked" not in answer.text
    assert client.get("/feeds/merged.atom").status_code == 200


def test_an_unforeseen_error_tells_nothing(tmp_path: Path) -> None:
    store = FakeReader(broken=RuntimeError("secret path"))
    answer = visit(make_site(tmp_path, store=store)).get("/")
    assert answer.status_code == 500
    assert "Internal error" in answer.text
    assert "secret" not in answer.text


def test_other_methods_are_refused(tmp_path: Path) -> None:
    assert visit(make_site(tmp_path)).ask("POST", "/", {}).status_code == 405


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("style.css", "text/css; charset=utf-8"),
        ("feed.css", "text/css; charset=utf-8"),
        ("icon.png", "image/png"),
        ("logo.png", "image/png"),
        ("favicon.ico", "image/png"),
    ],
)
def test_our_own_files_are_served(tmp_path: Path, name: str, kind: str) -> None:
    answer = visit(make_site(tmp_path)).get(f"/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["etag"]


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"title": "", "text": "A text"}, "A text"),
        ({"title": "", "text": ""}, "Example.Org"),
        ({"title": "", "text": "", "publisher": make_publisher("x", title="")}, "?"),
    ],
)
def test_a_story_is_called_something(fields: dict[str, object], title: str) -> None:
    assert _pages.story_view(make_shown(make_stored(1, **fields))).title == title
