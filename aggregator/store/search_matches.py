"""Searches the index, and returns stories."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from aggregator.core.search import SearchHit, SearchPage, SearchQuery
from aggregator.store import reading, schema
from aggregator.store.codec import to_ticks
from aggregator.store.database import chunks
from aggregator.store.search_index import TABLE, is_built, number_at
from aggregator.text import search_terms
from aggregator.text.search_terms import Phrase

_ROUNDS = 8  # queries of one page; the next page continues
_MORE = 2  # entries read for each story that is wanted
_LAST = 2**62
_held = schema.search_entry.c
_member = schema.member.c

_Found = tuple[int, str, str]
"""Number, key and story of an entry."""


def find(connection: Connection, query: SearchQuery, before: int | None, limit: int) -> SearchPage:
    """Return stories with an entry that meets the query, by the date of the newest such entry.

    Only entries that are grouped are found. Each story is on one page, once.
    """
    if not is_built(connection):
        return SearchPage(hits=())
    matches, size = _Matches(connection, query), limit * _MORE
    found: dict[str, str] = {}
    for _ in range(_ROUNDS):
        numbers = matches.below(before, size + 1)
        some, is_last = numbers[:size], len(numbers) <= size
        for number, key, story in _places(connection, some, matches):
            if story:
                found[story] = key
            if len(found) == limit:
                ended = is_last and number == some[-1]
                return SearchPage(hits=_hits(connection, found), next=None if ended else number)
        if is_last:
            return SearchPage(hits=_hits(connection, found))
        before = some[-1]
    return SearchPage(hits=_hits(connection, found), next=before)


def _places(
    connection: Connection, numbers: list[int], matches: "_Matches"
) -> Iterator[tuple[int, str, str]]:
    """Yield these entries, newest first; the story is empty if a newer entry of it is found too."""
    rows = {row[0]: row for row in _rows(connection, numbers)}
    newer = _newest(connection, {story for _, _, story in rows.values()}, numbers, matches)
    for number in numbers:
        if number in rows:
            _, key, story = rows[number]
            yield number, key, story if newer[story] == number else ""


def _newest(
    connection: Connection, stories: set[str], numbers: list[int], matches: "_Matches"
) -> dict[str, int]:
    """Return the newest entry of each story that meets the query."""
    members: dict[int, str] = {}
    for some in chunks(sorted(stories)):
        query = select(_held.number, _member.story).join(schema.member, _member.key == _held.key)
        rows = connection.execute(query.where(_member.story.in_(some)))
        members.update((row.number, row.story) for row in rows)
    known = set(numbers)
    top = max(numbers, default=0)
    above = matches.among(number for number in members if number > top)
    return {members[number]: number for number in sorted(members) if number in known | above}


def _rows(connection: Connection, numbers: list[int]) -> Iterator[_Found]:
    for some in chunks(numbers):
        query = select(_held.number, _held.key, _member.story)
        joined = query.join(schema.member, _member.key == _held.key)
        for row in connection.execute(joined.where(_held.number.in_(some))):
            yield row.number, row.key, row.story


def _hits(connection: Connection, found: dict[str, str]) -> tuple[SearchHit, ...]:
    shown = reading.stories(connection, found)
    return tuple(SearchHit(shown=one, key=found[one.story.id]) for one in shown)


class _Matches:
    """The numbers of the entries that meet a query."""

    def __init__(self, connection: Connection, query: SearchQuery) -> None:
        self._connection = connection
        self._is_server = connection.dialect.name == "postgresql"
        number = "number" if self._is_server else "rowid"
        test = "terms @@ CAST(:terms AS tsquery)" if self._is_server else f"{TABLE} MATCH :terms"
        self._select = f"SELECT {number} FROM {TABLE} WHERE {test}"  # noqa: S608  no input
        self._number = number
        self._terms = (_as_tsquery if self._is_server else _as_fts5)(query)
        self._since = 0 if query.since is None else number_at(to_ticks(query.since))
        self._until = _LAST if query.until is None else number_at(to_ticks(query.until))

    def below(self, number: int | None, limit: int) -> list[int]:
        """Return the highest numbers below this one."""
        until = min(_LAST if number is None else number, self._until)
        statement = text(
            f"{self._select} AND {self._number} < :until AND {self._number} >= :since"
            f" ORDER BY {self._number} DESC LIMIT :limit"
        )
        return self._all(statement, until=until, since=self._since, limit=limit)

    def among(self, numbers: Iterable[int]) -> set[int]:
        """Return those of these numbers that match."""
        wanted = [number for number in numbers if self._since <= number < self._until]
        statement = text(f"{self._select} AND {self._number} IN :some")
        statement = statement.bindparams(bindparam("some", expanding=True))
        found: set[int] = set()
        for some in chunks(wanted):
            found.update(self._all(statement, some=some))
        return found

    def _all(self, statement: Any, **values: Any) -> list[int]:
        return list(self._connection.scalars(statement, {"terms": self._terms, **values}))


def _labels(query: SearchQuery) -> list[str]:
    given = {"publisher": query.publisher, "source": query.source, "language": query.language}
    return [search_terms.label(kind, value) for kind, value in given.items() if value]


def _as_fts5(query: SearchQuery) -> str:
    """Return the query in the syntax of FTS5; terms have no characters that mean anything in it."""

    def _phrase(one: Phrase) -> str:
        return f'"{" ".join(one.terms)}"{" *" if one.is_prefix else ""}'

    wanted = [f'"{one}"' for one in _labels(query)] + [_phrase(one) for one in query.terms.wanted]
    unwanted = " OR ".join(_phrase(one) for one in query.terms.unwanted)
    return f"({' AND '.join(wanted)})" + (f" NOT ({unwanted})" if unwanted else "")


def _as_tsquery(query: SearchQuery) -> str:
    """Return the query in the syntax of a tsquery."""

    def _phrase(one: Phrase) -> str:
        terms = " <-> ".join(f"'{term}'" for term in one.terms)
        return f"({terms}{':*' if one.is_prefix else ''})"

    wanted = [f"'{one}'" for one in _labels(query)] + [_phrase(one) for one in query.terms.wanted]
    unwanted = " | ".join(_phrase(one) for one in query.terms.unwanted)
    return " & ".join(wanted) + (f" & !({unwanted})" if unwanted else "")
