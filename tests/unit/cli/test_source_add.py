"""Pages and addresses are asked before they are followed; lists say what became of each line."""

import io
import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator import config
from aggregator.store import handover, lock_folder
from tests.integration.loopback import Site, serving
from tests.unit.cli.conftest import Run

PAGE = b"""<html><head><title>Gazette</title>
<link rel="alternate" type="application/rss+xml" href="/news.xml" title="News">
<link rel="alternate" type="application/atom+xml" href="/sport.xml" title="Sport"></head></html>"""
ONE = (
    b'<html><head><link rel="alternate" type="application/rss+xml" href="/news.xml"></head></html>'
)
FEED = b"""<rss version="2.0"><channel><title>Harbour &amp; Coast</title><link>https://x.example/</link>
<item><title>New pier</title><link>https://x.example/1</link>
<pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate></item></channel></rss>"""


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        site.pages |= {
            "/": PAGE,
            "/one": ONE,
            "/news.xml": FEED,
            "/sport.xml": FEED,
            "/none": b"<html>",
        }
        yield site


def allowed(site: Site) -> tuple[str, str]:
    return "--allow-private", site.address.removeprefix("http://")


def followed(home: Path) -> dict[str, str]:
    made = config.load(home / "config" / "aggregator.yaml", {})
    return {one.id: one.url for one in made.sources if one.url}


@pytest.mark.parametrize("page", ["/one", "/news.xml"])
def test_a_page_or_a_feed_is_added_with_a_readable_id(
    run: Run, home: Path, site: Site, page: str
) -> None:
    result = run("sources", "add", site.address + page, *allowed(site), "--category", "local")
    assert result.status == 0, result.err
    assert "Harbour & Coast: 1 entry" in result.out
    assert "2026-03-02 08:00  New pier" in result.out
    assert followed(home) == {"harbour-coast": f"{site.address}/news.xml"}
    assert "category: local" in (home / "config" / "aggregator.yaml").read_text("utf-8")
    assert not (home / "data").exists()  # nothing is stored


def test_of_several_feeds_one_is_chosen(run: Run, home: Path, site: Site) -> None:
    asked = run("sources", "add", site.address, *allowed(site))
    assert asked.status == 1
    assert "is a page with 2 feeds: choose one with --feed N" in asked.err
    assert f"  2  {site.address}/sport.xml" in asked.err
    assert run("sources", "add", site.address, *allowed(site), "--feed", "3").status == 1
    assert followed(home) == {}
    run("sources", "add", site.address, *allowed(site), "--feed", "2", "--id", "sport")
    assert followed(home) == {"sport": f"{site.address}/sport.xml"}


def test_on_a_terminal_it_asks(run: Run, home: Path, site: Site) -> None:
    ours, theirs = pty.openpty()
    usual = sys.stderr

    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            """Say that somebody sits there."""
            return True

    del run  # its folder is what is wanted
    from aggregator.cli import main  # noqa: PLC0415

    before = sys.stdin
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        sys.stdin, sys.stderr = Terminal(io.BytesIO(b"2\n")), terminal
        try:
            status = main(["sources", "add", site.address, *allowed(site)])
        finally:
            sys.stdin, sys.stderr = before, usual
    os.close(ours)
    assert status == 0
    assert followed(home) == {"harbour-coast": f"{site.address}/sport.xml"}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("/none", "the document is a web page, not a feed"),
        ("/nowhere", "was not added: 404"),
    ],
)
def test_what_is_no_feed_is_not_added(
    run: Run, home: Path, site: Site, page: str, said: str
) -> None:
    result = run("sources", "add", site.address + page, *allowed(site))
    assert result.status == 1
    assert said in result.err
    assert "--no-fetch adds it as it is" in result.err
    assert followed(home) == {}


def test_a_private_address_names_the_mend(run: Run, site: Site) -> None:
    result = run("sources", "add", site.address)
    place = site.address.removeprefix("http://")
    assert f"fetch: {{allow_private: ['{place}']}}" in result.err


def test_an_address_that_moved_for_good_is_followed_where_it_is(
    run: Run, home: Path, site: Site
) -> None:
    site.statuses["/old"] = (301, {"Location": "/news.xml"})
    assert "moved permanently" in run("sources", "add", f"{site.address}/old", *allowed(site)).out
    assert list(followed(home).values()) == [f"{site.address}/news.xml"]


@pytest.mark.parametrize(
    "spelt",
    [
        "https://new.example/feed",
        "http://www.new.example/feed/",
        "feed://new.example/feed",
        "feed:https://new.example/feed",
        "new.example/feed",
        "HTTPS://NEW.example:443/feed#top",
        " https://new.example/fe%65d ",
    ],
)
def test_an_address_is_known_however_it_is_spelt(run: Run, home: Path, spelt: str) -> None:
    run("sources", "add", "https://new.example/feed", "--id", "known", "--no-fetch")
    result = run("sources", "add", spelt, "--no-fetch")
    assert result.status == 2
    assert "already exists, as known (https://new.example/feed)" in result.err
    assert len(followed(home)) == 1


def test_a_source_is_tested_and_nothing_stored(run: Run, home: Path, site: Site) -> None:
    result = run("sources", "test", "gazette")
    assert (result.status, "Harbour Gazette: 2 entries" in result.out) == (0, True)
    assert run("sources", "test", "coast", "--json").rows[0]["entries"] == 1
    run("sources", "add", f"{site.address}/gone", "--no-fetch", "--id", "gone")
    failed = run("sources", "test", "gone", *allowed(site))
    assert failed.status == 1
    assert "gone: 404" in failed.err
    assert "aggregator sources add" in failed.err
    (row,) = run("sources", "test", "gone", *allowed(site), "--json").rows
    assert (row["outcome"], bool(row["mend"])) == ("error", True)
    assert not (home / "data").exists()


