"""How published feeds are served."""

import gzip
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.publish import archive_files, files
from aggregator.web._file_cache import (
    FileCache,
    LruFileCache,
    ServedFile,
    make_cached_file,
    read_headers,
)
from tests.builders import make_spec
from tests.unit.web.fakes import CONTENT, make_site, visit

URL = "/feeds/merged.atom"


def test_a_feed_is_sent_with_its_validators(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    os.utime(tmp_path / "merged.atom", (1_772_443_800, 1_772_443_800))
    answer = visit(site).get(URL, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["last-modified"] == "Mon, 02 Mar 2026 09:30:00 GMT"
    assert answer.headers["etag"].startswith('"')
    assert answer.headers["vary"] == "Accept-Encoding, Accept"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("asked", "packed"),
    [
        ("gzip", True),
        ("GZIP;q=0.5, br", True),
        ("br, *", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip_is_for_those_who_ask(tmp_path: Path, asked: str, *, packed: bool) -> None:
    client = visit(make_site(tmp_path))
    headers, sent = client.raw(URL, {"Accept-Encoding": asked})
    assert headers.get("content-encoding") == ("gzip" if packed else None)
    assert (gzip.decompress(sent) if packed else sent) == CONTENT
    assert packed == headers["etag"].endswith('-gzip"')


def test_head_sends_no_body(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path)).ask("HEAD", URL, {})
    assert answer.status_code == 200
    assert "etag" in answer.headers


@pytest.mark.parametrize("packed", [True, False])
def test_what_a_reader_has_is_not_sent_again(tmp_path: Path, *, packed: bool) -> None:
    client = visit(make_site(tmp_path))
    coding = {"Accept-Encoding": "gzip" if packed else "identity"}
    first = client.get(URL, headers=coding)
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    for held in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"other", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": modified},
        {"If-None-Match": tag, "If-Modified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"},
    ):
        answer = client.get(URL, headers=coding | held)
        assert answer.status_code == 304, held
        assert not answer.content
        assert answer.headers["etag"] == tag
        assert "content-encoding" not in answer.headers


def test_the_tag_of_either_form_is_known(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path))
    packed = client.get(URL, headers={"Accept-Encoding": "gzip"}).headers["etag"]
    headers = {"Accept-Encoding": "identity", "If-None-Match": packed}
    assert client.get(URL, headers=headers).status_code == 304


@pytest.mark.parametrize(
    "held",
    [
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"},
        {"If-Modified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Mon, 01 Jan 99999999999 00:00:00 GMT"},
    ],
)
def test_what_a_reader_lacks_is_sent(tmp_path: Path, held: dict[str, str]) -> None:
    assert visit(make_site(tmp_path)).get(URL, headers=held).status_code == 200


def test_a_new_edition_is_seen_at_once_and_an_old_one_not_read_again(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path))
    first = client.get(URL)
    assert client.get(URL).headers["etag"] == first.headers["etag"]
    files.write(tmp_path / "merged.atom", b"<feed/>")
    second = client.get(URL, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (200, b"<feed/>")
    assert second.headers["last-modified"] > first.headers["last-modified"]


def test_the_last_edition_stays_while_the_file_is_gone(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path))
    first = client.get(URL)
    (tmp_path / "merged.atom").unlink()
    assert client.get(URL).content == first.content


def test_a_feed_that_is_not_there_yet_is_promised(tmp_path: Path) -> None:
    answer = visit(make_site(tmp_path, written=False)).get(URL)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"


def test_every_format_has_its_type(tmp_path: Path) -> None:
    site = make_site(tmp_path, feeds=(make_spec(formats=("atom", "rss", "json", "dump")),))
    client = visit(site)
    for name, kind in {
        "merged.rss": "application/rss+xml; charset=utf-8",
        "merged.json": "application/feed+json; charset=utf-8",
        "merged.dumps.zip": "application/zip",
    }.items():
        files.write(tmp_path / name, b"x")
        assert client.get(f"/feeds/{name}").headers["content-type"] == kind


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/other.atom",
        "/feeds/secret.txt",
        "/feeds/../secret.txt",
        "/feeds/%2e%2e%2fsecret.txt",
        "/feeds/..%5csecret.txt",
        "/feeds/merged.atom%00",
        "/feeds//etc/passwd",
        "/feeds/",
        "/secret.txt",
        "/../secret.txt",
        "/templates/base.html",
        "/style.css/",
    ],
)
def test_no_other_file_can_be_reached(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path.parent / "secret.txt").write_text("secret")
    answer = visit(make_site(tmp_path)).get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


