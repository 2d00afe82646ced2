"""What the names of elements mean."""

import pytest

from aggregator.gather.parsers._names import Names

DC = "http://purl.org/dc/elements/1.1/"
ATOM = "http://www.w3.org/2005/Atom"

CASES = [
    ("rss", {}, "title", "title"),
    ("rss", {}, "TITLE", "title"),
    ("rss", {}, f"{{{DC}}}Creator", "dc:creator"),
    ("rss", {}, "{https://purl.org/dc/elements/1.1}creator", "dc:creator"),
    ("rss", {}, f"{{{ATOM}}}link", "atom:link"),
    (f"{{{ATOM}}}feed", {}, f"{{{ATOM}}}link", "link"),
    (f"{{{ATOM}}}feed", {}, "{http://purl.org/atom/ns#}link", "link"),
    ("{urn:x}feed", {}, "{urn:x}entry", "entry"),
    ("rss", {}, "{http://purl.org/rss/1.0/}item", "item"),
    ("rss", {"dc": "urn:wrong"}, "{urn:wrong}creator", "dc:creator"),
    ("rss", {"odd": "urn:odd"}, "{urn:odd}title", ""),
    ("rss", {None: "urn:odd"}, "{urn:odd}title", ""),
]


@pytest.mark.parametrize(("root", "prefixes", "tag", "name"), CASES)
def test_names(root: str, prefixes: dict[str | None, str], tag: str, name: str) -> None:
    names = Names(root, prefixes)
    assert names[tag] == name
    assert names[tag] == name  # the second time from memory
