"""The main job from end to end, on real parts."""

import asyncio
import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from aggregator.core.report import RunReport
from tests.integration.conftest import SEEDS, Opener
from tests.integration.loopback import Site
from tests.waiting import soon

ATOM = "{http://www.w3.org/2005/Atom}"
SAMPLES = f"sources: [{{id: samples, kind: dump, path: {SEEDS}}}]\n"


def run(application: Any, **kw: Any) -> RunReport:
    """Run once and wait for it."""
    report: RunReport = asyncio.run(application.run_once(**kw))
    return report


def published(application: Any) -> dict[str, list[str]]:
    """Return the links of each published story by its title: alternate, then related."""
    root = etree.parse(application.folder / "merged.atom").getroot()
    return {
        entry.findtext(f"{ATOM}title", ""): [
            link.get("href", "") for link in entry.findall(f"{ATOM}link")
        ]
        for entry in root.findall(f"{ATOM}entry")
    }


def rss(*entries: tuple[str, str, str]) -> bytes:
    """Return an RSS feed of entries: (number, title, text)."""
    body = "".join(
        f"<item><guid>g{number}</guid><link>https://news.example/{number}</link>"
        f"<title>{title}</title><description>{text}</description></item>"
        for number, title, text in entries
    )
    return (
        '<rss version="2.0"><channel><title>News</title><link>https://news.example/</link>'
        f"<description>d</description>{body}</channel></rss>"
    ).encode()


def test_seeds_give_four_stories(application: Opener) -> None:
    """Five dumps, four events; the two reports of one meeting stand together."""
    report = run(application(SAMPLES))
    assert (report.outcome, report.sources[0].new, report.stories_new) == ("ok", 5, 4)
    stories = published(application(SAMPLES))
    assert len(stories) == 4
    joined = [links for links in stories.values() if len(links) > 1]
    assert len(joined) == 1
    assert sorted(link.split("/")[2] for link in joined[0]) == ["cn.nytimes.com", "www.dw.com"]


def test_nothing_of_the_feed_service_is_left(application: Opener) -> None:
    """Proxied images and the adverts of feed services are gone."""
    app = application(SAMPLES)
    run(app)
    text = (app.folder / "merged.atom").read_text(encoding="utf-8")
    assert "static.dw.com/image/68927581_303.jpg" in text
    assert not [word for word in ("weserv", "feedx", "<script") if word in text]


def test_unchanged_input_gives_the_same_bytes(application: Opener) -> None:
    """The second run writes nothing."""
    app = application(SAMPLES)
    assert run(app).written
    before = (app.folder / "merged.atom").read_bytes()
    again = run(app)
    assert (again.outcome, again.written) == ("unchanged", ())
    assert (app.folder / "merged.atom").read_bytes() == before
    assert run(app, force=True).written == ()


def test_a_lost_database_costs_no_id(application: Opener) -> None:
    """Ids come back from the journal and the sources."""
    app = application(SAMPLES)
    run(app)
    before = (app.folder / "merged.atom").read_bytes()
    app.close()
    for path in app.config.data.iterdir():
        if path.name != "journal.jsonl":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    again = application(SAMPLES)
    run(again)
    assert (again.folder / "merged.atom").read_bytes() == before


