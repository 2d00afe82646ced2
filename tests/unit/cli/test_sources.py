"""What is followed, as lists and as files."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.cli.sources import describe, outcome
from aggregator.core.model import Source, SourceState
from aggregator.core.pages import Article, PageResult
from aggregator.core.settings import FullText
from aggregator.store import open_store
from tests.builders import make_entries
from tests.stores import gather
from tests.unit.cli.conftest import Run

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FEED = Source(id="a", url="https://user:hush@a.example/?token=hush&x=1")


@pytest.mark.parametrize(
    ("source", "state", "word"),
    [
        (FEED, SourceState(), "new"),
        (FEED, SourceState(last_success=WHEN), "ok"),
        (FEED, SourceState(last_success=WHEN, error="404"), "error"),
        (FEED, SourceState(error="429", wait_until=WHEN), "later"),
        (FEED, SourceState(gone=True, error="410"), "gone"),
        (Source(id="a", url="https://a.example/", paused=True), SourceState(gone=True), "paused"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_how_a_source_fares(source: Source, state: SourceState, word: str) -> None:
    assert outcome(source, state) == word


def test_secrets_are_hidden_and_the_gone_have_no_next_time() -> None:
    shown = describe(FEED, SourceState(due=WHEN, last_success=WHEN))
    assert "hush" not in str(shown)
    assert shown["next"] == shown["last_success"] == "2026-03-02T09:30:00Z"
    assert describe(FEED, SourceState(due=WHEN, gone=True))["next"] is None


def test_list(run: Run) -> None:
    before = run("sources", "list", "--json").rows
    assert [(row["id"], row["outcome"], row["last_success"]) for row in before] == [
        ("gazette", "new", None),
        ("coast", "new", None),
    ]
    run("fetch", "--quiet")
    after = run("sources", "list", "--json").rows
    assert [row["outcome"] for row in after] == ["ok", "ok"]
    assert all(row["last_success"].endswith("Z") for row in after)
    words = run("sources", "list")
    assert words.out.splitlines()[0].split()[:3] == ["id", "title", "outcome"]
    assert run("sources", "list", "--quiet").out == ""
    active = run("sources", "list", "--activity").out.splitlines()
    assert active[0].split() == ["id", "title", "a", "day", "duplicates", "activity"]
    assert all("%" in line for line in active[1:3])
    assert all(len(row["activity"]) in {0, 14} for row in after)


def test_whole_texts_are_counted(run: Run, home: Path) -> None:
    """Two entries wait for their pages, which nobody serves."""
    config = home / "config" / "aggregator.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("category: local", "category: local, full_text: true"), encoding="utf-8"
    )
    (row, other) = run("sources", "list", "--json").rows
    assert row["whole_texts"] == {"fetched": 0, "waiting": 0, "failed": 0, "problems": {}}
    assert other["whole_texts"] is None
    assert "whole texts: none" in run("sources", "show", "gazette").out
    with closing(open_store("sqlite", data=home / "data", now=WHEN)) as store:
        source = Source(id="gazette", full_text=FullText())
        gather(store, *make_entries(range(4)), source=source, now=WHEN)
        tasks = store.articles_due("gazette", WHEN, 9)
        for task, problem in zip(tasks, ("no article", "no article", ""), strict=False):
            done = PageResult(key=task.key, digest=task.digest, problem=problem)
            store.save_article(
                done if problem else replace(done, article=Article(html="<p>x</p>", text="x"))
            )
    (row, _) = run("sources", "list", "--json").rows
    counts = {"fetched": 1, "waiting": 1, "failed": 2, "problems": {"no article": 2}}
    assert row["whole_texts"] == counts
    assert "1 fetched, 1 waiting, 2 failed" in run("sources", "list").out.replace("\n", " ")
    shown = run("sources", "show", "gazette").out
    assert "whole texts: 1 fetched, 1 waiting, 2 failed" in shown
    assert "no whole text: 2: no article" in shown
    assert run("sources", "show", "gazette", "--json").rows[0]["whole_texts"] == counts


def test_show(run: Run) -> None:
    run("fetch", "--quiet")
    (row,) = run("sources", "show", "gazette", "--json").rows
    assert row["title"] == "Harbour Gazette"
    assert row["home"] == "https://gazette.example/"
    assert "Harbour Gazette" in run("sources", "show", "gazette").out
    assert run("sources", "show", "gazete").status == 2


def test_add_keeps_comments_and_refuses_what_is_faulty(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    path.chmod(0o600)
    before = path.read_text(encoding="utf-8")
    assert (
        "1 added"
        in run("sources", "add", "https://new.example/f", "--title", "新", "--no-fetch").out
    )
    after = path.read_text(encoding="utf-8")
    assert set(after.splitlines()) - set(before.splitlines()) == {
        '  - {id: "新", url: https://new.example/f, title: "新"}'
    }
    assert path.stat().st_mode & 0o777 == 0o600
    for faulty in ("https://new.example/f", "ftp://x.example/", "x"):
        assert run("sources", "add", faulty, "--no-fetch").status == 2
    assert path.read_text(encoding="utf-8") == after
    assert sorted(file.name for file in path.parent.iterdir()) == ["aggregator.yaml"]


def test_export_and_import(run: Run, home: Path) -> None:
    run(
        "sources", "add", "https://u:hush@new.example/f", "--title", "New", "--category", "world",
        "--no-fetch",
    )  # fmt: skip
    listed = run("sources", "export").out
    assert "hush" not in listed
    (home / "list.opml").write_text(listed, encoding="utf-8")
    run("init", home / "other")
    other = home / "other" / "config" / "aggregator.yaml"
    assert "1 added" in run("sources", "import", "list.opml", "--config", other).out
    assert "0 added" in run("sources", "import", "list.opml", "--config", other).out
    text = other.read_text(encoding="utf-8")
    assert "{url: https://new.example/f, title: New, category: world}" in text
    assert run("sources", "import", "list.opml", "--config", other, "--quiet").out == ""


def test_import_says_what_is_no_list(run: Run, home: Path) -> None:
    (home / "list.opml").write_text("nothing", encoding="utf-8")
    result = run("sources", "import", "list.opml")
    assert result.status == 2
    assert "list.opml: contains no feed" in result.err
    assert run("sources", "import", "missing.opml").status == 1


def test_show_lists_what_was_learned_and_takes_a_veto(run: Run, home: Path) -> None:
    refrain = "Printed on the north quay by the same four families since the winter of 1911."
    folder = home / "dumps"
    for number in range(12):
        stamp = 1_772_442_000_000 + number * 86_400_000
        (folder / f"{number}.txt").write_text(
            f"<!--{stamp}-->\n[Story number {number}](https://coast.example/{number})\n------\n\n"
            f"<p>What happened on day {number} at pier {number}.</p><p>{refrain}</p>",
            encoding="utf-8",
        )
    run("fetch", "--quiet")
    (row,) = run("sources", "show", "coast", "--json").rows
    (block,) = row["boilerplate"]
    assert block["text"] == refrain
    assert block["publisher"] == "coast.example"
    assert f"recurs: {block['block']}" in run("sources", "show", "coast").out
    (after,) = run("sources", "show", "coast", "--json", "--veto", block["block"]).rows
    assert after["boilerplate"] == []
    assert run("sources", "show", "coast", "--json").rows[0]["boilerplate"] == []
    assert run("sources", "show", "coast", "--veto", "123").status == 1
