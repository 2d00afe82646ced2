"""English words: one form for many, function words out, names by their capitals."""

import pytest

from aggregator.group.features import english


@pytest.mark.parametrize(
    ("words", "root"),
    [
        ("strike strikes striking", "strik"),
        ("walked walks walking", "walk"),
        ("ferries ferry", "ferry"),
        ("glass", "glass"),
        ("boxes", "box"),
        ("prices price", "pric"),
        ("string", "string"),
        ("gas", "gas"),
        ("bread", "bread"),
        ("naïve", "naïve"),
        ("b52s8", "b52s8"),
        ("海岚", "海岚"),
        ("the says monday", ""),
    ],
    ids=lambda one: one or "function words",
)
def test_stems(words: str, root: str) -> None:
    assert {english.stem(word) for word in words.split()} == {root}


@pytest.mark.parametrize(
    ("title", "body", "names"),
    [
        ("", "Officials in Northport said Okafor resigned.", {"northport", "okafor"}),
        ("", "Officials resigned. Nobody knew.", set()),
        ("Ferry hits pier in Northport harbour", "", {"northport"}),
        ("Ferry Hits Pier In Northport Harbour", "", set()),
        ("", "They met on Monday in Paris, France", {"pari", "franc"}),
        ("海岚 in Hailan", "", {"hailan"}),
        ("", "", set()),
    ],
    ids=["in a body", "starts of sentences", "in a title", "all raised", "days", "mixed", "none"],
)
def test_names(title: str, body: str, names: set[str]) -> None:
    assert english.names(title, body) == names
