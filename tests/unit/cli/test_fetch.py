"""One run: what it prints, what it keeps, and how it ends."""

from pathlib import Path

import pytest

from aggregator.store import lock_folder
from tests.integration.hub import open_hub
from tests.unit.cli.conftest import Run


def test_prints_a_table_and_what_it_did(run: Run, home: Path) -> None:
    first = run("fetch")
    assert first.status == 0
    assert first.out.splitlines()[0].split() == ["source", "outcome", "new", "modified", "seconds"]
    assert "gazette  ok       2" in first.out
    assert f"wrote {home / 'data' / 'feeds' / 'merged.atom'}" in first.out
    assert "Aurora" in (home / "data" / "feeds" / "merged.atom").read_text(encoding="utf-8")


def test_json_is_the_last_line_and_has_its_promised_shape(run: Run) -> None:
    (report,) = run("fetch", "--json").rows
    assert set(report) == {"outcome", "sources", "entries", "stories"}
    assert report["outcome"] == "ok"
    assert [set(one) for one in report["sources"]] == [
        {"id", "outcome", "new", "modified", "seconds", "error"}
    ] * 2
    assert [(one["id"], one["outcome"], one["new"]) for one in report["sources"]] == [
        ("gazette", "ok", 2),
        ("coast", "ok", 1),
    ]
    assert all(set(one) == {"id", "title", "source", "link"} for one in report["entries"])
    assert {one["link"] for one in report["entries"]} == {
        "https://gazette.example/ferry",
        "https://gazette.example/bread",
        "https://coast.example/news/aurora-ferry",
    }
    assert all(set(one) == {"id", "title", "members"} for one in report["stories"])
    members = [member for one in report["stories"] for member in one["members"]]
    assert sorted(members) == sorted(one["id"] for one in report["entries"])
    assert all(one["id"].startswith("urn:uuid:") for one in report["entries"] + report["stories"])


def test_a_second_run_is_unchanged_and_knows_the_same(run: Run, home: Path) -> None:
    (first,) = run("fetch", "--json").rows
    before = (home / "data" / "feeds" / "merged.atom").read_bytes()
    (second,) = run("fetch", "--json").rows
    assert second["outcome"] == "unchanged"
    assert {one["id"] for one in second["entries"]} == {one["id"] for one in first["entries"]}
    assert second["stories"] == first["stories"]
    assert (home / "data" / "feeds" / "merged.atom").read_bytes() == before


def test_one_source_alone(run: Run) -> None:
    (report,) = run("fetch", "--source", "coast", "--json").rows
    assert report["outcome"] == "ok"
    assert [one["id"] for one in report["sources"]] == ["coast"]


def test_an_unknown_source_is_a_fault_of_usage(run: Run) -> None:
    result = run("fetch", "--source", "cost")
    assert result.status == 2
    assert "did you mean 'coast'?" in result.err
    assert not result.out


def test_skipped_documents_are_reported_with_their_reason(run: Run, home: Path) -> None:
    (home / "dumps" / "empty.txt").write_text("", encoding="utf-8")
    spoken = run("fetch", "--source", "coast")
    assert spoken.status == 0
    assert "skipped coast: empty.txt: " in spoken.out
    for number in range(12):
        (home / "dumps" / f"empty{number}.txt").write_text("", encoding="utf-8")
    assert "more skipped; --json lists them all" in run("fetch", "--source", "coast").out
    (home / "dumps" / "another.txt").write_text("", encoding="utf-8")
    (report,) = run("fetch", "--source", "coast", "--json").rows
    assert {"where", "reason"} == set(report["sources"][0]["skipped"][0])


def test_an_address_needs_no_file_and_failing_sources_are_no_failure(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "config" / "aggregator.yaml").unlink()
    result = run("fetch", "--url", "http://127.0.0.1:1/feed", "--data", tmp_path / "d", "--json")
    assert result.status == 0
    (report,) = result.rows
    assert report["outcome"] == "refused"
    assert report["sources"][0]["id"].startswith("127.0.0.1-1-feed-")
    allowed = run(
        "fetch", "--url", "http://127.0.0.1:1/feed", "--data", tmp_path / "d", "--json",
        "--allow-private", "127.0.0.1:1", "--force",
    )  # fmt: skip
    assert allowed.rows[0]["outcome"] == "error"
    assert allowed.rows[0]["sources"][0]["error"]


