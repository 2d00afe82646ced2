"""Whole texts in the store, on every kind of database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.core.model import Author, Entry, Source, Validators
from aggregator.core.pages import Article, ArticleCounts, PageResult
from aggregator.core.ports import Store
from aggregator.core.settings import FullText
from aggregator.store import open_store
from tests.builders import NOW, at, make_entry, make_key, make_source, make_state
from tests.contract.test_stores import group_each, only

SOURCE = make_source(full_text=FullText())
ARTICLE = Article(
    html="<p>All of it.</p>",
    text="All of it.",
    letters=10,
    fingerprint="f",
    image="https://a.example/i.png",
    authors=(Author(name="A"),),
)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    """Open a store."""
    one = open_store(url, data=tmp_path, now=NOW)
    yield one
    one.close()


def gather(store: Store, *entries: Entry, source: Source = SOURCE, **kw: Any) -> None:
    given = {"now": NOW, "initial": None} | kw
    store.save_gathered(source, entries, make_state(), **given)


def result(store: Store, n: int, **kw: Any) -> PageResult:
    (digest,) = [one.digest for one in due(store) if one.key == make_key(n)]
    return PageResult(key=make_key(n), digest=digest, **kw)


def due(store: Store, when: datetime = NOW) -> Any:
    return store.articles_due("example", when, 99)


def test_whole_texts_are_counted(store: Store) -> None:
    gather(store, *(make_entry(n, published=at(-n)) for n in range(1, 6)))
    gather(store, make_entry(9), source=make_source(id="other", full_text=FullText()))
    store.save_article(result(store, 1, article=ARTICLE))
    for n in (2, 3):
        store.save_article(result(store, n, problem="no article"))
    store.save_article(result(store, 4, problem="HTTP 503", tries=1, due=at(1)))
    assert store.article_counts() == {
        "example": ArticleCounts(fetched=1, waiting=2, problems=(("no article", 2),)),
        "other": ArticleCounts(waiting=1),
    }
    assert store.article_counts()["example"].failed == 2


def test_pages_of_new_entries_are_due_newest_first(store: Store) -> None:
    gather(store, make_entry(1, published=at(-3)), make_entry(2, published=at(-1)), make_entry(3, link=""))  # fmt: skip
    assert [one.key for one in due(store)] == [make_key(2), make_key(1)]
    assert [one.entry.title for one in due(store)] == [only(store, n).entry.title for n in (2, 1)]
    assert store.articles_due("example", NOW, 1)[0].key == make_key(2)
    assert store.sources_with_articles_due(NOW) == {"example"}
    assert store.sources_with_articles_due(at(-1)) == frozenset()
    assert store.articles_due("other", NOW, 9) == ()


def test_no_pages_without_the_wish(store: Store) -> None:
    gather(store, make_entry(1), source=make_source())
    assert due(store) == ()
    assert len(store.ungrouped(9, NOW)) == 1


def test_entries_that_are_not_shown_have_no_pages(store: Store) -> None:
    gather(store, make_entry(1), make_entry(2), initial=1)
    assert len(due(store)) == 1


def test_a_whole_text_is_read_everywhere_but_by_the_feed(store: Store) -> None:
    entry = make_entry(1, html="<p>Teaser</p>", text="Teaser", authors=(Author(name="B"),))
    gather(store, entry)
    assert store.save_article(result(store, 1, article=ARTICLE))
    assert due(store) == ()
    (seen,) = store.ungrouped(9, NOW)
    assert (seen.entry.text, seen.entry.fingerprint) == ("All of it.", "f")
    assert only(store, 1).entry.html == "<p>All of it.</p>"
    assert only(store, 1).entry.image == "https://a.example/i.png"
    assert [one.name for one in only(store, 1).entry.authors] == ["B"]
    group_each(store)
    gather(store, entry, now=at(1))  # the feed has not changed
    assert due(store, at(9)) == ()
    assert store.ungrouped(9, at(1)) == ()
    assert only(store, 1).revised == only(store, 1).published


def test_a_changed_entry_is_due_again_with_its_validators(store: Store) -> None:
    gather(store, make_entry(1, text="a"))
    seen = Validators(etag='"x"')
    store.save_article(result(store, 1, article=ARTICLE, validators=seen))
    group_each(store)
    gather(store, make_entry(1, text="quite another text", html="<p>b</p>"), now=at(1))
    (task,) = due(store, at(1))
    assert task.validators == seen
    assert store.ungrouped(9, at(1)) == ()
    stale = PageResult(key=task.key, digest="old", article=Article(text="no"))
    assert not store.save_article(stale)
    assert not store.save_article(PageResult(key=task.key, digest=task.digest))
    assert len(store.ungrouped(9, at(1))) == 1
    assert only(store, 1).entry.text == "All of it."


def test_grouping_waits_a_minute_at_most(store: Store) -> None:
    gather(store, make_entry(1), make_entry(2))
    assert store.ungrouped(9, at()) == ()
    assert len(store.ungrouped(9, at() + timedelta(seconds=60))) == 2
    store.end_hold("example")
    assert len(store.ungrouped(9, at())) == 2


def test_a_text_that_comes_late_is_grouped_again(store: Store) -> None:
    gather(store, make_entry(1))
    group_each(store)
    assert store.save_article(result(store, 1, article=ARTICLE))
    assert [one.entry.text for one in store.ungrouped(9, at(1))] == ["All of it."]
    assert only(store, 1).revised == only(store, 1).published


def test_a_failure_is_due_later_and_holds_nothing(store: Store) -> None:
    gather(store, make_entry(1))
    later = at(1)
    assert not store.save_article(result(store, 1, problem="503", tries=1, due=later))
    assert due(store) == ()
    assert [one.tries for one in due(store, later)] == [1]
    assert len(store.ungrouped(9, NOW)) == 1


def test_a_final_failure_takes_an_old_text_back(store: Store) -> None:
    gather(store, make_entry(1, text="a"))
    store.save_article(result(store, 1, article=ARTICLE))
    gather(store, make_entry(1, text="quite another text", html="<p>b</p>"), now=at(1))
    (task,) = due(store, at(1))
    gone = PageResult(key=task.key, digest=task.digest, problem="a paywall")
    assert store.save_article(gone)
    assert only(store, 1).entry.text == "quite another text"


def test_an_undated_entry_is_dated_by_its_page_before_it_is_grouped(store: Store) -> None:
    gather(store, make_entry(1, published=None), make_entry(2, published=at(-1)))
    dated = Article(text="x", html="x", published=at(-5))
    for n in (1, 2):
        store.save_article(result(store, n, article=dated))
    assert [only(store, n).published for n in (1, 2)] == [at(-5), at(-1)]
    assert [only(store, n).revised for n in (1, 2)] == [at(-5), at(-1)]


def test_retention_deletes_whole_texts(store: Store) -> None:
    gather(store, make_entry(1))
    store.save_article(result(store, 1, article=ARTICLE))
    group_each(store)
    assert store.forget(at(days=99)) == 1
    assert store.entries([make_key(1)]) == ()
    gather(store, make_entry(1, text="back again"), now=at(days=100))
    assert only(store, 1).entry.text == "back again"
