"""What a parser read, for scripts and for people."""

from pathlib import Path

from aggregator.cli.documents import MAX_DOCUMENT_BYTES, in_words, read_bytes, read_path

RDF = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<title>Pier News</title><id>urn:x</id><updated>2026-03-02T08:00:00Z</updated>
<link href="https://pier.example/"/><author><name>Lena</name></author><rights>CC0</rights>
<entry><id>urn:x:1</id><title type="html">A &amp;amp; B</title><link href="https://pier.example/1"/>
<updated>2026-03-02T08:00:00Z</updated><published>soon</published>
<category term="ships"/><author><name>Ada</name><email>ada@pier.example</email></author>
<link rel="enclosure" href="https://pier.example/1.mp3" type="audio/mpeg" length="12"/>
<source><id>urn:s</id><title>Origin</title></source>
<content type="html">&lt;p&gt;Text&lt;/p&gt;</content></entry>
<entry><id>urn:x:2</id></entry></feed>"""


def test_every_field_has_its_place() -> None:
    reply = read_bytes(RDF, "pier.xml")
    assert reply["outcome"] == "ok"
    feed = reply["feed"]
    assert (feed["id"], feed["title"], feed["language"]) == ("urn:x", "Pier News", "en")
    assert feed["updated"] == feed["updated_raw"] == "2026-03-02T08:00:00Z"
    assert feed["authors"][0]["name"] == "Lena"
    first, second = reply["entries"]
    assert (first["published"], first["published_raw"]) == (None, "soon")
    assert first["title_type"] == "html"
    assert first["content"] == "<p>Text</p>"
    assert first["categories"] == ["ships"]
    assert first["authors"] == [{"name": "Ada", "email": "ada@pier.example", "url": ""}]
    assert first["enclosures"][0]["length"] == 12
    assert first["source"]["title"] == "Origin"
    assert second["source"] is None
    assert second["title"] == second["link"] == ""


def test_in_words_every_entry_has_a_date_and_a_name() -> None:
    spoken = list(in_words(read_bytes(RDF, "pier.xml")))
    assert spoken[0] == "Pier News  https://pier.example/"
    assert "    urn:x:2" in spoken
    assert any(line.startswith("  soon  ") for line in spoken)
    assert any(line.startswith("  (no date)") for line in spoken)


def test_what_was_skipped_is_told() -> None:
    reply = {
        "outcome": "ok",
        "feed": {"title": "", "link": ""},
        "entries": [],
        "skipped": [{"where": "3", "reason": "empty"}],
    }
    assert list(in_words(reply)) == ["(no title)  ", "  skipped 3: empty"]


def test_too_large_is_told() -> None:
    assert "larger than" in read_bytes(b"x" * (MAX_DOCUMENT_BYTES + 1), "x")["error"]
    assert read_path("/proc/self/mem")["outcome"] == "error"
    assert read_path(str(Path("/")))["outcome"] == "error"