PAGE = "/feeds/merged/archive-0001.atom"


def test_pages_of_the_archive_take_no_parameters(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path))
    files.write(tmp_path / "merged" / "archive-0001.atom", CONTENT)
    assert client.get(f"{PAGE}?utm_source=x").content == CONTENT
    for query in ("category=world", "limit=0", "nosuch=1"):
        assert client.get(f"{PAGE}?{query}").status_code == 400


def test_pages_of_the_archive_are_sent_like_feeds(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path))
    assert client.get(PAGE).status_code == 404
    files.write(tmp_path / "merged" / "archive-0001.atom", CONTENT)
    answer = client.get(PAGE)
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    held = {"If-None-Match": answer.headers["etag"]}
    assert client.get(PAGE, headers=held).status_code == 304


@pytest.mark.parametrize("token", ["", "a-token-of-many-letters"])
def test_compressed_pages_are_sent_as_each_client_accepts(tmp_path: Path, token: str) -> None:
    """A page that is compressed later keeps its tag; one that is deleted is gone."""
    page = tmp_path / "merged" / "archive-0001.atom"
    client = visit(make_site(tmp_path, feeds=(make_spec(token=token),)))
    asked = f"{PAGE}?token={token}" if token else PAGE
    files.write(page, CONTENT)
    before = client.get(asked)
    archive_files.write(page, CONTENT)
    assert not page.exists()
    packed = client.get(asked, headers={"Accept-Encoding": "gzip"})
    plain = client.get(asked, headers={"Accept-Encoding": "identity"})
    assert before.content == packed.content == plain.content
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["etag"] == before.headers["etag"] != plain.headers["etag"]
    archive_files.delete(page)
    assert client.get(asked).status_code == 404
    page.with_name(f"{page.name}.gz").write_bytes(b"\x1f\x8bdamaged")
    assert client.get(asked).status_code == 200  # the copy in memory


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/merged/archive-0001.atom.gz",
        "/feeds/other/archive-0001.atom",
        "/feeds/merged/archive-0001.rss",
        "/feeds/merged/archive.atom.json",
        "/feeds/merged/..%2fmerged.atom",
        "/feeds/../merged.atom/archive-0001.atom",
        "/feeds/merged/archive-0001.atom/x",
        "/feeds/merged/archive-1.atom",
    ],
)
def test_only_pages_of_feeds_are_sent(tmp_path: Path, path: str) -> None:
    for name in ("archive-0001.atom", "archive-0001.rss", "archive.atom.json"):
        files.write(tmp_path / "merged" / f"{name}.gz", CONTENT)
        files.write(tmp_path / "merged" / name, CONTENT)
    files.write(tmp_path / "other" / "archive-0001.atom", CONTENT)
    assert visit(make_site(tmp_path)).get(path).status_code == 404


def test_links_between_private_pages_carry_the_token(tmp_path: Path) -> None:
    home = "http://127.0.0.1:8080/feeds/merged"
    content = f'<link href="{home}.atom"/><a href="{home}/archive-0002.atom"/><b c="{home}2.atom"/>'
    files.write(tmp_path / "merged" / "archive-0001.atom", content.encode())
    files.write(tmp_path / "merged.atom", content.encode())
    site = make_site(tmp_path, feeds=(make_spec(token="s&cret word"),), written=False)  # noqa: S106
    client = visit(site)
    assert client.get(PAGE).status_code == 404
    query = "?token=s%26cret%20word"
    for path in (PAGE, URL):
        assert client.get(path + query).text == (
            f'<link href="{home}.atom{query}"/><a href="{home}/archive-0002.atom{query}"/>'
            f'<b c="{home}2.atom"/>'
        )


def test_a_browser_gets_plain_xml_which_it_can_style(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path, feeds=(make_spec(formats=("atom", "json")),)))
    files.write(tmp_path / "merged.json", b"{}")
    asked = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = client.get(URL, headers=asked)
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=300"
    other = client.get("/feeds/merged.json", headers=asked)
    assert other.headers["content-type"] == "application/feed+json; charset=utf-8"


