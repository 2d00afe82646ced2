"""The search finds the same on every database."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from aggregator.core import ids
from aggregator.core.errors import StoreError
from aggregator.core.model import Entry
from aggregator.core.search import SearchQuery
from aggregator.store import SqlStore, open_store, transfer
from aggregator.store.database import open_server, open_sqlite
from aggregator.store.opening import FILE
from aggregator.text import search_terms
from tests.builders import (
    NOW,
    at,
    make_entries,
    make_entry,
    make_grouping,
    make_key,
    make_source,
    make_story,
)
from tests.builders import make_publisher as publisher
from tests.contract.databases import database_url
from tests.stores import gather, group_apart

CHARACTERS = 200
DAY = timedelta(days=1)

NEWS = (
    make_entry(1, title="Earthquake shakes northern Japan", text="A magnitude 6.3 quake hit Hokkaido on Monday. No tsunami warning."),
    make_entry(2, title="日本北海道發生地震", text="規模6.3，未發布海嘯警報。", language="zh-Hant", publisher=publisher("news.tw")),
    make_entry(3, title="日本北海道发生地震，暂无伤亡", text="震级6.3级，气象厅称无海啸危险。", language="zh-CN", publisher=publisher("xinhua.cn")),
    make_entry(4, title="OpenAI releases new model", text="The A.I. company's chief, Sam Altman, said it's its best."),
    make_entry(5, title="OpenAI发布新模型GPT-5", text="人工智能公司OpenAI首席执行官奥尔特曼表示……", language="zh", publisher=publisher("xinhua.cn")),
    make_entry(6, title="Parties fight over São Paulo budget", text="The mayor’s party wants 1,500 buses.", language="en-US"),
    make_entry(7, title="Élections : Zürich vote", text="Le référendum a échoué.", language="fr"),
    make_entry(8, title="国务院发布新规", text="中华人民共和国国务院今日公布条例。", language="zh-Hans"),
    make_entry(9, title="COVID-19 vaccine approved", text="The U.S. regulator approved a vaccine by Pfizer."),
    make_entry(10, title="Выборы в парламент", text="Партия победила на выборах.", language="ru"),
    make_entry(11, title="한국어 뉴스: 대통령 선거", text="대통령이 말했다.", language="ko"),
    make_entry(12, title="ＦＩＦＡ World Cup: Argentina win", text="Messi’s goals; “climate change” of tactics. Climate helped, change did not."),
    make_entry(13, title="Stocks fall", text="The market fell 3.5% to 33 points."),
    make_entry(14, title="Hidden end", text="word " * 60 + "needle"),
)  # fmt: skip

QUERIES = [
    ("earthquake", [1]), ("Earthquakes", [1]), ("地震", [3, 2]), ("海嘯", [3, 2]), ("海啸", [3, 2]),
    ("北海道 地震", [3, 2]), ("北海道地震", []), ("發生地震", [3, 2]), ("震", [3, 2]), ("日本", [3, 2]),
    ("japan hokkaido", [1]), ("6.3", [3, 2, 1]), ("magnitude -tsunami", []), ("magnitude -needle", [1]),
    ("openai", [5, 4]), ("OPENAI -人工智能", [4]), ("open*", [5, 4]), ("open", []), ("gpt-5", [5]),
    ("gpt5", []), ("GPT 5", [5]), ("人工智能公司", [5]), ("人工智慧", []), ("奥尔特曼", [5]), ("Altman's", []),
    ("altman", [4]), ('"sam altman"', [4]), ('"altman sam"', []), ("a.i.", [4]), ("party", [6]),
    ("parties", [6]), ("sao paulo", [6]), ("São Paulo", [6]), ("1500", [6]), ("1,500 buses", [6]),
    ("bus", []), ("elections", [7]), ("referendum", [7]), ("ZÜRICH", [7]), ("zurich", [7]),
    ("國務院", [8]), ("国", [8]), ("人民共和国", [8]), ("covid", [9]), ("covid19", []), ("u.s.", [9]),
    ("выборы", [10]), ("ВЫБОРЫ", [10]), ("대통령", [11]), ("fifa", [12]), ("messi", [12]),
    ('"climate change"', [12]), ('"change climate"', []), ("climate change", [12]),
    ("3.5%", [13]), ("3.5", [13]), ("35", []), ("needle", []), ("hidden word", [14]),
    ("“world cup”", [12]), ("NEAR(stocks fall)", []), ("stocks OR earthquake", []), ("stocks fall*", [13]),
]  # fmt: skip


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[SqlStore]:
    """Open an empty store."""
    with closing(open_store(url, data=tmp_path, now=NOW)) as one:
        yield one


def index(store: SqlStore, characters: int = CHARACTERS, limit: int = 5) -> int:
    """Index all that is not; return in how many steps."""
    steps = 0
    while store.index(limit, characters):
        steps += 1
    return steps


def fill(store: SqlStore, *entries: Entry, **kw: Any) -> None:
    """Store entries, each in a story of its own, and index them."""
    gather(store, *entries, **kw)
    group_apart(store)
    index(store)


def find(store: SqlStore, query: str, **kw: Any) -> list[str]:
    """Return the links of the entries that are found, on all pages."""
    wanted = SearchQuery(terms=search_terms.parse(query), **kw)
    found, before = list[str](), None
    while True:
        page = store.search(wanted, before, 2)
        for hit in page.hits:
            found += [one.entry.link for one in hit.shown.entries if one.key == hit.key]
        if page.next is None:
            return found
        before = page.next


def links(*numbers: int) -> list[str]:
    """Return the links of entries."""
    return [f"https://example.org/{n}" for n in numbers]


def test_queries_find_what_they_should(store: SqlStore) -> None:
    assert find(store, "earthquake") == []
    fill(store, *NEWS)
    found = {query: find(store, query) for query, _ in QUERIES}
    assert found == {query: links(*numbers) for query, numbers in QUERIES}


@pytest.mark.parametrize(
    ("conditions", "numbers"),
    [
        ({"publisher": "xinhua.cn"}, [5, 3]),
        ({"publisher": "XINHUA.CN"}, [5, 3]),
        ({"publisher": "nobody"}, []),
        ({"source": "example"}, [8, 5, 3, 2]),
        ({"source": "other"}, []),
        ({"language": "zh"}, [8, 5, 3, 2]),
        ({"language": "zh-hant"}, [2]),
        ({"language": "zh-hans"}, [8, 3]),
        ({"language": "en"}, []),
        ({"since": at(4, days=-1)}, [8, 5]),
        ({"until": at(3, days=-1)}, [2]),
        ({"since": at(3, days=-1), "until": at(4, days=-1)}, [3]),
    ],
)
def test_conditions_narrow_a_search(
    store: SqlStore, conditions: dict[str, Any], numbers: Sequence[int]
) -> None:
    fill(store, *NEWS)
    assert find(store, "發", **conditions) == links(*numbers)


def test_each_story_is_found_once_by_its_newest_report(store: SqlStore) -> None:
    gather(store, *make_entries(range(1, 10)))
    own = [make_story(make_key(n), make_key(n + 3), make_key(n + 6)) for n in (1, 2, 3)]
    store.save_grouping(make_grouping(*own))
    index(store)
    assert find(store, "entry") == links(9, 8, 7)
    assert find(store, "entry", until=at(7, days=-1)) == links(6, 5, 4)
    assert find(store, "entry -9") == links(8, 7, 6)


def test_what_is_not_grouped_is_not_found(store: SqlStore) -> None:
    gather(store, *make_entries((1, 2, 3)))
    index(store)
    assert find(store, "entry") == []
    group_apart(store)
    assert find(store, "entry") == links(3, 2, 1)


def test_the_newest_are_indexed_first(store: SqlStore) -> None:
    gather(store, *make_entries(range(5)), now=at(-1))
    gather(store, *make_entries(range(5, 10)), now=NOW)
    group_apart(store)
    assert store.unindexed() == 10
    assert store.index(5, CHARACTERS)
    assert store.unindexed() == 5
    assert find(store, "entry") == links(9, 8, 7, 6, 5)
    assert index(store) == 1
    assert store.unindexed() == 0
    assert not store.index(5, CHARACTERS)


def test_a_changed_text_is_found_by_its_new_words_alone(store: SqlStore) -> None:
    fill(store, make_entry(1, title="Old headline"), make_entry(2, title="Another headline"))
    gather(store, make_entry(1, title="Fresh words"), now=at(1))
    assert store.unindexed() == 1
    index(store)
    assert find(store, "old") == []
    assert find(store, "fresh") == links(1)
    assert find(store, "headline") == links(2)


def test_retention_takes_texts_out_of_the_index(store: SqlStore) -> None:
    fill(store, *make_entries((1, 2, 3)))
    assert store.forget(NOW + timedelta(days=1)) == 3
    assert find(store, "entry") == []
    assert index(store) == 0
    fill(store, make_entry(4))
    assert find(store, "entry") == links(4)
    with store._read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM search_entry")) == 1


def test_another_setting_builds_the_index_anew(store: SqlStore) -> None:
    fill(store, *NEWS)
    assert find(store, "needle") == []
    assert index(store, characters=1000) == 3
    assert find(store, "needle") == links(14)
    assert index(store, characters=0) == 3
    assert find(store, "hidden") == links(14)
    assert find(store, "word") == []


def test_many_entries_of_one_second_are_told_apart(store: SqlStore) -> None:
    fill(store, *make_entries(range(600), published=at(days=-2)))
    with store._read() as connection:
        query = "SELECT count(*), count(DISTINCT number) FROM search_entry"
        assert tuple(connection.execute(text(query)).one()) == (600, 600)
    assert len(find(store, "entry")) == 600


def test_the_index_is_kept_when_nothing_is_new(store: SqlStore) -> None:
    fill(store, *NEWS)
    gather(store, *NEWS, now=at(1))
    assert store.unindexed() == 0


def test_a_copy_builds_its_own_index(store: SqlStore, url: str, tmp_path: Path) -> None:
    fill(store, *NEWS)
    old = open_server(url) if url != "sqlite" else open_sqlite(tmp_path / FILE)
    folder = tmp_path / "copy"
    folder.mkdir()
    with closing(old), closing(open_sqlite(folder / FILE)) as new:
        transfer.copy(old, new)
    with closing(open_store("sqlite", data=folder, now=NOW)) as copy:
        assert copy.unindexed() == len(NEWS)
        assert find(copy, "地震") == []
        index(copy)
        assert find(copy, "地震") == links(3, 2)


def test_a_server_gets_the_index_of_a_file(tmp_path: Path) -> None:
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        fill(store, *NEWS)
    other = tmp_path / "other"
    other.mkdir()
    with database_url("postgresql", other) as at_server:
        with closing(open_sqlite(tmp_path / FILE)) as old, closing(open_server(at_server)) as new:
            transfer.copy(old, new)
        with closing(open_store(at_server, data=other, now=NOW)) as copy:
            index(copy)
            assert find(copy, "地震") == links(3, 2)
            fill(copy, make_entry(20, title="地震又来"))
            assert find(copy, "地震") == links(20, 3, 2)


def test_an_unknown_source_or_a_far_mark_finds_nothing(store: SqlStore) -> None:
    fill(store, *NEWS)
    query = SearchQuery(terms=search_terms.parse("openai"))
    assert not store.search(query, 0, 5).hits
    assert len(store.search(query, 10**18 - 1, 5).hits) == 2
    assert not store.search(replace(query, source="x" * 500), None, 5).hits


def test_pages_of_stories_follow_each_other(store: SqlStore) -> None:
    gather(store, *make_entries(range(7)), source=make_source())
    group_apart(store)
    every = list(store.stories_before(None))
    assert [shown for _, shown in every] == list(store.newest_stories())
    assert list(store.stories_before(every[3][0])) == every[4:]


@pytest.mark.parametrize("first", ["search", "index", "forget"])
def test_a_damaged_index_costs_nothing_else(tmp_path: Path, first: str) -> None:
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        fill(store, *NEWS)
    with closing(sqlite3.connect(tmp_path / FILE)) as file, file:
        file.execute("UPDATE search_terms_data SET block = x'0001020304' WHERE id > 10")
    with closing(open_store("sqlite", data=tmp_path, now=NOW)) as store:
        if first == "search":
            assert find(store, "earthquake") == []
        elif first == "index":
            gather(store, make_entry(1, title="Earthquake again"), now=at(1))
        else:
            shown = [ids.story_id(make_key(1))]
            with pytest.raises(StoreError, match="index of the search"):
                store.forget(NOW + DAY, shown)
            assert store.forget(NOW + DAY, shown) == len(NEWS) - 1
        index(store)
        find(store, "earthquake")  # whoever meets the damage first
        index(store)
        assert find(store, "earthquake") == links(1)
        assert not store.rebuilt
    assert not list(tmp_path.glob("*damaged*"))
