"""The rules on one value, and on JSON lines."""

import json
from pathlib import Path

import pytest

from tests.quality.article_pages import LAYOUTS, Piece, refused
from tests.unit.cli.conftest import Run, lines

WRAPPED = "https://images.weserv.nl/?url=pictures.example/a.jpg"
PLAIN = "https://pictures.example/a.jpg"


# --- JSON lines ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "row", "reply"),
    [
        ("image", {"input": WRAPPED}, {"output": PLAIN}),
        ("image", {"input": WRAPPED, "options": {}}, {"output": PLAIN}),
        ("image", {"input": WRAPPED, "options": {"proxy": "keep"}}, {"output": WRAPPED}),
        ("image", {"input": "/a.jpg", "base": "https://b.example/x/"}, {"output": "https://b.example/a.jpg"}),
        (
            "image",
            {
                "input": "https://img.own.example/300x/https://pictures.example/a.jpg",
                "options": {"wrappers": [{"host": "img.own.example", "type": "imageproxy"}]},
            },
            {"output": PLAIN},
        ),
        (
            "image",
            {"input": WRAPPED, "options": {"proxy": "rewrap", "template": "https://own.example/?u={url_enc}"}},
            {"output": "https://own.example/?u=https%3A%2F%2Fpictures.example%2Fa.jpg"},
        ),
        ("image", {}, {"output": ""}),
        ("image", {"input": 7, "options": "x"}, {"output": ""}),
        ("link", {"input": "https://a.example/x?id=1&utm_source=rss"}, {"output": "https://a.example/x?id=1"}),
        ("link", {"input": "x?utm_source=rss", "base": "https://a.example/"}, {"output": "https://a.example/x"}),
        ("key", {"a": "https://www.a.example/x?utm_source=y", "b": "http://a.example/x"}, {"output": "same"}),
        ("key", {"a": "https://a.example/x", "b": "https://a.example/y"}, {"output": "different"}),
        ("key", {"a": "one", "b": "two"}, {"output": "different"}),
        ("html", {"html": "<p>a<script>x()</script></p>"}, {"html": "<p>a</p>"}),
        ("html", {"html": '<p><a href="/x">a</a></p>', "base": "https://a.example/"}, None),
    ],
)  # fmt: skip
def test_answers_a_row(
    run: Run, what: str, row: dict[str, object], reply: dict[str, str] | None
) -> None:
    result = run("try", what, "--jsonl", given=lines({"id": "x"} | row))
    assert result.status == 0, result.err
    (answer,) = result.rows
    assert answer.pop("id") == "x"
    if reply is None:
        assert 'href="https://a.example/x"' in answer["html"]
    else:
        assert answer == reply


def test_answers_keep_the_order_and_any_id(run: Run) -> None:
    rows = [{"id": number, "input": f"https://a.example/{number}"} for number in (3, None, "x", 1)]
    answers = run("try", "link", "--jsonl", given=lines(*rows) + "\n").rows
    assert [answer["id"] for answer in answers] == [3, None, "x", 1]


def test_html_answers_stay_on_one_line(run: Run) -> None:
    given = lines({"id": 1, "html": "<p>a\u2028b\u0085c\ud800d</p>"}).encode(
        "utf-8", "surrogatepass"
    )
    result = run(
        "try",
        "html",
        "--jsonl",
        given=json.dumps({"id": 1, "html": "<p>a\u2028b\u0085c\ud800</p>"}),
    )
    assert len(result.out.splitlines()) == 1
    assert run("try", "html", "--jsonl", given=given).status in (0, 1)


def test_faulty_options_are_told_and_the_usual_ones_taken(run: Run) -> None:
    (answer,) = run(
        "try", "image", "--jsonl", given=lines({"input": WRAPPED, "options": {"prox": 1}})
    ).rows
    assert answer["output"] == PLAIN
    assert "did you mean 'proxy'" in answer["error"]


@pytest.mark.parametrize("given", ["no json\n", "[1]\n", "[" * 100_000 + "\n", b"\xff\n"])
def test_a_line_that_is_no_object_is_told(run: Run, given: str | bytes) -> None:
    result = run("try", "link", "--jsonl", given=given)
    assert result.status == 1
    assert "standard input: line 1 is no" in result.err
    assert len(result.err.splitlines()) == 1


