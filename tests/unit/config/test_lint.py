"""What is sound and can hardly be meant, and where it stands; files that are no YAML."""

from pathlib import Path

import pytest

from aggregator import config
from aggregator.core.errors import ConfigError

A = "https://a.example/"


def doubts(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    _, found = config.load_with_warnings(path, {})
    return [str(one).removeprefix(f"{path}:") for one in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"sources:\n  - {{id: a, url: '{A}', category: worlds}}\nfeeds:\n  - {{name: w, categories: [world]}}",
            [
                (
                    "2: sources[0].category: no feed has the category 'worlds': entries of a appear in no feed,"
                    " unless they name another category; add it to categories: of a feed"
                ),
                "4: feeds[0].categories[0]: no source has the category 'world'; did you mean 'worlds'?",
            ],
        ),
        (
            f"sources:\n  - {{id: a, url: '{A}', language: de}}\nfeeds: [{{name: z, languages: [zh]}}]",
            [
                (
                    "2: sources[0].language: no feed has the language 'de': entries of a appear in no feed;"
                    " add it to languages: of a feed"
                ),
                "3: feeds[0].languages[0]: no source has the language 'zh'; known: de",
            ],
        ),
        (
            f"sources:\n  - {{id: a, url: '{A}'}}\n  - {{id: b, url: '{A}b'}}\nfeeds: [{{name: z, sources: [a]}}]",
            [
                "3: sources[1]: no feed has the source 'b': add it to sources: of a feed, or pause it"
            ],
        ),
        (
            "data: x\nsources: []",
            ["2: sources: no sources: add one with `aggregator sources add URL`"],
        ),
        (
            f"public_url: http://nas.lan:9000/\nsources: ['{A}']",
            [
                (
                    "1: public_url: names port 9000, but port 8080 is served: links in the feeds are"
                    " broken, unless a reverse proxy forwards requests; change it, or start with"
                    " --port 9000"
                ),
            ],
        ),
        (
            f"sources: [{{url: '{A}', category: World}}]\nfeeds: [{{name: a, categories: [world]}}]",
            [],
        ),
        (
            f"sources: [{{url: '{A}', language: zh-Hans}}]\nfeeds: [{{name: a, languages: [zh]}}]",
            [],
        ),
        (f"sources: ['{A}']\nfeeds: [{{name: a, languages: [zh]}}]", []),
        (f"sources: [{{url: '{A}', category: x, paused: true}}, '{A}b']\nfeeds: [{{name: a}}]", []),
        (f"public_url: https://news.example.org/\nsources: ['{A}']", []),
    ],
)
def test_doubts(tmp_path: Path, text: str, said: list[str]) -> None:
    found = [one.replace("sources[1].id", "sources[1]") for one in doubts(tmp_path, text)]
    assert found == said


@pytest.mark.parametrize(
    ("text", "line", "column", "shown"),
    [
        ("a: 1\n  title: b: c\n", 2, 8, "      title: b: c\n           ^"),
        ("sources: [a, b", 1, 15, ""),
        ("a:\n\t- x\n", 2, 1, None),
        ("标题: {新闻: [}\n", 1, 11, "    标题: {新闻: [}\n" + " " * 18 + "^"),
    ],
)
def test_what_is_no_yaml_is_shown_with_its_place(
    tmp_path: Path, text: str, line: int, column: int, shown: str | None
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    assert str(caught.value).startswith(f"{path}:{caught.value.line}: is not YAML: ")
    assert f"(column {caught.value.column})" in str(caught.value)
    assert caught.value.line in (line, line + 1)
    if shown:
        assert str(caught.value).endswith(shown)
        assert caught.value.column == column


@pytest.mark.parametrize(
    "line",
    [
        "token: hush-hush-hush-hush ]",
        "url: https://user:hush@a.example/ ]",
        "Authorization: Bearer hush ]",
        "api_key: 'hush ]",
    ],
)
def test_the_line_that_is_shown_holds_no_secret(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"feeds: [{{{line}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    assert "hush" not in str(caught.value)


def test_an_empty_file_names_what_is_missing(tmp_path: Path) -> None:
    for text in ("", "# nothing\n", "---\n"):
        path = tmp_path / "a.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"a.yaml:1: sources: is missing: the file is empty"):
            config.load_with_warnings(path, {})
