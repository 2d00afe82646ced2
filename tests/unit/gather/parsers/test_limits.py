"""Documents of very many entries: what is left out is counted, not kept."""

import json
import subprocess
import sys

import pytest

from aggregator.core.errors import ParseError
from aggregator.core.model import Document, ParsedFeed, Source
from aggregator.gather import document_limits
from aggregator.gather.document import read_document
from aggregator.gather.parsers import _oversized, parse

SOURCE = Source(id="s", url="https://example.org/f")
MEASURE = """
import resource, sys
from aggregator.core.model import Document, Source
from aggregator.gather.document import read_document
content = eval(sys.argv[1])
read_document(Document(name="d", content=b"<rss/>"), Source(id="s"), {}, 500)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_document(Document(name="d", content=content), Source(id="s"), {}, 500)
except Exception as error:
    print(type(error).__name__, file=sys.stderr)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
RSS = "b'<rss><channel><title>T</title>%s</channel></rss>' %% (%s)"
CROWDS = {
    "empty items": RSS % ("%s", "b'<item/>' * 1_000_000"),
    "empty pairs": RSS % ("%s", "b'<item></item>' * 1_000_000"),
    "items of a blank": RSS % ("%s", "b'<item> </item>\\n' * 800_000"),
    "short items": RSS % ("%s", "b'<item><title>a</title></item>' * 400_000"),
    "elements in an item": RSS % ("<item>%s</item>", "b'<a/>' * 3_000_000"),
    "elements in no item": RSS % ("%s", "b'<a/>' * 3_000_000"),
    "not well-formed": RSS % ("<title>&&</x>%s", "b'<item/>' * 1_000_000"),
    "empty objects": """b'{"version":"https://jsonfeed.org/version/1","items":[%s{}]}' % (b'{},' * 3_000_000)""",
    "short objects": """b'{"version":"https://jsonfeed.org/version/1","items":[%s{}]}' % (b'{"id":1},' * 1_000_000)""",
    "lists": """b'{"version":"https://jsonfeed.org/version/1","items":[%s{}]}' % (b'[],' * 4_000_000)""",
}


def crowd(entries: str, most: int = 0) -> ParsedFeed:
    """Read a feed of many entries."""
    text = f"<rss><channel><title>T</title><link>https://e.example/</link>{entries}</channel></rss>"
    return parse(Document(name="d", content=text.encode(), max_entries=most))


@pytest.mark.parametrize("content", CROWDS.values(), ids=CROWDS)
def test_memory_is_bounded(content: str) -> None:
    """Between 9 and 15 MB of a document; before, up to 600 MB were taken."""
    command = [sys.executable, "-c", MEASURE, content]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200


def test_empty_entries_are_counted() -> None:
    found = crowd("<item/>" * 60_000 + "<item><title>One</title></item>" + "<item></item>\n" * 9)
    assert [entry.title for entry in found.entries] == ["One"]
    assert [(one.where, one.reason) for one in found.skipped] == [
        ("60009 entries", document_limits.EMPTY)
    ]
    assert (found.info.title, found.info.link) == ("T", "https://e.example/")


def test_of_too_many_entries_the_newest_are_kept_in_order() -> None:
    days = [f"2024-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    items = [f"<item><title>{d}</title><pubDate>{d}</pubDate></item>" for d in days]
    filler = "<item><title>undated</title></item>" * 20_000
    found = crowd("".join(items) + filler, most=10)
    assert [entry.title for entry in found.entries] == days[-10:]
    assert [one.where for one in found.skipped] == [f"{len(days) + 20_000 - 10} older entries"]


def test_a_crowd_is_read_as_a_small_feed_is() -> None:
    item = (
        "<item><title>One</title><link>/1</link><guid>1</guid><category>a</category>"
        "<description>&lt;b&gt;x&lt;/b&gt;</description></item>"
    )
    (small,) = crowd(item).entries
    (among_many,) = crowd("<item/>" * 60_000 + item).entries
    assert among_many == small


def test_a_document_of_much_markup_in_its_texts_is_no_crowd() -> None:
    text = "<![CDATA[" + "<p>x</p>" * 60_000 + "]]>"
    assert not _oversized.is_oversized(f"<rss><item>{text}</item></rss>".encode())


def test_reasons_are_bounded() -> None:
    items = "".join(f"<item><category>{n}</category></item>" for n in range(400))
    text = f"<rss><channel><title>T</title>{items}</channel></rss>"
    found = read_document(Document(name="d", content=text.encode()), SOURCE, {}, 500)
    assert len(found.skipped) == document_limits.MAX_SKIP_REASONS + 1
    assert found.skipped[-1].where == f"{400 - document_limits.MAX_SKIP_REASONS} more"


def test_items_that_are_no_objects_are_counted() -> None:
    feed = {"version": "https://jsonfeed.org/version/1", "items": [{}] * 1_000 + [{"id": 1}]}
    document = Document(name="d", content=json.dumps(feed).encode())
    assert [entry.guid for entry in parse(document).entries] == ["1"]
    skipped = read_document(document, SOURCE, {}, 500).skipped
    assert len(skipped) <= document_limits.MAX_SKIP_REASONS
    assert skipped[-1].where == f"{1_000 - len(skipped) + 1} more entries"


def test_of_too_many_items_the_newest_are_kept() -> None:
    items = [{"id": str(n), "date_published": f"2024-01-{n:02}"} for n in range(1, 21)]
    feed = {"version": "https://jsonfeed.org/version/1", "items": items}
    found = parse(Document(name="d", content=json.dumps(feed).encode(), max_entries=5))
    assert [entry.guid for entry in found.entries] == ["16", "17", "18", "19", "20"]


def test_too_many_objects_are_an_error() -> None:
    text = '{"version": "https://jsonfeed.org/version/1", "items": [' + "[]," * 300_000 + "{}]}"
    with pytest.raises(ParseError, match="too many"):
        parse(Document(name="d", content=text.encode()))
    brackets = json.dumps(
        {"version": "https://jsonfeed.org/version/1", "items": [{"id": "[{" * 300_000}]}
    )
    assert parse(Document(name="d", content=brackets.encode())).entries
