"""The page behind the link "not the same story"."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import html

from aggregator.core import decisions, ids
from aggregator.core.model import Edition, ShownStory
from aggregator.publish import files, signed_links
from aggregator.publish.renderers import LIST, atom, json, rss
from aggregator.web import Site, make_app
from tests.builders import (
    at,
    make_decision,
    make_edition,
    make_publisher,
    make_shown,
    make_spec,
    make_stored,
)
from tests.unit.web.fakes import BROKEN, FakeReader, Visitor, make_site, visit

HEADLINES = {"en": "A bridge opens", "zh-Hans": "大桥通车", "zh-Hant": "大橋通車"}


def reported(language: str = "en", reports: int = 2) -> ShownStory:
    """Make a story with so many reports in a language."""
    return make_shown(
        *(
            make_stored(
                n,
                title=f"{HEADLINES[language]} {n}",
                language=language,
                publisher=make_publisher(f"p{n}.org"),
                published=at(-n),
            )
            for n in range(1, reports + 1)
        )
    )


def linked(folder: Path, *stories: ShownStory, **kw: Any) -> Site:
    """Make a site whose feed has links that split; its data folder is the folder."""
    given: dict[str, Any] = {"feeds": (make_spec(split_links=True),)} | kw
    return make_site(folder / "feeds", *stories, **given)


def edition(site: Site, *stories: ShownStory) -> Edition:
    """Make the edition of the site's feed."""
    secret = files.secret(site.data)
    return make_edition(*stories, spec=site.feeds[0], home_url=site.public_url, secret=secret)


def path_of(site: Site, shown: ShownStory, number: int = 1) -> str:
    """Return the path of the page that splits a member off."""
    entry = ids.entry_id(shown.entries[number].key)
    return "/" + signed_links.split_path(files.secret(site.data), shown.story.id, entry)


def store(site: Site) -> FakeReader:
    """Return the store of a site."""
    assert isinstance(site.store, FakeReader)
    return site.store


@pytest.mark.parametrize("render", [atom.render, rss.render, json.render])
def test_each_other_report_has_a_link_of_its_own(tmp_path: Path, render: Any) -> None:
    shown = reported(reports=3)
    site = linked(tmp_path, shown)
    written = render(edition(site, shown)).decode()
    for number in (1, 2):
        assert written.count(f"http://127.0.0.1:8080{path_of(site, shown, number)}") == 1
    assert path_of(site, shown, 0) not in written
    assert render(edition(site, shown)).decode() == written


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "not the same story"), ("zh-Hans", "不是同一件事"), ("zh-Hant", "不是同一件事")],
)
def test_the_link_speaks_the_language_of_the_entry(
    tmp_path: Path, language: str, words: str
) -> None:
    shown = reported(language)
    site = linked(tmp_path, shown)
    root = html.fromstring(
        atom.render(edition(site, shown)).decode().replace("&lt;", "<").replace("&gt;", ">")[38:]
    )
    assert root.xpath(f"//div[@class='{LIST}']//a[@rel='nofollow']/text()") == [words]


@pytest.mark.parametrize(
    "spec",
    [make_spec(), make_spec(split_links=True, group="none")],
    ids=["by default", "of entries"],
)
def test_other_feeds_have_no_such_links(tmp_path: Path, spec: Any) -> None:
    shown = reported()
    site = linked(tmp_path, shown, feeds=(spec,))
    assert "/split/" not in atom.render(edition(site, shown)).decode()


