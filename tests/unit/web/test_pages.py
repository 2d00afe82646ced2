"""Pages for people."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from aggregator.core.model import Member, Reason, ShownStory
from aggregator.core.settings import PageSettings
from aggregator.gather.pictures.picture_files import PictureFiles, picture_name
from aggregator.web.pages.story_view import story_view
from tests.builders import at, make_publisher, make_shown, make_source, make_spec, make_stored
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


def test_the_first_page_lists_stories(tmp_path: Path) -> None:
    stories = [
        make_shown(
            make_stored(1),
            make_stored(2, publisher=make_publisher("b.org"), link=""),
            make_stored(3, publisher=make_publisher("c.org")),
        ),
        make_shown(make_stored(4, language="zh-Hans", text="第一句。第二句。")),
    ]
    found = page(tmp_path, "/", *stories)
    headings = found.xpath("//li[contains(@class, 'story')]/h3")
    assert [one.text_content() for one in headings] == ["Headline 1", "Headline 4"]
    assert [one.get("lang") for one in headings] == ["en", "zh-Hans"]
    slug = stories[0].story.id.removeprefix("urn:uuid:")
    assert headings[0].xpath("a/@href") == [f"/stories/{slug}"]
    first, second = found.xpath("//li[contains(@class, 'story')]")
    assert first.xpath(".//*[@class='count']/text()") == ["3 publishers"]
    assert first.xpath(".//a[@class='chip']/@href") == [
        "https://example.org/1",
        "https://example.org/3",
    ]
    assert [one.text_content() for one in first.xpath(".//bdi")] == [
        "Example.Org",
        "B.Org",
        "C.Org",
    ]
    assert "large" in first.get("class").split()
    assert "large" not in second.get("class").split()
    assert second.xpath("p[@class='excerpt']/text()") == ["第一句。第二句。"]
    assert found.xpath("//section/h2/text()")[0].strip() == "Yesterday"
    assert first.xpath(".//time/@title") == ["2026-03-01 10:30 UTC"]
    assert first.xpath(".//time/text()") == ["23 hours ago"]


def test_publishers_of_a_large_story_are_counted(tmp_path: Path) -> None:
    many = make_shown(*(make_stored(n, publisher=make_publisher(f"p{n}")) for n in range(1, 12)))
    found = page(tmp_path, "/", many)
    assert found.xpath("//*[@class='count']/text()") == ["11 publishers"]
    assert len(found.xpath("//a[@class='chip']")) == 3
    assert found.xpath("//a[@class='chip more']/text()") == ["+8"]


def test_the_interface_is_in_the_language_of_the_reader(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, make_shown()))
    chinese = client.get("/", {"Accept-Language": "zh-CN,zh;q=0.9"})
    found: Any = html.fromstring(chinese.text)
    assert found.get("lang") == "zh-Hans"
    assert "昨天" in chinese.text
    assert "Accept-Language" in chinese.headers["vary"]
    assert client.get("/").headers["etag"] != chinese.headers["etag"]
    assert "這裡沒有內容" in client.get("/nothing", {"Accept-Language": "zh-TW"}).text


def test_a_page_is_compressed_and_not_sent_twice(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, make_shown()))
    first = client.get("/", {"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/", {"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_views_are_chosen_by_links(tmp_path: Path) -> None:
    stories = [
        make_shown(make_stored(1, source_id="a", publisher=make_publisher("a.org"))),
        make_shown(make_stored(2, source_id="b", language="zh", publisher=make_publisher("b.org"))),
    ]
    sources = (make_source(id="a", category="world"), make_source(id="b", category="sport & play"))
    site = make_site(tmp_path, *stories, sources=sources)
    found: Any = html.fromstring(visit(site).get("/").text)
    links = {
        one.xpath("string(bdi)"): one.get("href") for one in found.xpath("//a[@class='choice']")
    }
    assert links["sport & play"] == "/?category=sport+%26+play"
    assert links["中文"] == "/?language=zh"
    assert links["A.Org"] == "/?publisher=a.org"
    for name, title in (
        ("sport & play", "Headline 2"),
        ("中文", "Headline 2"),
        ("A.Org", "Headline 1"),
    ):
        chosen: Any = html.fromstring(visit(site).get(links[name]).text)
        assert [one.text_content() for one in chosen.xpath("//h3")] == [title]
        assert name in chosen.xpath("//a[@class='choice'][@aria-current]/bdi/text()")


def test_each_view_names_its_feed(tmp_path: Path) -> None:
    stories = [
        make_shown(make_stored(n, source_id=name, publisher=make_publisher(f"{name}.org")))
        for n, name in enumerate("ab")
    ]
    sources = (make_source(id="a", category="world"), make_source(id="b"))
    feeds = (make_spec(formats=("atom", "dump")), make_spec(name="other", title="Other"))
    site = make_site(tmp_path, *stories, sources=sources, feeds=feeds)
    for view, query in (
        ("/?tab=newest", ""),
        ("/?category=world", "?category=world"),
        ("/?language=en&category=world", "?category=world&lang=en"),
        ("/?publisher=b.org", "?source=b"),
    ):
        found: Any = html.fromstring(visit(site).get(view).text)
        assert found.xpath("//aside//code/text()") == [
            f"http://127.0.0.1:8080/feeds/merged.atom{query}"
        ]
        assert f"/feeds/merged.atom{query}" in found.xpath("//link[@rel='alternate']/@href")
    assert "<aside" not in visit(site).get("/?publisher=nobody").text


def test_the_feed_of_a_view_has_its_order(tmp_path: Path) -> None:
    feeds = (make_spec(), make_spec(name="best", title="Best", order="top"))
    site = make_site(tmp_path, make_shown(), feeds=feeds)
    for view, name in (("/", "best"), ("/?tab=newest", "merged")):
        found: Any = html.fromstring(visit(site).get(view).text)
        assert found.xpath("//aside//code/text()") == [f"http://127.0.0.1:8080/feeds/{name}.atom"]


def test_older_stories_are_on_the_next_page(tmp_path: Path) -> None:
    site = make_site(tmp_path, *(make_shown(make_stored(n)) for n in range(1, 45)))
    first: Any = html.fromstring(visit(site).get("/?tab=newest").text)
    assert first.xpath("//a[@rel='next']/@href") == ["/?tab=newest&page=2"]
    assert not first.xpath("//a[@rel='prev']")
    second: Any = html.fromstring(visit(site).get("/?tab=newest&page=2").text)
    assert second.xpath("//a[@rel='prev']/@href") == ["/?tab=newest"]
    assert len(second.xpath("//h3")) == 4
    assert "No story fits" in visit(site).get("/?page=99").text


def test_pictures_are_shown_where_they_are_wanted(tmp_path: Path) -> None:
    shown = make_shown(make_stored(1, image="https://foreign.example/i.png"))
    path = f"/stories/{shown.story.id}"
    wanted = make_site(tmp_path, shown, pages=PageSettings(images="remote"))
    for address in ("/", path):
        plain, remote = visit(make_site(tmp_path, shown)).get(address), visit(wanted).get(address)
        assert "foreign.example" not in plain.text
        assert "img-src 'self';" in plain.headers["content-security-policy"]
        assert 'src="https://foreign.example/i.png"' in remote.text
        assert "img-src *;" in remote.headers["content-security-policy"]
        assert "script" not in remote.headers["content-security-policy"]


def test_the_site_is_read_in_its_time_zone(tmp_path: Path) -> None:
    site = make_site(tmp_path, make_shown(), pages=PageSettings(timezone="Asia/Shanghai"))
    assert "2026-03-01 18:30 CST" in visit(site).get("/").text


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
    assert len(found.xpath("//footer//a")) == 3


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

    def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
        """Return the stories of these ids."""
        wanted = set(ids)
        return tuple(one for one in self._held if one.story.id in wanted)


def test_an_empty_site_says_so(tmp_path: Path) -> None:
    site = make_site(tmp_path, feeds=())
    assert "There is no story yet" in visit(site).get("/").text


def test_a_story_says_why_its_entries_stand_together(tmp_path: Path) -> None:
    shown = explained(
        Reason(kind="founder"),
        Reason(
            kind="same event",
            score=0.934,
            bar=0.61,
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
    assert "6 reports · 6 publishers" in text
    assert "It was the first report of this story." in text
    assert "It reports the same event as Headline 1" in text
    assert "93% certain; 61% were needed" in text
    scale = found.xpath("//svg")[0]
    assert scale.get("aria-label") == "93% certain; 61% were needed"
    assert scale.xpath("rect/@width") == ["200", "186.8", "2"]
    assert "For similarity of the titles +2.1, similarity of the leads +1.0" in text
    assert "Against similarity of the words −0.4" in text
    assert "Shared words 布林肯, Beijing" in text
    assert "It has the same text as Headline 1" in text
    assert "It links to the same page as Headline 1" in text
    assert "A correction put it here." in text
    assert "before the database was lost" in text


def test_copies_are_folded_under_the_text_that_they_repeat(tmp_path: Path) -> None:
    shown = explained(Reason(kind="founder"), Reason(kind="same event"), Reason(kind="same text"))
    found = page(tmp_path, f"/stories/{shown.story.id}", shown)
    told = found.xpath("//ol[@class='timeline']/li")
    assert [one.xpath("string(h3)").strip() for one in told] == ["Headline 2", "Headline 1"]
    assert told[1].xpath("details[@class='copies']/summary/text()") == ["1 copy of this text"]
    assert "Headline 3" in told[1].xpath("string(details[@class='copies'])")


def test_copies_of_each_other_are_told_once(tmp_path: Path) -> None:
    shown = explained(Reason(kind="founder"), Reason(kind="same text"), Reason(kind="same text"))
    first, second = shown.story.members[1:]
    members = (
        shown.story.members[0],
        replace(first, reason=replace(first.reason, nearest=second.key)),
        replace(second, reason=replace(second.reason, nearest=first.key)),
    )
    shown = replace(shown, story=replace(shown.story, members=members))
    found = page(tmp_path, f"/stories/{shown.story.id}", shown)
    assert len(found.xpath("//ol[@class='timeline']/li")) == 2
    assert len(found.xpath("//details[@class='copies']//li")) == 1


def test_the_whole_text_is_shown(tmp_path: Path) -> None:
    source = '<h1>Part</h1><p>One <a href="https://a.example/">link</a></p><img src="https://b.example/i.png">'
    shown = make_shown(make_stored(1, html=source))
    found = page(tmp_path, f"/stories/{shown.story.id}", shown)
    body = found.xpath("//div[@class='body']")[0]
    assert body.xpath("h2/text()") == ["Part"]
    assert body.xpath("p/a/@href") == ["https://a.example/"]
    assert not body.xpath(".//img")
    (read_at,) = found.xpath("//a[@class='button']")
    assert read_at.get("href") == "https://example.org/1"
    assert read_at.text_content() == "Read it at Example.Org"


def test_what_was_said_in_other_languages(tmp_path: Path) -> None:
    shown = make_shown(make_stored(1), make_stored(2, language="zh-Hans", title="头条"))
    found = page(tmp_path, f"/stories/{shown.story.id}", shown)
    (section,) = found.xpath("//section[@class='languages']")
    assert section.xpath("h3/text()") == ["中文"]
    assert section.xpath("string(ul/li/p)").strip() == "头条"


def test_a_story_of_one_reads_well(tmp_path: Path) -> None:
    shown = make_shown(make_stored(1, text="", link=""))
    found = page(tmp_path, f"/stories/{shown.story.id}", shown)
    assert "1 report · 1 publisher" in found.text_content()
    assert not found.xpath("//main//a")


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
    assert "Something went wrong" in answer.text
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
    assert story_view(make_shown(make_stored(1, **fields))).title == title


# --- pictures ------------------------------------------------------------------------------

IMAGE = "https://foreign.example/i.png"


def pictured_site(folder: Path, **kw: Any) -> Any:
    """Make a site of one story, whose picture was made."""
    PictureFiles(folder / "pictures").save(picture_name(IMAGE), (b"small", b"large"))
    return make_site(folder / "feeds", make_shown(make_stored(1, image=IMAGE)), **kw)


def test_our_copies_of_pictures_are_shown(tmp_path: Path) -> None:
    client = visit(pictured_site(tmp_path))
    found: Any = html.fromstring(client.get("/").text)
    (image,) = found.xpath("//li[contains(@class, 'pictured')]//img")
    name = picture_name(IMAGE)
    assert image.get("src") == f"/pictures/{name}-400.webp"
    assert image.get("srcset").endswith(f"/pictures/{name}-960.webp 960w")
    assert image.get("alt") == ""
    answer = client.get(image.get("src"))
    assert (answer.content, answer.headers["content-type"]) == (b"small", "image/webp")
    assert answer.headers["cache-control"] == "public, max-age=604800, immutable"
    again = client.get(image.get("src"), {"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.ask("HEAD", image.get("src"), {}).content == b""


def test_a_picture_that_was_not_made_is_not_shown(tmp_path: Path) -> None:
    site = make_site(tmp_path / "feeds", make_shown(make_stored(1, image=IMAGE)))
    assert "<img" not in visit(site).get("/").text


@pytest.mark.parametrize(
    "file",
    [
        "x",
        f"{'a' * 32}-400.webp",
        f"{'a' * 32}-401.webp",
        f"{'a' * 32}.none",
        "..%2F..%2Flinks.key",
    ],
)
def test_no_other_file_is_sent_as_a_picture(tmp_path: Path, file: str) -> None:
    assert visit(pictured_site(tmp_path)).get(f"/pictures/{file}").status_code == 404


def test_pictures_of_private_pages_are_private(tmp_path: Path) -> None:
    token = "k" * 20
    client = visit(pictured_site(tmp_path, feeds=(make_spec(token=token),)))
    found: Any = html.fromstring(client.get(f"/?token={token}").text)
    (address,) = found.xpath("//img/@src")
    assert client.get(address.partition("?")[0]).status_code == 403
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("private")