@pytest.mark.parametrize(
    "arguments",
    [("--url", "ftp://a.example/"), ("--allow-private", "http://x/"), ("--config", "nowhere.yaml")],
)
def test_faulty_arguments(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("fetch", *arguments)
    assert result.status == 2
    assert len(result.err.splitlines()) == 1


def test_nothing_to_do_is_a_failure(run: Run, home: Path) -> None:
    (home / "config" / "aggregator.yaml").write_text("sources: []", encoding="utf-8")
    result = run("fetch")
    assert result.status == 1
    assert "no source to fetch" in result.err


def test_a_dry_run_tells_but_keeps_nothing(run: Run, home: Path) -> None:
    dry = run("fetch", "--dry-run", "--json")
    assert dry.rows[0]["outcome"] == "ok"
    assert "dry run: nothing was changed" in dry.err
    assert not (home / "data").exists()
    run("fetch", "--source", "coast")
    before = {file: file.read_bytes() for file in (home / "data").rglob("*") if file.is_file()}
    again = run("fetch", "--dry-run", "--json").rows[0]
    assert [one["new"] for one in again["sources"]] == [2, 0]
    after = {file: file.read_bytes() for file in (home / "data").rglob("*") if file.is_file()}
    assert before == after


def test_a_dry_run_wants_sqlite(run: Run, home: Path) -> None:
    (home / "config" / "aggregator.yaml").write_text("store: postgresql://x/y", encoding="utf-8")
    result = run("fetch", "--dry-run")
    assert result.status == 2
    assert "which only works with sqlite" in result.err


def test_quiet_prints_nothing(run: Run) -> None:
    result = run("fetch", "--quiet")
    assert (result.status, result.out, result.err) == (0, "", "")


def test_a_busy_folder_is_told_by_its_own_status(run: Run, home: Path) -> None:
    run("fetch", "--quiet")
    with lock_folder(home / "data"):
        result = run("fetch")
    assert result.status == 3
    assert len(result.err.splitlines()) == 1


def test_a_feed_that_cannot_be_written_is_a_failure_that_is_told(run: Run, home: Path) -> None:
    (home / "data" / "feeds" / "merged.atom").mkdir(parents=True)
    result = run("fetch")
    assert result.status == 1
    assert "merged.atom" in result.err
    assert "Traceback" not in result.err


def test_an_address_alone_leaves_the_configured_feeds_as_they_are(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    path.write_text(
        path.read_text("utf-8")
        + "  - {name: local, categories: [local]}\n  - {name: dumps, sources: [coast]}\n",
        encoding="utf-8",
    )
    run("fetch", "--quiet")
    folder = home / "data" / "feeds"
    before = {name: (folder / name).read_bytes() for name in ("local.atom", "dumps.atom")}
    assert b"Bread prices" in before["local.atom"]
    result = run("fetch", "--url", "http://127.0.0.1:1/feed", "--json")
    assert [one["outcome"] for one in result.rows[0]["sources"]] == ["refused"]
    assert {name: (folder / name).read_bytes() for name in before} == before
    both = run("fetch", "--url", "http://127.0.0.1:1/feed", "--source", "coast", "--json")
    assert [one["outcome"] for one in both.rows[0]["sources"]] == ["unchanged", "refused"]


@pytest.mark.parametrize(
    "spelt",
    ["http://127.0.0.1:1/feed", "https://127.0.0.1:1/feed/", "HTTP://127.0.0.1:1/feed"],
)
def test_an_address_that_is_configured_is_fetched_as_that_source(
    run: Run, home: Path, spelt: str
) -> None:
    path = home / "config" / "aggregator.yaml"
    configured = "sources:\n  - {id: mine, url: 'http://127.0.0.1:1/feed'}\n"
    path.write_text(path.read_text("utf-8").replace("sources:\n", configured), encoding="utf-8")
    result = run("fetch", "--url", spelt, "--source", "mine", "--json")
    assert [one["id"] for one in result.rows[0]["sources"]] == ["mine"]
    assert "fetching it as source mine" in result.err
    other = run("fetch", "--url", "http://127.0.0.1:1/other", "--url", spelt, "--json", "--quiet")
    ids = [one["id"] for one in other.rows[0]["sources"]]
    assert len(ids) == 2
    assert "mine" in ids
    assert "mine" not in other.err


def test_a_url_in_two_spellings_is_one_source(run: Run, tmp_path: Path) -> None:
    urls = ("--url", "http://127.0.0.1:1/feed", "--url", "http://127.0.0.1:1/feed/")
    (report,) = run("fetch", *urls, "--data", tmp_path / "d", "--json").rows
    assert len(report["sources"]) == 1


def test_a_dry_run_tells_no_hub_and_says_what_it_would_write(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    with open_hub() as hub:
        place = hub.address.removeprefix("http://").partition("/")[0]
        more = f"websub: {{hub: '{hub.address}'}}\nfetch: {{allow_private: ['{place}']}}\n"
        path.write_text(path.read_text("utf-8") + more, encoding="utf-8")
        dry = run("fetch", "--dry-run")
        assert dry.status == 0
        assert hub.told == []
        assert f"would write {home / 'data' / 'feeds' / 'merged.atom'}" in dry.out
        assert not (home / "data").exists()
        run("fetch", "--quiet")
        assert hub.told  # the real run tells it
        told = list(hub.told)
        again = run("fetch", "--dry-run")
        assert "write" not in again.out  # nothing would change
        assert hub.told == told