def test_rows_may_come_from_a_file(run: Run, home: Path) -> None:
    (home / "rows.jsonl").write_text(lines({"id": 1, "input": PLAIN}), encoding="utf-8")
    assert run("try", "image", "--jsonl", "rows.jsonl").rows == [{"id": 1, "output": PLAIN}]
    assert run("try", "image", "--jsonl", "missing.jsonl").status == 1


def test_feed_reads_every_entry_before_anything_is_dropped(run: Run, home: Path) -> None:
    rows = [{"id": "f", "path": str(home / "gazette.xml")}, {"id": "d", "path": "dumps/one.txt"}]
    feed, dump = run("try", "feed", "--jsonl", given=lines(*rows)).rows
    assert feed["outcome"] == dump["outcome"] == "ok"
    assert feed["feed"]["title"] == "Harbour Gazette"
    first, second = feed["entries"]
    assert first["guid"] == first["id"] == "g-1"
    assert first["link"] == "https://gazette.example/ferry?utm_source=rss"
    assert first["published"] == "2026-03-02T08:00:00Z"
    assert first["published_raw"] == "Mon, 02 Mar 2026 08:00:00 GMT"
    assert "Aurora" in first["summary"] + first["content"]
    assert second["title"] == "Bread prices fall again"
    (entry,) = dump["entries"]
    assert entry["link"] == "https://coast.example/news/aurora-ferry"
    assert entry["gathered"] == "2026-03-02T09:00:00Z"


@pytest.mark.parametrize(
    ("path", "content"),
    [("missing.xml", None), ("", None), ("a\0b", None), (".", None), ("x.xml", b""), ("x.xml", b"<html><p>a"), ("x.xml", b"\xff\xfe\x00")],
)  # fmt: skip
def test_feed_never_fails_as_a_whole(
    run: Run, home: Path, path: str, content: bytes | None
) -> None:
    if content is not None:
        (home / path).write_bytes(content)
    good = {"id": 2, "path": "gazette.xml"}
    bad, fine = run("try", "feed", "--jsonl", given=lines({"id": 1, "path": path}, good)).rows
    assert bad["id"] == 1
    assert bad["outcome"] == "error"
    assert bad["error"]
    assert bad["entries"] == []
    assert fine["outcome"] == "ok"


def test_feed_offers_what_a_page_links_to(run: Run, home: Path) -> None:
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="https://a.example/f"></head></html>'
    (home / "page.html").write_text(page, encoding="utf-8")
    (reply,) = run("try", "feed", "page.html", "--json").rows
    assert reply["feeds"] == ["https://a.example/f"]
    assert "the page links to https://a.example/f" in run("try", "feed", "page.html").out


def test_group_gives_every_row_its_story(run: Run) -> None:
    text = "Fourteen passengers were hurt when the ferry Aurora struck the pier of Northport harbour on Monday."
    rows = [
        {"id": "a", "title": "Ferry Aurora strikes pier in Northport", "text": text, "source": "one",
         "published": "2026-03-02T08:00:00Z", "lang": "en"},
        {"id": "b", "title": "Bread prices fall again", "html": "<p>A loaf costs less.</p>", "source": "one",
         "published": "2026-03-02T08:10:00Z"},
        {"id": "c", "title": "Ferry Aurora strikes pier in Northport", "text": text, "source": "two",
         "published": "2026-03-02T07:00:00Z", "lang": "en"},
        {"id": "d", "title": "Undated"},
    ]  # fmt: skip
    answers = run("try", "group", "--jsonl", given=lines(*rows)).rows
    assert [answer["id"] for answer in answers] == ["a", "b", "c", "d"]
    story = {answer["id"]: answer["story"] for answer in answers}
    assert story["a"] == story["c"]
    assert len({story["a"], story["b"], story["d"]}) == 3
    assert run("try", "group", "--jsonl").out == ""
    assert "Undated" in run("try", "group", given=lines(*rows)).out


# --- words ---------------------------------------------------------------------------------


def test_image_in_words_names_the_rule(run: Run) -> None:
    spoken = run("try", "image", WRAPPED).out.splitlines()
    assert spoken[0] == "weserv"
    assert spoken[1:] == [f"  - {WRAPPED}", f"  + {PLAIN}", PLAIN]
    assert run("try", "image", PLAIN).out == f"{PLAIN}  (no rule matched)\n"
    (shown,) = run("try", "image", WRAPPED, "--json").rows
    assert shown["output"] == PLAIN
    assert shown["steps"][0]["rule"] == "weserv"


