"""What every parser keeps: one suite over all files of the folder."""

from contextlib import suppress
from pathlib import Path

import pytest

from aggregator.core import plugins
from aggregator.core.errors import NotAFeed, ParseError
from aggregator.core.model import Document, ParsedFeed
from aggregator.core.ports import Parser
from aggregator.gather import parsers

NAMES = plugins.names("aggregator.gather.parsers")
FIXTURES = Path(__file__).parents[2] / "fixtures"
DOCUMENTS = sorted(
    path
    for folder in ("feeds", "dumps")
    for path in (FIXTURES / folder).iterdir()
    if not path.name.endswith(".expected.json")
)
NOISE = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"{",
    b"[",
    b"<",
    b"---\n",
    b"<!--",
    bytes(range(256)),
    b"[" * 9_999,
]


@pytest.fixture(params=NAMES)
def parser(request: pytest.FixtureRequest) -> Parser:
    """Return one parser after the other."""
    found: Parser = plugins.load("aggregator.gather.parsers", request.param)
    return found


def test_there_are_the_formats_we_promise() -> None:
    assert NAMES == ("dump", "feed", "json")


@pytest.mark.parametrize("content", NOISE, ids=range(len(NOISE)))
def test_noise_raises_a_parse_error_or_nothing(parser: Parser, content: bytes) -> None:
    document = Document(name="noise", content=content)
    assert parser.accepts(document) in (True, False)
    with suppress(ParseError):
        assert isinstance(parser.parse(document), ParsedFeed)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_document_is_read_by_one_parser_the_same_each_time(path: Path) -> None:
    document = Document(name=path.name, content=path.read_bytes(), url="https://example.org/")
    found = parsers.parse(document)
    assert found.entries
    assert found == parsers.parse(document)


@pytest.mark.parametrize("name", NAMES)
def test_a_format_can_be_named(name: str) -> None:
    with pytest.raises(ParseError):
        parsers.parse(Document(name="x", content=b"words", format=name))


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(ParseError, match="did you mean 'feed'"):
        parsers.parse(Document(name="x", content=b"<rss/>", format="fead"))


@pytest.mark.parametrize("content", [b"", b" \n\t "])
def test_nothing_is_an_error(content: bytes) -> None:
    with pytest.raises(ParseError, match="empty"):
        parsers.parse(Document(name="x", content=content))


def test_what_nobody_knows_is_no_feed() -> None:
    with pytest.raises(NotAFeed):
        parsers.parse(Document(name="x", content=b"just words"))
