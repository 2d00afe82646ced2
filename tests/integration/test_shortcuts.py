"""With and without shortcuts the same is stored, reported and published."""

import dataclasses
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.errors import SourceError
from aggregator.core.model import CleanedFeed, Document, Source
from aggregator.core.report import RunReport
from aggregator.core.traces import KnownDocument
from aggregator.gather import document as reading
from tests.builders import NOW, make_document, make_spec
from tests.integration.assembled import House

_TABLES = ("entry", "alias", "story", "member", "block", "publisher")
_WORDS = (
    "harbour ferry pier morning passengers hurt captain said council bread price loaf month river"
    " flood bridge closed traffic school teachers strike pay hospital doctors queue summer train"
).split()


@dataclasses.dataclass(frozen=True)
class Item:
    """An entry of a feed; equal guids and links are what makes feeds difficult."""

    number: int
    guid: int
    link: int
    text: int  # which of its texts

    def xml(self) -> str:
        """Return it as RSS."""
        words = [_WORDS[(self.number * 7 + self.text * 3 + n) % len(_WORDS)] for n in range(24)]
        title = f"Report {self.number} of the {words[0]} and the {words[1]}"
        minutes = (NOW - timedelta(minutes=10 + self.number)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return (
            f"<item><guid>g-{self.guid}</guid><link>https://example.org/{self.link}</link>"
            f"<title>{title}</title><pubDate>{minutes}</pubDate><description>&lt;p&gt;"
            f"{' '.join(words)} {self.text}.&lt;/p&gt;</description></item>"
        )


def document(items: Sequence[Item], title: str = "News") -> Document:
    """Return a feed of these items."""
    text = "".join(one.xml() for one in items)
    return make_document(
        f'<rss version="2.0"><channel><title>{title}</title><link>https://example.org/</link>{text}'
        "</channel></rss>"
    )


def plain(*numbers: int, text: int = 0) -> list[Item]:
    """Return items that nothing confuses."""
    return [Item(number=n, guid=n, link=n, text=text) for n in numbers]


class Compared(House):
    """A house whose files and rows are compared with those of another."""

    def __init__(self, data: Path, *, shortcuts: bool) -> None:
        spec = make_spec(limit=4, formats=("atom", "json"), max_age=timedelta(days=2))
        super().__init__(data, spec, shortcuts=shortcuts)

    def files(self) -> dict[str, bytes]:
        """Return what is published."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Return what is stored of entries and stories."""
        queries = {table: f"SELECT * FROM {table} ORDER BY 1, 2" for table in _TABLES}  # noqa: S608
        with closing(sqlite3.connect(self.data / "aggregator.db")) as connection:
            return {table: connection.execute(one).fetchall() for table, one in queries.items()}


def told(report: RunReport) -> object:
    """Return what a report says, without what depends on the clock or on the folder."""
    sources = [dataclasses.replace(one, seconds=0) for one in report.sources]
    return sources, report.stories_new, report.stories_changed, report.published, report.errors


ITEMS = st.builds(
    Item,
    number=st.integers(0, 7),
    guid=st.integers(0, 7),
    link=st.integers(0, 7),
    text=st.integers(0, 1),
)
PLAIN = st.builds(
    lambda n, text: Item(n, n, n, text), st.integers(0, 9), st.sampled_from((0, 0, 0, 1))
)
FEEDS = st.lists(PLAIN, max_size=6, unique_by=lambda one: one.number) | st.lists(ITEMS, max_size=5)
STEPS = st.lists(
    st.tuples(FEEDS, st.sampled_from(("News", "News", "Renamed")), st.sampled_from((1, 1, 3, 30))),
    min_size=2,
    max_size=5,
)


@settings(max_examples=25)
@given(STEPS)
def test_any_sequence_of_documents_has_the_same_result(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[list[Item], str, int]]
) -> None:
    folders = (tmp_path_factory.mktemp("fast"), tmp_path_factory.mktemp("slow"))
    with (
        closing(Compared(folders[0], shortcuts=True)) as fast,
        closing(Compared(folders[1], shortcuts=False)) as slow,
    ):
        for items, title, hours in steps:
            found = document(items, title)
            assert told(fast.run(found, hours)) == told(slow.run(found, hours))
            assert fast.files() == slow.files()
            assert fast.rows() == slow.rows()
        for one in (fast, slow):
            one.run(document(plain(*range(20, 26))), hours=1)
        assert fast.files() == slow.files()


