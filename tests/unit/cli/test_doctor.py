"""What is wrong with an installation, and how to mend it."""

import dataclasses
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import bootstrap
from aggregator.cli.doctor import _clock, _port, _source
from aggregator.core.model import Source, SourceState
from aggregator.store import open_store
from tests.builders import make_lease
from tests.integration.loopback import Quiet, listening
from tests.unit.cli.conftest import Run

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=10)
SOURCE = Source(id="a", url="https://a.example/")


def states(run: Run, *arguments: str) -> dict[str, str]:
    return {row["what"]: row["state"] for row in run("doctor", "--json", *arguments).rows}


def test_all_is_well_after_a_run(run: Run) -> None:
    run("fetch", "--quiet")
    result = run("doctor")
    assert result.status == 0
    assert "fault" not in result.out
    assert "published: " in result.out


def test_feeds_of_all_formats_are_found(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    text = path.read_text("utf-8").replace("[atom]", "[atom, rss, json, dump]")
    path.write_text(text, encoding="utf-8")
    found = states(run)
    for name in ("merged.atom", "merged.rss", "merged.json", "merged.dumps.zip"):
        assert found[f"{name} is not published yet"] == "warning"
    run("fetch", "--quiet")
    assert f"published: {home / 'data' / 'feeds'}" in states(run)


def test_before_the_first_run_it_says_what_to_do(run: Run) -> None:
    found = states(run)
    assert found["no source has been fetched yet"] == "warning"
    assert found["merged.atom is not published yet"] == "warning"


def test_new_sources_are_named_until_they_are_fetched(run: Run) -> None:
    """Three at most by name, and a paused one not at all."""
    run("fetch", "--quiet")
    for name in ("n1", "n2", "n3", "n4", "n5"):
        run("sources", "add", f"https://{name}.example/", "--no-fetch", "--id", name)
    run("sources", "pause", "n5")
    assert states(run)["4 sources (n1, n2, n3, …) not fetched yet"] == "warning"


@pytest.mark.parametrize(
    ("text", "what"),
    [("fetch: {interval: 3}", "needs a unit"), ("sources: []", "no source is followed")],
)
def test_a_faulty_configuration(run: Run, home: Path, text: str, what: str) -> None:
    (home / "config" / "aggregator.yaml").write_text(text, encoding="utf-8")
    result = run("doctor", "--quiet")
    assert result.status == 1
    assert what in result.out
    assert "ok " not in result.out


def test_a_data_folder_that_is_none(run: Run, home: Path) -> None:
    (home / "data").write_text("", encoding="utf-8")
    result = run("doctor")
    assert result.status == 1
    assert "cannot be written" in result.out


def test_a_store_that_cannot_be_opened(run: Run, home: Path) -> None:
    (home / "data" / "aggregator.db").mkdir(parents=True)
    result = run("doctor")
    assert result.status == 1
    assert "store: " in result.out


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (SourceState(last_success=NOW), None),
        (SourceState(error="404", last_success=NOW), None),
        (SourceState(error="404", last_success=LONG_AGO), "a: 404"),
        (SourceState(error="404"), "a: 404"),
        (SourceState(gone=True), "a is gone"),
        (SourceState(last_success=NOW, permanent="https://b.example/"), "a has moved permanently"),
    ],
    ids=["fine", "short trouble", "long trouble", "never", "gone", "moved"],
)
def test_sources_in_trouble(state: SourceState, said: str | None) -> None:
    found = _source(SOURCE, state, NOW)
    assert (found.what if found else None) == said
    assert found is None or found.mend


