"""What every kind of source keeps to, whatever it fetches."""

import asyncio
import inspect
from pathlib import Path

import pytest

from aggregator.core import plugins
from aggregator.core.errors import FetchError
from aggregator.core.model import Fetched, NotModified, Source, Validators
from aggregator.core.ports import Fetcher
from aggregator.core.settings import FetchSettings
from aggregator.gather.fetchers import open_fetchers

KINDS = plugins.names("aggregator.gather.fetchers")
DUMP = "<!--1714100000000-->\n[A](https://example.org/a)\n------\n<p>Text</p>\n"


def test_there_are_the_known_kinds() -> None:
    """One module is one kind; helpers are none."""
    assert {"dump", "feed"} <= set(KINDS)
    assert set(open_fetchers(FetchSettings())) == set(KINDS)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Give each kind in turn."""
    return str(request.param)


@pytest.fixture
def source(kind: str, tmp_path: Path) -> Source:
    """Make a source of the kind that needs no network."""
    path = tmp_path / "one.txt"
    path.write_text(DUMP, encoding="utf-8")
    return Source(id="one", kind=kind, path=path)


def fetch(source: Source, *, times: int = 1) -> Fetched | NotModified:
    """Fetch so many times, each with the validators of the one before; return the last."""

    async def run() -> Fetched | NotModified:
        fetchers = open_fetchers(FetchSettings())
        validators = Validators()
        try:
            for _ in range(times):
                result = await fetchers[source.kind].fetch(source, validators)
                validators = result.validators
        finally:
            await fetchers.close()
        return result

    return asyncio.run(run())


def test_a_module_makes_a_fetcher(kind: str) -> None:
    """`make` takes the settings and gives what keeps the Protocol."""
    fetcher: Fetcher = plugins.load("aggregator.gather.fetchers", kind).make(FetchSettings())
    assert inspect.iscoroutinefunction(fetcher.fetch)
    asyncio.run(fetcher.close())
    asyncio.run(fetcher.close())


def test_documents_come_once(source: Source) -> None:
    """Bytes as they are, with validators that make the next fetch conditional."""
    result = fetch(source)
    assert isinstance(result, Fetched)
    assert [one.content for one in result.documents] == [DUMP.encode()]
    assert all(one.name for one in result.documents)
    assert result.validators != Validators()
    again = fetch(source, times=2)
    assert isinstance(again, NotModified)
    assert again.validators == result.validators


def test_what_cannot_be_fetched_is_an_error_of_the_source(source: Source) -> None:
    """The error names its source and is one line."""
    assert source.path is not None
    source.path.unlink()
    with pytest.raises(FetchError) as caught:
        fetch(source)
    assert caught.value.source_id == "one"
    assert str(caught.value).isprintable()
