"""`aggregator backup`, `restore` and `store copy`, as a user runs them."""

from pathlib import Path

import pytest

from tests.contract.databases import database_url
from tests.unit.cli.conftest import Run


def test_a_backup_restores_on_another_machine(home: Path, run: Run) -> None:
    """With its configuration and secrets; a second restore is refused."""
    assert run("fetch").status == 0
    made = run("backup", "backup.tar.gz")
    assert made.out.startswith("wrote backup.tar.gz: ")
    other = home / "other" / "config" / "aggregator.yaml"
    restored = run("restore", "backup.tar.gz", "--config", other)
    last = f"next: aggregator doctor --config {other}, then aggregator run --config {other}\n"
    assert restored.out.endswith(last)
    assert other.read_bytes() == (home / "config" / "aggregator.yaml").read_bytes()
    feed = home / "other" / "data" / "feeds" / "merged.atom"
    assert feed.read_bytes() == (home / "data" / "feeds" / "merged.atom").read_bytes()
    again = run("restore", "backup.tar.gz", "--config", other)
    assert (again.status, "restore into an empty data folder" in again.err) == (1, True)


def test_a_restored_installation_goes_on_as_if_nothing_had_happened(home: Path, run: Run) -> None:
    """The next run changes no byte of the feed."""
    run("fetch")
    run("backup", "backup.tar.gz", "--quiet")
    feed = home / "data" / "feeds" / "merged.atom"
    before = feed.read_bytes()
    (home / "data").rename(home / "lost")
    restored = run("restore", "backup.tar.gz", "--quiet")
    assert (restored.status, restored.out, restored.err) == (0, "", "")
    assert run("fetch", "--force").status == 0
    assert feed.read_bytes() == before


def test_a_backup_that_is_not_there_is_named(run: Run) -> None:
    assert "there is no backup none.tar.gz" in run("restore", "none.tar.gz").err
    assert "nothing to back up" in run("backup", "new.tar.gz").err


def test_an_existing_file_is_overwritten_only_with_force(home: Path, run: Run) -> None:
    run("fetch")
    (home / "photos.tar.gz").write_bytes(b"not ours")
    refused = run("backup", "photos.tar.gz")
    assert (refused.status, "photos.tar.gz exists already" in refused.err) == (1, True)
    assert (home / "photos.tar.gz").read_bytes() == b"not ours"
    assert run("backup", "photos.tar.gz", "--force").status == 0
    assert (
        run("restore", "photos.tar.gz", "--config", home / "new" / "config" / "a.yaml").status == 0
    )


def test_a_store_is_copied_and_used(home: Path, run: Run) -> None:
    run("fetch")
    config = home / "config" / "aggregator.yaml"
    feed = home / "data" / "feeds" / "merged.atom"
    before = feed.read_bytes()
    with database_url("postgresql", home) as url:
        assert "rows to postgresql://" in run("store", "copy", "--to", url).out
        assert "is not empty" in run("store", "copy", "--to", url).err
        config.write_text(f"{config.read_text('utf-8')}store: {url}\n", "utf-8")
        (home / "data" / "aggregator.db").unlink()
        assert run("fetch", "--force").status == 0
        assert feed.read_bytes() == before


@pytest.mark.parametrize(
    "to", ["sqlite:///other.db", "sqlite://", "mysql://somewhere", "other.db", "postgres://h/x", ""]
)
def test_a_store_is_copied_only_to_what_the_configuration_accepts(
    home: Path, run: Run, to: str
) -> None:
    """Refused as `store` would be, before anything is written."""
    run("fetch")
    before = sorted(home.rglob("*"))
    refused = run("store", "copy", "--to", to)
    assert (refused.status, "must be sqlite or a URL" in refused.err) == (1, True)
    assert sorted(home.rglob("*")) == before