@pytest.mark.parametrize("tag", ["", '"other"', "known"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_quick_way_answers_as_the_long_one(
    tmp_path: Path, tag: str, coding: str, method: str
) -> None:
    """The first request reads the file, the second finds it in memory; the third has a query."""
    client = visit(make_site(tmp_path))
    known = client.get(URL).headers["etag"]
    headers = {"Accept-Encoding": coding, "If-None-Match": known if tag == "known" else tag}
    cold = visit(make_site(tmp_path)).ask(method, URL, headers)
    warm = client.ask(method, URL, headers)
    asked = client.ask(method, f"{URL}?utm_source=x", headers)
    for one in (warm, asked):
        assert one.status_code == cold.status_code
        assert sorted(one.headers.multi_items()) == sorted(cold.headers.multi_items())
        assert one.content == cold.content
    assert (cold.status_code == 304) == (tag == "known")
    assert method == "GET" or not cold.content


def test_lines_of_one_header_count_as_one(tmp_path: Path) -> None:
    client = visit(make_site(tmp_path))
    tag = client.get(URL).headers["etag"]
    lines = [("If-None-Match", '"a"'), ("If-None-Match", tag)]
    assert client.ask("GET", URL, lines).status_code == 304


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_feed_is_only_read(tmp_path: Path, method: str) -> None:
    client = visit(make_site(tmp_path))
    client.get(URL)
    assert client.ask(method, URL, {}).status_code == 405


def test_a_public_feed_names_its_hub_and_its_topic(tmp_path: Path) -> None:
    feeds = (make_spec(), make_spec(name="own", token="a-token-of-many-letters"))  # noqa: S106
    site = make_site(
        tmp_path,
        feeds=feeds,
        hub="https://hub.example/?a=b&c=\u00e9",
        public_url="https://news.example/sub/",
    )
    files.write(tmp_path / "own.atom", CONTENT)
    files.write(tmp_path / "merged" / "archive-0001.atom", CONTENT)
    client = visit(site)
    answer = client.get("/sub" + URL, headers={"Host": "news.example"})
    topic = "https://news.example/sub/feeds/merged.atom"
    named = f'<https://hub.example/?a=b&c=%C3%A9>; rel="hub", <{topic}>; rel="self"'
    assert answer.headers["link"] == named
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(URL, headers=tag).headers["link"] == named
    for other in (
        f"{URL}?q=word",
        "/feeds/own.atom?token=a-token-of-many-letters",
        "/feeds/merged/archive-0001.atom",
    ):
        answer = client.get(other)
        assert (answer.status_code, answer.headers.get("link")) == (200, None)


def test_without_a_hub_no_link_is_sent(tmp_path: Path) -> None:
    assert "link" not in visit(make_site(tmp_path)).get(URL).headers


def test_few_pages_of_archives_stay_in_memory(tmp_path: Path) -> None:
    cache = LruFileCache(3000)
    for n in range(5):
        path = tmp_path / f"{n}.atom"
        path.write_bytes(bytes(range(256)) * 4)
        place = ServedFile(path=path, media_type="application/atom+xml")
        edition = cache.get(str(n), place)
        assert edition is not None
        assert cache.get(str(n), place) is edition
    assert 0 < cache.size <= 3000
    path.write_bytes(b"new")
    renewed = cache.get("4", place)
    assert renewed is not None
    assert renewed.plain.content == b"new"
    assert cache.get("9", ServedFile(path=tmp_path / "none", media_type="")) is None
    assert "9" not in cache


def test_of_a_crowd_that_wants_a_new_edition_one_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "merged.atom"
    reads: list[bytes] = []

    def change(content: bytes) -> bytes:
        reads.append(content)
        time.sleep(0.02)
        return content

    cache = FileCache(
        {"a": ServedFile(path=path, media_type="application/atom+xml", transform=change)}
    )
    for content in (b"one", b"the second"):
        path.write_bytes(content)
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(cache.load, ["a"] * 16))
        assert {one.plain.content for one in found if one} == {content}
    assert reads == [b"one", b"the second"]


@given(
    st.sampled_from(["if-none-match", "if-modified-since", "accept-encoding", "accept"]), st.text()
)
@example("if-modified-since", "Mon, 01 Jan 0001 00:00:00 -0000")
@example("if-modified-since", "Mon, 01 Jan 0001 00:00:00 +2359")
@example("if-modified-since", "," * 20)
@example("accept-encoding", "gzip;" * 10_000)
def test_no_header_is_too_odd(name: str, value: str) -> None:
    edition = make_cached_file(
        b"<feed/>", media_type="application/atom+xml", modified=1_772_443_800
    )
    sent = (name.encode(), value.encode("utf-8", "replace"))
    asked = read_headers({"method": "GET", "headers": [sent]})
    assert edition.respond(asked, b"public").status in {200, 304}
