"""Decoding of the URLs in wrappers."""

import pytest

from aggregator.gather.cleaning.codings import (
    decode,
    from_base64,
    from_hex,
    from_protobuf,
    percent_decode,
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("%E4%B8%AD%FF", "中%FF"),
        ("%2520", "%20"),
        ("100%", "100%"),
    ],
)
def test_percent(text: str, wanted: str) -> None:
    assert percent_decode(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("aHR0cHM6Ly9hLmV4YW1wbGUvYg==", "https://a.example/b"),
        ("aHR0cHM6Ly9hLmV4YW1wbGUvYg", "https://a.example/b"),
        ("aHR0cHM6Ly9hLmV4/YW1wbGUvYg", "https://a.example/b"),
        ("aHR0cDovL2EvPz8_Pz8-", "http://a/?????>"),
        ("AAAA", ""),
        ("_w", ""),
        ("no base64!", ""),
        ("a", ""),
    ],
)
def test_base64(text: str, wanted: str) -> None:
    assert from_base64(text) == wanted


def test_hex() -> None:
    assert from_hex(b"https://a.example".hex()) == "https://a.example"
    assert from_hex("abc") == ""


@pytest.mark.parametrize("text", ["", "a", "!!", "IgE", "Iv8B", "IgNhYmM"])
def test_message_without_address(text: str) -> None:
    assert from_protobuf(text) == ""


@pytest.mark.parametrize(
    ("value", "coding", "once", "wanted"),
    [
        ("https://a/%2520", "auto", True, "https://a/%20"),
        ("https://a/%2520", "auto", False, "https://a/%2520"),
        ("https%3A%2F%2Fa%2F%2520", "auto", False, "https://a/%20"),
        ("https%253A%252F%252Fa", "percent", False, "https://a"),
        ("https://a/%20", "none", True, "https://a/%20"),
        ("68747470733a2f2f61", "auto", False, "https://a"),
        ("a1aHR0cHM6Ly9h", "auto", True, "https://a"),
        ("aHR0cHM6Ly9h", "percent", True, "aHR0cHM6Ly9h"),
    ],
)
def test_decode(value: str, coding: str, once: bool, wanted: str) -> None:
    assert decode(value, coding, once=once) == wanted