@pytest.mark.parametrize(
    "place", ["merged.atom", "merged/archive-0001.atom", "merged/archive-0001.atom.gz"]
)
def test_texts_of_a_lost_database_come_back_from_the_feed(
    application: Opener, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """What its source no longer has is read back from what we published, ids and all."""
    folder = tmp_path / "dumps"
    shutil.copytree(SEEDS, folder)
    text = f"sources: [{{id: d, kind: dump, path: {folder}}}]\n"
    app = application(text)
    run(app)
    before = published(app)
    app.close()
    (app.config.data / "aggregator.db").unlink()
    (app.folder / ".archive.atom").write_text("{}", encoding="utf-8")  # a state, not a feed
    content = (app.folder / "merged.atom").read_bytes()
    (app.folder / "merged.atom").unlink()
    (app.folder / place).parent.mkdir(exist_ok=True)
    (app.folder / place).write_bytes(gzip.compress(content) if place.endswith(".gz") else content)
    for path in folder.iterdir():
        path.unlink()
    (folder / "new.txt").write_text(
        "[标题](https://news.example/new)\n------\n\n<p>正文</p>\n", "utf-8"
    )
    again = application(text)
    run(again)
    log = capsys.readouterr()
    assert "texts restored" in log.out + log.err
    assert "not readable" not in log.out + log.err
    after = published(again)
    assert after.keys() == {*before, "标题"}
    written = (again.folder / "merged.atom").read_text(encoding="utf-8")
    assert written.count("also-reported") == 1
    assert "两国官员均表示" in written or "布林肯敦促中国" in written


def section(name: str, *entries: tuple[str, str, str]) -> bytes:
    """Return the feed of a section, whose items have guids of their own."""
    return rss(*entries).replace(b"<guid>g", f"<guid>{name}-".encode())


FIRE = ("1", "Fire destroys old theatre", "A fire destroyed the old theatre in the harbour. " * 5)
RAIN = ("2", "Heavy rain floods the valley", "Heavy rain flooded forty cellars in the valley. " * 5)
VOTE = ("3", "Council votes for a new bridge", "The town council voted for a new bridge. " * 5)


@pytest.mark.parametrize(
    ("more", "publishers"),
    [
        pytest.param("", {"1": "1"}, id="two sections are one publisher"),
        pytest.param(", publisher: Somebody else", {"1": "2"}, id="but for who is said to be another"),
    ],
)  # fmt: skip
def test_two_sections_of_a_newspaper_are_one_publisher(
    application: Opener, site: Site, more: str, publishers: dict[str, str]
) -> None:
    """The page that both carry is one report, in no feed of what two publishers report."""
    site.pages["/town"] = section("town", FIRE, RAIN)
    site.pages["/culture"] = section("culture", FIRE, VOTE)
    app = application(
        "fetch: {allow_private: [127.0.0.1]}\n"
        f"sources:\n  - {{id: town, url: '{site.address}/town', category: local}}\n"
        f"  - {{id: culture, url: '{site.address}/culture', category: arts{more}}}\n"
        "feeds: [{name: merged}, {name: two, min_publishers: 2}]\n"
    )
    run(app)
    root = etree.parse(app.folder / "merged.atom").getroot()
    counts, found = {}, root.findall(f"{ATOM}entry")
    for entry in found:
        link = entry.find(f"{ATOM}link")
        assert link is not None
        counts[link.get("href", "")[-1]] = entry.findtext("{*}publishers")
        assert entry.findall(f"{ATOM}link[@rel='related']") == []
    assert counts == {"2": "1", "3": "1"} | publishers
    assert {one.get("term") for one in root.iter(f"{ATOM}category")} == {"local", "arts"}
    two = etree.parse(app.folder / "two.atom").getroot()
    assert len(two.findall(f"{ATOM}entry")) == list(counts.values()).count("2")


def test_second_fetch_is_conditional(application: Opener, site: Site) -> None:
    """A feed that did not change is answered with 304 and reported as unchanged."""
    site.pages["/feed"] = rss(("1", "One", "Text of the first entry"))
    app = application(f"fetch: {{allow_private: [127.0.0.1]}}\nsources: [{site.address}/feed]\n")
    assert run(app).outcome == "ok"
    assert run(app).outcome == "unchanged"
    assert [status for _, status in site.asked] == [200, 304]


def test_entries_without_words_have_stories_of_their_own(application: Opener, site: Site) -> None:
    """There is nothing to compare, and nothing fails."""
    site.pages["/feed"] = rss(("1", "1", ""), ("2", "2", "!"))
    app = application(f"fetch: {{allow_private: [127.0.0.1]}}\nsources: [{site.address}/feed]\n")
    assert run(app).stories_new == 2


def test_a_cut_feed_is_no_emptied_feed(application: Opener, site: Site) -> None:
    """Its whole entries are taken, the rest is asked for again, and nothing is lost."""
    whole = rss(
        ("1", "One", "The council of a small town votes on its new library."),
        ("2", "Two", "A ferry was late because of fog over the harbour."),
        ("3", "Three", "The third goal decided a match that few had come to see."),
    )
    site.pages["/feed"] = whole[: whole.index(b"goal")]
    app = application(f"fetch: {{allow_private: [127.0.0.1]}}\nsources: [{site.address}/feed]\n")
    assert run(app).outcome == "ok"
    again = run(app)
    assert (again.outcome, "cut off" in again.sources[0].error) == ("error", True)
    site.pages["/feed"] = whole
    run(app)
    assert sorted(published(app)) == ["One", "Three", "Two"]


def test_one_failing_source_costs_nothing_else(application: Opener, site: Site) -> None:
    """Each source has an outcome of its own."""
    site.pages["/good"] = rss(("1", "One", "Text of the first entry"))
    site.pages["/page"] = (
        b"<html><head><link rel='alternate' type='application/rss+xml' href='/good'></head></html>"
    )
    app = application(
        "fetch: {allow_private: [127.0.0.1]}\nsources:\n"
        f"  - {{id: good, url: '{site.address}/good'}}\n"
        f"  - {{id: page, url: '{site.address}/page'}}\n"
        f"  - {{id: missing, url: '{site.address}/missing'}}\n"
        "  - {id: inside, url: 'http://127.0.0.2:9/'}\n"
        "  - {id: nofile, path: nowhere.xml}\n"
    )
    report = run(app)
    outcomes = {one.id: one.outcome for one in report.sources}
    assert outcomes == {
        "good": "ok",
        "page": "error",
        "missing": "error",
        "inside": "refused",
        "nofile": "error",
    }
    errors = {one.id: one.error for one in report.sources}
    assert f"{site.address}/good" in errors["page"]
    assert "404" in errors["missing"]
    assert "nowhere.xml" in errors["nofile"]
    assert list(published(app)) == ["One"]


def test_a_slow_source_does_not_hold_the_others(application: Opener, site: Site) -> None:
    """What has arrived is published while one source hangs."""
    site.pages["/good"] = rss(("1", "One", "Text of the first entry"))
    site.hanging.add("/hangs")
    app = application(
        "fetch: {allow_private: [127.0.0.1], timeout: 10m}\nsources:\n"
        f"  - {{id: good, url: '{site.address}/good'}}\n"
        f"  - {{id: hangs, url: '{site.address}/hangs'}}\n"
    )

    async def watch() -> bool:
        task = asyncio.create_task(app.run_once())
        await soon((app.folder / "merged.atom").exists)
        early = not task.done() and list(published(app)) == ["One"]
        site.ended.set()
        report = await task
        assert [one.outcome for one in report.sources] == ["ok", "error"]
        return early

    assert asyncio.run(watch())


def test_a_changed_entry_keeps_its_id(application: Opener, site: Site) -> None:
    """A material edit moves `updated` and nothing else."""
    one = ("1", "Library", "The council of a small town votes on its new library.")
    site.pages["/feed"] = rss(one, ("2", "Ferry", "A ferry was late because of fog at sea."))
    app = application(f"fetch: {{allow_private: [127.0.0.1]}}\nsources: [{site.address}/feed]\n")
    run(app)
    before = etree.parse(app.folder / "merged.atom").getroot()
    site.pages["/feed"] = rss(one, ("2", "Two ferries", "Two ferries were late because of fog."))
    assert run(app).sources[0].modified == 1
    after = etree.parse(app.folder / "merged.atom").getroot()

    def by_id(root: Any, field: str) -> dict[str, str]:
        return {
            entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}{field}")
            for entry in root.findall(f"{ATOM}entry")
        }

    assert by_id(before, "title").keys() == by_id(after, "title").keys()
    changed = [
        key
        for key, when in by_id(after, "updated").items()
        if by_id(before, "updated")[key] != when
    ]
    assert [by_id(after, "title")[key] for key in changed] == ["Two ferries"]


def test_folder_of_dumps_reports_what_it_skips(application: Opener, tmp_path: Path) -> None:
    """A file that is no dump is skipped with its reason; the rest becomes entries."""
    folder = tmp_path / "dumps"
    shutil.copytree(SEEDS, folder)
    (folder / "bad.txt").write_bytes(b"\x00\x01")
    report = run(application(f"sources: [{{id: d, kind: dump, path: {folder}}}]\n"))
    assert report.sources[0].new == 5
    assert [one.where for one in report.sources[0].skipped] == ["bad.txt"]