def test_link_and_key_in_words(run: Run) -> None:
    assert (
        run("try", "link", "x?utm_source=a", "--base", "https://a.example/").out.splitlines()[-1]
        == "https://a.example/x"
    )
    spoken = run("try", "key", "https://www.a.example/x", "nonsense").out.splitlines()
    assert spoken[-1] == "different"
    assert "  not a web address" in spoken
    (shown,) = run("try", "key", "https://www.a.example/x", "http://a.example/x", "--json").rows
    assert shown["output"] == "same"
    assert shown["keys"][0] == shown["keys"][1]


def test_html_in_words_shows_a_difference(run: Run, home: Path) -> None:
    (home / "a.html").write_text(
        f'<p>One</p><script>x()</script><p><img src="{WRAPPED}"></p>', encoding="utf-8"
    )
    spoken = run("try", "html", "a.html", "--base", "https://a.example/").out
    assert "-<script>x()</script>" in spoken
    assert PLAIN in spoken
    (shown,) = run("try", "html", "a.html", "--json").rows
    assert "script" not in shown["html"]
    assert (
        "removed by"
        in run(
            "try",
            "html",
            given="<p>正文。</p><hr><div>获取更多RSS：<br><a href='https://feedx.net'>https://feedx.net</a></div>",
        ).out
    )


def test_feed_in_words(run: Run) -> None:
    spoken = run("try", "feed", "gazette.xml").out
    assert spoken.startswith("Harbour Gazette  https://gazette.example/\n")
    assert "2026-03-02T08:00:00Z  Ferry hits the pier" in spoken


@pytest.mark.parametrize("what", ["image", "link", "key"])
def test_a_value_is_wanted(run: Run, what: str) -> None:
    result = run("try", what)
    assert result.status == 1
    assert "or --jsonl" in result.err


def test_rules_of_a_configuration_may_be_tried(run: Run, home: Path) -> None:
    rules = {"providers": {"own": {"urlPattern": ".", "rules": ["zz"]}}}
    (home / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    (home / "own.yaml").write_text(
        "images: {wrappers: [{host: img.own.example, at: 'query:pic'}]}\n"
        "links: {rules: rules.json}\nclean: {strip: .ad}\n",
        encoding="utf-8",
    )
    given = f"https://img.own.example/?pic={PLAIN}"
    assert run("try", "image", given, "--config", "own.yaml").out.splitlines()[-1] == PLAIN
    assert "(no rule matched)" in run("try", "image", given).out
    own = run("try", "link", "https://a.example/?zz=1&b=2", "--config", "own.yaml")
    assert own.out.splitlines()[-1] == "https://a.example/?b=2"
    (shown,) = run(
        "try", "html", "--jsonl", "--config", "own.yaml",
        given=lines({"html": "<p class='ad'>Buy</p><p>News</p>"}),
    ).rows  # fmt: skip
    assert shown["html"] == "<p>News</p>"


def test_article_shows_what_is_taken_and_why_not(run: Run, home: Path) -> None:
    one = Piece(number=4, lang="en")
    (home / "page.html").write_text(LAYOUTS["guardian"](one)[0], encoding="utf-8")
    spoken = run("try", "article", "page.html", "--base", one.url).out
    assert spoken.startswith("taken by trafilatura: ")
    assert all(said in spoken for said in (one.title, one.author, one.image, *one.paragraphs))
    (reply,) = run("try", "article", "page.html", "--base", one.url, "--json").rows
    assert (reply["outcome"], reply["canonical"]) == ("ok", one.url)
    chosen = run("try", "article", "page.html", "--selector", "#maincontent", "--strip", "p").out
    assert chosen.startswith("no whole text: too little text")
    (home / "wall.html").write_bytes(next(refused()).html)
    assert "no whole text: a paywall" in run("try", "article", "wall.html").out
    (reply,) = run("try", "article", "wall.html", "--json").rows
    assert reply["outcome"] == "none"
    missing = run("try", "article", "missing.html")
    assert missing.status == 1
    blocked = run("try", "article", "http://127.0.0.1:9/")
    assert (blocked.status, "fetch.allow_private" in blocked.err) == (1, True)
    assert "with --config FILE" in blocked.err
    given = run("try", "article", "http://127.0.0.1:9/", "--config", "config/aggregator.yaml")
    assert (given.status, "with --config FILE" in given.err) == (1, False)