# --- how much is done ----------------------------------------------------------------------


class CountingReader:
    """Reads documents here and now, and counts what had to be cleaned."""

    def __init__(self) -> None:
        self.cleaned: list[int] = []

    def expecting(self) -> AbstractContextManager[None]:
        """Tell that a request may bring documents; see ports.DocumentReader."""
        return nullcontext()

    async def read(
        self,
        documents: Sequence[Document],
        source: Source,
        boilerplate: Mapping[str, frozenset[int]],
        max_entries: int,
        *,
        all_new: bool,
        known: KnownDocument | None = None,
    ) -> list[CleanedFeed | SourceError]:
        """Return each document cleaned; see ports.DocumentReader."""
        assert not all_new
        found: list[CleanedFeed | SourceError] = []
        for one in documents:
            feed = reading.read_document(one, source, boilerplate, max_entries, known)
            self.cleaned.append(len(feed.entries))
            found.append(feed)
        return found


def counts(tmp_path: Path, *documents: tuple[Document, float]) -> list[int]:
    """Return how many entries were cleaned for each document after the first two."""
    with closing(Compared(tmp_path, shortcuts=True)) as house:
        first = document(plain(*range(1, 7)))
        house.run(first, hours=1)
        house.run(document(plain(*range(2, 8))), hours=1)
        reader = CountingReader()
        gatherer = dataclasses.replace(house.pipeline.gatherer, reader=reader)
        house.pipeline = dataclasses.replace(house.pipeline, gatherer=gatherer)
        found: list[int] = []
        for one, hours in documents:
            reader.cleaned.clear()
            house.run(one, hours)
            found.append(sum(reader.cleaned))
    return found


def test_one_new_entry_costs_one(tmp_path: Path) -> None:
    following = [(document(plain(*range(n, n + 6))), 1.0) for n in (3, 4, 5)]
    assert counts(tmp_path, *following) == [1, 1, 1]


def test_the_same_bytes_are_not_read(tmp_path: Path) -> None:
    same = document(plain(*range(2, 8)))
    assert counts(tmp_path, (same, 1.0), (same, 50.0)) == [0, 0]


@pytest.mark.parametrize(
    ("items", "title"),
    [
        pytest.param(plain(2, 3, 4, 5, 6) + plain(7, text=1), "News", id="an edited entry"),
        pytest.param([*plain(2, 3, 4, 5, 6, 7), Item(9, 2, 9, 0)], "News", id="a known guid"),
        pytest.param(plain(2, 3, 4, 5, 6, 7), "Renamed", id="another title of the feed"),
        pytest.param(plain(2, 3, 4, 5, 6, 7, 7), "News", id="a copy of a known entry"),
    ],
)
def test_what_leaves_a_doubt_is_read_whole(tmp_path: Path, items: list[Item], title: str) -> None:
    (cleaned,) = counts(tmp_path, (document(items, title), 1.0))
    assert cleaned >= len(items)


def test_after_an_edit_the_seen_times_are_renewed(tmp_path: Path) -> None:
    edited = plain(*range(3, 8), text=0) + plain(2, text=1)
    following = [
        (document([*plain(n), *edited]), hours) for n, hours in ((8, 1.0), (9, 1.0), (10, 3.0))
    ]
    assert counts(tmp_path, *following)[1:] == [1, 7]