def test_import_says_what_became_of_each_line(run: Run, home: Path) -> None:
    run("sources", "add", "https://known.example/feed", "--no-fetch", "--id", "known")
    (home / "list.opml").write_text(
        """<opml><body>
        <outline text="Plain" xmlUrl="https://plain.example/f"/>
        <outline text="Feed scheme" xmlUrl="feed://scheme.example/f"/>
        <outline text="Feed prefix" xmlUrl="feed:https://prefix.example/f"/>
        <outline text="Bare" xmlUrl="bare.example/f"/>
        <outline text="Blank" xmlUrl=" https://blank.example/my feed.xml "/>
        <outline text="Other name" type="rss" url="https://url.example/f"/>
        <outline text="Known" xmlUrl="http://www.known.example/feed/"/>
        <outline text="Twice" xmlUrl="http://plain.example/f"/>
        <outline text="Empty" type="rss" xmlUrl=""/>
        <outline text="Nothing" type="rss"/>
        <outline text="A file" xmlUrl="file:///etc/passwd"/>
        <outline text="Nonsense" xmlUrl="see below"/>
        <outline text="Folder"><outline text="Inner" xmlUrl="https://inner.example/f"/></outline>
        </body></opml>""",
        encoding="utf-8",
    )
    (told,) = run("sources", "import", "list.opml", "--json").rows
    assert told["added"] == [
        "https://plain.example/f",
        "http://scheme.example/f",
        "https://prefix.example/f",
        "http://bare.example/f",
        "https://blank.example/my%20feed.xml",
        "https://url.example/f",
        "https://inner.example/f",
    ]
    assert [one["as"] for one in told["known"]] == ["known", "another line of list.opml"]
    assert [one["what"] for one in told["left_out"]] == [
        "Empty",
        "Nothing",
        "A file file:///etc/passwd",
        "Nonsense see below",
    ]
    assert len(told["added"]) + len(told["known"]) + len(told["left_out"]) == 13
    again = run("sources", "import", "list.opml")
    assert "0 added, 9 already known, 4 left out" in again.out
    assert "left out A file file:///etc/passwd: file: is not supported" in again.err
    exported = run("sources", "export").out
    assert 'text="Folder"' in exported


def test_remove_pause_resume_rename(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    before = path.read_text("utf-8")
    run("fetch", "--quiet")
    entries = run("fetch", "--json").rows[0]["entries"]
    assert "coast is paused" in run("sources", "pause", "coast").out
    assert run("sources", "list", "--json").rows[1]["outcome"] == "paused"
    assert "is paused already" in run("sources", "pause", "coast").out
    assert "is fetched on schedule" in run("sources", "resume", "coast").out
    assert path.read_text("utf-8") == before
    assert run("sources", "rename", "gazette", "harbour").status == 0
    assert "formerly: [gazette]" in path.read_text("utf-8")
    renamed = run("fetch", "--json").rows[0]
    assert [one["new"] for one in renamed["sources"]] == [0, 0]
    assert {one["id"] for one in renamed["entries"]} == {one["id"] for one in entries}
    run("sources", "rename", "harbour", "gazette")
    assert [one["new"] for one in run("fetch", "--json").rows[0]["sources"]] == [0, 0]
    run("sources", "rename", "gazette", "harbour")
    assert run("sources", "rename", "harbour", "coast").status == 2
    assert run("sources", "remove", "harbour").status == 0
    assert [row["id"] for row in run("sources", "list", "--json").rows] == ["coast"]
    for command in ("remove", "pause", "resume", "test", "show"):
        assert run("sources", command, "nosuch").status == 2


def test_each_edit_says_when_a_running_daemon_reloads_it(run: Run, home: Path, site: Site) -> None:
    (home / "list.opml").write_text(
        '<opml><body><outline xmlUrl="https://x.example/feed"/></body></opml>', encoding="utf-8"
    )
    edits: list[tuple[str, ...]] = [
        ("add", f"{site.address}/one", *allowed(site)),
        ("add", "https://y.example/", "--no-fetch"),
        ("import", "list.opml"),
        ("pause", "coast"),
        ("resume", "coast"),
        ("rename", "coast", "shore"),
        ("rename", "shore", "coast"),
        ("remove", "coast"),
    ]
    before = (home / "config" / "aggregator.yaml").read_text("utf-8")
    with lock_folder(home / "data"), handover.taking_requests(home / "data"):
        for edit in edits:
            result = run("sources", *edit)
            assert result.status == 0, result.err
            assert "reloads the configuration within 10 seconds" in result.err, edit
        assert "reloads" not in run("sources", "list").err  # nothing was edited
    (home / "config" / "aggregator.yaml").write_text(before, encoding="utf-8")
    with lock_folder(home / "data"):  # a run, not a daemon
        assert "reloads" not in "".join(run("sources", *edit).err for edit in edits)


def test_the_beginning_of_an_id_is_enough(run: Run) -> None:
    for name in ("morning-post", "morning-post-sport", "morning-star"):
        run("sources", "add", f"https://{name}.example/", "--no-fetch", "--id", name)
    assert run("sources", "pause", "morning-s").status == 0
    assert run("sources", "pause", "morning-post").status == 0
    several = run("sources", "pause", "morning-")
    assert (several.status, "several sources" in several.err) == (2, True)
    assert run("sources", "pause", "morn").status == 2
    assert [
        row["id"] for row in run("sources", "list", "--json").rows if row["outcome"] == "paused"
    ] == [
        "morning-post",
        "morning-star",
    ]