def test_opening_the_link_changes_nothing(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    for method in ("GET", "HEAD", "GET"):
        answer = visit(site).ask(method, path_of(site, shown), {})
        assert answer.status_code == 200
    assert store(site).decided == []
    page: Any = html.fromstring(answer.text)
    assert page.xpath("//main//form/@method") == ["post"]
    assert not page.xpath("//main//form/@action")
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex, nofollow"]
    assert "A bridge opens 2" in answer.text
    assert "A bridge opens 1" in answer.text


def test_the_page_lets_its_form_reach_us_alone_and_sets_no_cookie(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    headers = visit(site).get(path_of(site, shown)).headers
    assert "form-action 'self'" in headers["content-security-policy"]
    assert headers.get_list("content-security-policy") == [headers["content-security-policy"]]
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers
    assert "form-action 'none'" in visit(site).get("/healthz").headers["content-security-policy"]


def test_agreeing_is_kept_once(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    client = visit(site)
    for _ in range(3):
        answer = client.ask("POST", path_of(site, shown), {})
        assert answer.status_code == 200
        assert "The next run gives this report a story of its own" in answer.text
    assert store(site).decided == [decisions.split(shown, shown.entries[1].key, when=site.clock())]
    assert '<form method="post"' not in client.get(path_of(site, shown)).text


def test_two_who_agree_at_once_are_one(tmp_path: Path) -> None:
    shown = reported()
    barrier = threading.Barrier(2)

    class Slow(FakeReader):
        def stories(self, ids: Iterable[str]) -> tuple[ShownStory, ...]:
            barrier.wait(10)
            return super().stories(ids)

    site = linked(tmp_path, store=Slow(shown))
    path, app = path_of(site, shown), make_app(site)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: Visitor(app).ask("POST", path, {}), range(2)))
    assert len(store(site).decided) == 1


def test_what_was_joined_again_may_be_split_again(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    a, b = (one.key for one in shown.entries)
    store(site).decided += [make_decision("split", a, b), make_decision("join", b, a)]
    assert '<form method="post"' in visit(site).get(path_of(site, shown)).text
    visit(site).ask("POST", path_of(site, shown), {})
    assert [one.kind for one in store(site).decided] == ["split", "join", "split"]


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_the_page_speaks_the_language_of_the_entry(tmp_path: Path, language: str) -> None:
    shown = reported(language)
    site = linked(tmp_path, shown)
    page: Any = html.fromstring(visit(site).get(path_of(site, shown)).text)
    assert page.xpath("/html/@lang") == [language]
    kept = visit(site).ask("POST", path_of(site, shown), {}).text
    sign = {"en": "Saved.", "zh-Hans": "已记下", "zh-Hant": "已記下"}[language]
    assert sign in kept


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_stands_apart_already_is_said_so(tmp_path: Path, method: str) -> None:
    shown = reported()
    alone = replace(shown, entries=shown.entries[:1])
    for stories in ((), (alone,), (replace(shown, entries=shown.entries[1:]),)):
        site = linked(tmp_path, *stories)
        answer = visit(site).ask(method, path_of(site, shown), {})
        assert answer.status_code == 200
        assert "no longer part of that story" in answer.text
        assert '<form method="post"' not in answer.text
        assert store(site).decided == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.partition("?")[0],
        lambda path: path[:-1] + ("0" if path[-1] != "0" else "1"),
        lambda path: path.partition("=")[0] + "=",
        lambda path: path.partition("=")[0] + "=%E4%B8%AD",
        lambda path: path.replace("/split/", "/split/0"),
    ],
    ids=["none", "wrong", "empty", "not ours", "of another entry"],
)
def test_a_link_that_we_did_not_sign_does_nothing(tmp_path: Path, method: str, change: Any) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    answer = visit(site).ask(method, change(path_of(site, shown)), {})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert store(site).decided == []


def test_a_signature_is_for_one_report_of_one_story(tmp_path: Path) -> None:
    shown = reported(reports=3)
    site = linked(tmp_path, shown)
    signature = urlsplit(path_of(site, shown, 1)).query
    path = urlsplit(path_of(site, shown, 2)).path
    assert visit(site).ask("POST", f"{path}?{signature}", {}).status_code == 403


def test_an_old_link_is_refused_when_the_secret_is_new(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    old = path_of(site, shown)
    (tmp_path / "links.key").unlink()
    assert visit(site).get(old).status_code == 403
    assert visit(site).get(path_of(site, shown)).status_code == 200


@pytest.mark.parametrize("left", ["", "/news"], ids=["taken off by the proxy", "left on"])
def test_links_work_under_a_prefix(tmp_path: Path, left: str) -> None:
    shown = reported()
    site = linked(tmp_path, shown, public_url="https://example.org/news/")
    written = atom.render(edition(site, shown)).decode()
    assert f"https://example.org/news{path_of(site, shown)}" in written
    answer = visit(site).ask("POST", left + path_of(site, shown), {})
    assert answer.status_code == 200
    assert 'href="/news/"' in answer.text
    assert len(store(site).decided) == 1


def test_readers_of_a_private_feed_need_no_token_besides(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown, feeds=(make_spec(split_links=True, token="s3cret"),))  # noqa: S106
    assert visit(site).get(path_of(site, shown)).status_code == 200


def test_without_the_key_of_the_configuration_there_is_no_page(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown, feeds=(make_spec(),))
    assert visit(site).ask("POST", path_of(site, shown), {}).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_other_methods_are_not_taken(tmp_path: Path, method: str) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    assert visit(site).ask(method, path_of(site, shown), {}).status_code == 405


def test_a_broken_store_or_secret_is_said(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    path = path_of(site, shown)
    assert visit(replace(site, store=BROKEN)).ask("POST", path, {}).status_code == 503
    (tmp_path / "links.key").write_bytes(b"short")
    assert visit(site).get(path).status_code == 503


def test_hostile_titles_stay_text(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    shown = make_shown(
        make_stored(1, title=hostile), make_stored(2, title=hostile, published=at(-3))
    )
    site = linked(tmp_path, shown)
    assert "<script" not in visit(site).get(path_of(site, shown)).text


def test_narrowed_feeds_carry_the_same_links(tmp_path: Path) -> None:
    shown = reported()
    site = linked(tmp_path, shown)
    answer = visit(site).get("/feeds/merged.atom?lang=en")
    assert path_of(site, shown) in answer.text