def test_hubs_that_cannot_reach_us(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    path.write_text(path.read_text("utf-8") + "websub: {subscribe: true}\n", encoding="utf-8")
    found = [what for what, state in states(run).items() if state == "warning" and "hub" in what]
    assert found == ["websub: hubs are not used: public_url: 127.0.0.1, a loopback address"]


def test_subscriptions_are_counted(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    more = "public_url: https://news.example.org/\nwebsub: {subscribe: true}\n"
    path.write_text(path.read_text("utf-8") + more, encoding="utf-8")
    now = bootstrap.now()
    with closing(open_store("sqlite", data=home / "data", now=now)) as store:
        store.save_lease(make_lease(path="a", until=now + timedelta(days=1)))
        store.save_lease(make_lease(path="b"))
        store.save_lease(make_lease(path="c", state="denied"))
        store.save_lease(make_lease(path="d", state="leaving"))
    found = states(run)
    assert found["websub: 1 of 2 subscriptions live"] == "ok"
    assert found["websub: hubs denied 1 subscription"] == "warning"


def mends(run: Run, *arguments: str) -> dict[str, str]:
    return {row["what"]: row["mend"] for row in run("doctor", "--json", *arguments).rows}


def test_the_clock_is_compared_with_what_was_remembered(run: Run, home: Path) -> None:
    run("fetch", "--quiet")
    now = bootstrap.now()
    with closing(open_store("sqlite", data=home / "data", now=now)) as store:
        state = store.source_states()["gazette"]
        later = dataclasses.replace(state, last_fetch=now + timedelta(days=2))
        store.save_states({"gazette": later})
    (said,) = [what for what in mends(run) if "the clock says" in what]
    assert "timedatectl" in mends(run)[said]
    assert [one.state for one in _clock({}, datetime(1970, 1, 1, tzinfo=UTC))] == ["fault"]
    assert list(_clock({}, now)) == []


def test_no_name_server_is_one_finding(run: Run, home: Path) -> None:
    path = home / "config" / "aggregator.yaml"
    text = path.read_text("utf-8").replace("path: ../gazette.xml", "url: https://gazette.example/")
    path.write_text(text, encoding="utf-8")
    now = bootstrap.now()
    with closing(open_store("sqlite", data=home / "data", now=now)) as store:
        error = "DNS lookup failed for gazette.example"
        store.save_states({"gazette": SourceState(error=error, failures=3)})
    found = mends(run)
    assert "/etc/resolv.conf" in found["DNS: no name server responded for 1 source (gazette)"]
    assert not any(what.startswith("gazette:") for what in found)


def test_a_port_that_is_taken_is_told_from_our_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (found,) = _port(silent.getsockname()[1])
    assert found.state == "warning"
    assert "is in use by another program" in found.what
    assert "--port" in found.mend

    class Health(Quiet):
        def do_GET(self) -> None:  # noqa: N802  its name in the library
            """Answer as our server does."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok", "feeds": {}, "sources": {}}')

    with listening(Health) as address:
        (found,) = _port(int(address.rpartition(":")[2]))
    assert (found.state, found.what.endswith("in use by aggregator")) == ("ok", True)


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("sources: [", "is not YAML", "change it in line 1 of"),
        ("sources: ['https://${NOPE}.example/']", "NOPE is not set", "set the variable"),
        ("", "the file is empty", "change it in line 1"),
        ("public_url: http://127.0.0.1:9/\nsources: [x]", "must be a URL", "aggregator check"),
    ],
)
def test_each_fault_of_the_file_has_its_mend(
    run: Run, home: Path, text: str, what: str, mend: str
) -> None:
    (home / "config" / "aggregator.yaml").write_text(text, encoding="utf-8")
    (found,) = [one for one in run("doctor", "--json").rows if one["state"] == "fault"]
    assert what in found["what"]
    assert mend in found["mend"]


def test_no_configuration_and_a_newer_database(run: Run, home: Path) -> None:
    run("fetch", "--quiet")
    with closing(sqlite3.connect(home / "data" / "aggregator.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    (found,) = [one for one in run("doctor", "--json").rows if one["state"] == "fault"]
    assert "update the program" in found["mend"]
    (home / "config" / "aggregator.yaml").unlink()
    assert "aggregator init" in run("doctor").out
