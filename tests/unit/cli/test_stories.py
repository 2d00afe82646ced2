"""Stories, their reasons, and corrections."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aggregator import bootstrap
from aggregator.cli.stories import _publishers, _readable, in_words
from aggregator.core.feature_names import plain_name
from aggregator.core.model import Grouping, Member, Reason
from aggregator.store import open_store
from tests.builders import at, make_publisher, make_shown, make_stored, make_story
from tests.unit.cli.conftest import Run

FERRY = "https://gazette.example/ferry"
DUMP = "https://coast.example/news/aurora-ferry"
BREAD = "https://gazette.example/bread"


def story_of(run: Run, link: str) -> dict[str, Any]:
    (row,) = run("stories", "show", link, "--json").rows
    return dict(row)


def test_list(run: Run) -> None:
    assert run("stories", "list", "--json").rows == []
    run("fetch", "--quiet")
    rows = run("stories", "list", "--json").rows
    assert sum(len(row["members"]) for row in rows) == 3
    assert {name for row in rows for name in row["publishers"]} == {
        "Harbour Gazette",
        "coast.example",
    }
    assert len(run("stories", "list", "--limit", "1", "--json").rows) == 1
    words = run("stories", "list").out
    assert "Bread prices fall again" in words
    assert rows[0]["id"].rpartition(":")[2][:8] in words
    assert run("stories", "list", "--quiet").out == ""


def test_search(run: Run) -> None:
    run("fetch", "--quiet")
    (row,) = run("stories", "search", "bread", "--json").rows
    assert row["title"] == "Bread prices fall again"
    assert row["found"] in row["members"]
    assert "Bread prices fall again" in run("stories", "search", "Bread*", "prices").out
    assert run("stories", "search", "bread", "--publisher", "nobody", "--json").rows == []
    assert run("stories", "search", "bread", "--language", "zh", "--json").rows == []
    assert run("stories", "search", "bread", "--day", "1999-01-01", "--json").rows == []
    refused = run("stories", "search", "!?")
    assert refused.status == 2
    assert "the search needs a word to search for" in refused.err


def test_sections_of_one_newspaper_are_listed_once() -> None:
    reports = [
        make_stored(n, source_id=str(n), publisher=make_publisher(name, title=title))
        for n, (name, title) in enumerate(
            [("paper.example", "Paper: World"), ("paper.example", "Paper: Town"), ("b", "B")], 1
        )
    ]
    assert _publishers(make_shown(*reports)) == ["Paper: World", "B"]


def test_show_finds_a_story_by_every_name(run: Run) -> None:
    run("fetch", "--quiet")
    shown = story_of(run, BREAD)
    by_id = run("stories", "show", shown["id"], "--json").rows
    short = run("stories", "show", shown["id"].rpartition(":")[2], "--json").rows
    by_entry = run("stories", "show", shown["members"][0]["id"], "--json").rows
    assert [shown] == by_id == short == by_entry
    words = run("stories", "show", BREAD).out
    assert "Harbour Gazette: Bread prices fall again" in words
    assert "first to report it" in words
    missing = run("stories", "show", "https://a.example/none")
    assert missing.status == 1
    assert len(missing.err.splitlines()) == 1


def test_explain_shows_what_pulled_together_and_apart(run: Run) -> None:
    run("fetch", "--quiet")
    (shown,) = run("stories", "explain", FERRY, DUMP, "--json").rows
    assert 0 <= shown["probability"] <= 1
    assert shown["contributions"]
    assert shown["features"]
    spoken = run("stories", "explain", FERRY, DUMP).out.splitlines()
    assert spoken[0].startswith("Harbour Gazette: Ferry hits")
    assert spoken[1] == "  published 2026-03-02 08:00, https://gazette.example/ferry"
    assert spoken[2].startswith("coast.example: Aurora ferry")
    assert spoken[5].lower() == shown["words"].lower() + "."
    assert spoken[6].startswith("Shared words: ")
    told = dict(shown["contributions"])
    for heading, sign in (("For one event", 1), ("Against", -1)):
        place = next(n for n, line in enumerate(spoken) if line.startswith(heading))
        heaviest = max(told, key=lambda name: told[name] * sign)
        assert spoken[place + 1].startswith(f"  {told[heaviest]:+6.2f}  {plain_name(heaviest)}")
        own = sum(part for part in told.values() if part * sign > 0)
        assert spoken[place] == f"{heading}, {own:+.2f} in total:"
    assert run("stories", "explain", FERRY, "https://a.example/none").status == 1
    itself = run("stories", "explain", FERRY, FERRY)
    assert (itself.status, "both are the same entry" in itself.err) == (1, True)


def test_explain_says_if_a_run_would_never_compare_them(run: Run) -> None:
    run("fetch", "--quiet")
    (shown,) = run("stories", "explain", BREAD, DUMP, "--json").rows
    said = "too few rare words to be compared" in run("stories", "explain", BREAD, DUMP).out
    assert said is not shown["looked_at"]


def test_corrections_hold_from_the_next_run_on(run: Run) -> None:
    run("fetch", "--quiet")
    assert run("stories", "join", FERRY, BREAD).out == "recorded; the next run applies it\n"
    run("fetch", "--quiet")
    joined = story_of(run, BREAD)
    assert joined["id"] == story_of(run, FERRY)["id"]
    assert len(joined["members"]) >= 2
    assert run("stories", "split", joined["id"], BREAD).status == 0
    run("fetch", "--quiet")
    assert story_of(run, BREAD)["id"] != story_of(run, FERRY)["id"]
    assert run("stories", "never", FERRY, DUMP).status == 0
    run("fetch", "--quiet")
    assert story_of(run, DUMP)["id"] != story_of(run, FERRY)["id"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("join", FERRY, FERRY), "both are the same entry"),
        (("never", FERRY, FERRY), "both are the same entry"),
        (("join", FERRY, "https://a.example/none"), "no entry has the id or the link"),
        (("split", BREAD, FERRY), "is not in the story"),
        (("split", BREAD, BREAD), "is alone in its story"),
    ],
    ids=["itself", "never itself", "unknown", "elsewhere", "alone"],
)
def test_corrections_that_cannot_be(run: Run, arguments: tuple[str, ...], said: str) -> None:
    run("fetch", "--quiet")
    result = run("stories", *arguments)
    assert result.status == 1
    assert said in result.err


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://a.example/%E6%B8%AF/1", "https://a.example/港/1"),
        ("https://a.example/%E6%B8%AF%20b", "https://a.example/港%20b"),
        ("https://a.example/%ff", "https://a.example/%ff"),
        ("https://a.example/%1b[31m", "https://a.example/%1b[31m"),
    ],
    ids=["letters", "a space", "no text", "an escape"],
)
def test_links_are_shown_readable_where_they_stay_links(link: str, shown: str) -> None:
    assert _readable(link) == shown


def test_reasons_in_words() -> None:
    nearest = make_stored(key="b" * 32)
    reason = Reason(
        kind="same event",
        score=0.934,
        nearest=nearest.key,
        weights=(("title", 2.04), ("hours", -0.5), ("names", 1.0), ("lead", 0.3), ("body", 0.1)),
        shared=("Aurora", "Northport"),
    )
    member = Member(key="a" * 32, reason=reason)
    assert in_words(member, {nearest.key: nearest}) == (
        f"reports the same event as {nearest.entry.publisher.title} (93% sure); title +2.0,"
        " names +1.0, time between them -0.5, lead +0.3; shared words: Aurora, Northport"
    )


def test_reasons_name_what_both_entries_say_and_the_bar() -> None:
    """An entry that is there to be read tells more than the words that were stored."""
    entries = {
        key * 32: make_stored(key=key * 32, title=title, text=text, published=at(hours))
        for key, title, text, hours in (
            ("a", "14 dead as Aurora hits Northport pier", "The Aurora hit a pier.", 0),
            ("b", "Aurora: 14 dead at Northport", "The art of the ferry.", 2 / 3),
        )
    }
    reason = Reason(
        kind="same event",
        score=0.9,
        bar=0.6,
        nearest="a" * 32,
        shared=("aurora", "art", "northport"),
    )
    nearest = entries["a" * 32].entry.publisher.title
    assert in_words(Member(key="b" * 32, reason=reason), entries) == (
        f"reports the same event as {nearest}: both name Aurora, Northport and 14 dead,"
        " published 40 minutes apart (90% sure, 60% needed); shared words: aurora, northport"
    )


def test_explain_says_why_what_is_alike_is_in_two_stories(run: Run) -> None:
    """On their own they are one event; as the later one came, the whole story was compared."""
    run("fetch", "--quiet")
    alike = run("stories", "explain", FERRY, DUMP, "--json").rows[0]
    assert alike["verdict"] == "same text"
    assert alike["missing"] == []
    run("stories", "never", FERRY, DUMP)
    run("fetch", "--quiet")
    run("stories", "corrections", "--undo", "1")
    (shown,) = run("stories", "explain", FERRY, DUMP, "--json").rows
    assert shown["verdict"] == "same text"
    assert "must fit the whole story of the other" in shown["missing"][0]
    assert "regroup" in shown["missing"][1]


@pytest.mark.parametrize("kind", ["join", "never", "split"])
def test_a_correction_is_listed_and_undone_as_if_it_had_not_been(run: Run, kind: str) -> None:
    run("fetch", "--quiet")
    before = {row["id"]: row["members"] for row in run("stories", "list", "--json").rows}
    pair = (FERRY, BREAD) if kind == "join" else (FERRY, DUMP)
    assert run("stories", kind, *pair).status == 0
    run("fetch", "--quiet")
    changed = {row["id"]: row["members"] for row in run("stories", "list", "--json").rows}
    assert changed != before
    (listed,) = run("stories", "corrections", "--json").rows
    assert (listed["number"], listed["kind"], listed["state"]) == (1, kind, "holds")
    assert all(one["link"] and one["title"] for one in listed["entries"])
    assert f"1  {kind}  " in run("stories", "corrections").out
    assert "undone" in run("stories", "corrections", "--undo", "1").out
    run("fetch", "--quiet")
    after = {row["id"]: row["members"] for row in run("stories", "list", "--json").rows}
    assert sorted(map(sorted, after.values())) == sorted(map(sorted, before.values()))
    assert "no corrections" in run("stories", "corrections").out
    assert run("stories", "corrections", "--all", "--json").rows[0]["state"] == "undone"
    again = run("stories", "corrections", "--undo", "1")
    assert (again.status, "already undone" in again.err) == (1, True)
    assert run("stories", "corrections", "--undo", "2").status == 1


def test_eight_characters_of_an_id_are_enough_everywhere(run: Run) -> None:
    run("fetch", "--quiet")
    story = story_of(run, FERRY)
    short = story["id"].removeprefix("urn:uuid:")[:8]
    assert short in run("stories", "list").out
    for name in (short, f"urn:uuid:{short}", short.upper(), story["id"][9:30]):
        assert run("stories", "show", name, "--json").rows == [story]
    entries = [one["id"].removeprefix("urn:uuid:")[:8] for one in story["members"]]
    assert run("stories", "show", entries[1], "--json").rows == [story]
    assert run("stories", "explain", *entries, "--json").status == 0
    assert run("stories", "split", short, entries[1]).status == 0
    for kind in ("join", "never"):
        assert run("stories", kind, *entries).status == 0
    wrong = run("stories", "join", short, entries[0])
    assert (wrong.status, "is the id of a story, not of an entry" in wrong.err) == (1, True)
    for name in (short[:7], "00000000", "%%%%%%%%"):
        assert run("stories", "show", name).status == 1


def test_what_begins_several_ids_is_told_with_them(run: Run, home: Path) -> None:
    run("fetch", "--quiet")
    now = bootstrap.now()
    ids = [f"urn:uuid:abcdef12-0000-5000-8000-00000000000{n}" for n in range(2)]
    with closing(open_store("sqlite", data=home / "data", now=now)) as store:
        for n, (id_, link) in enumerate(zip(ids, (FERRY, BREAD), strict=True)):
            entry = store.find_entry(link)
            assert entry
            store.save_grouping(Grouping(stories=(make_story(entry.key, id=id_),), new=n))
    result = run("stories", "show", "abcdef12")
    assert result.status == 1
    assert "matches several stories: use more characters of the id" in result.err
    assert all(id_.removeprefix("urn:uuid:") in result.err for id_ in ids)
    assert run("stories", "show", ids[1].removeprefix("urn:uuid:")).status == 0
