"""The export in the shape of dumps."""

import io
import zipfile

from aggregator.core.model import Author
from aggregator.publish.renderers import dump
from tests.builders import NOW, at, make_edition, make_publisher, make_shown, make_stored


def test_every_member_is_a_dump() -> None:
    first = make_stored(
        1,
        key="a" * 32,
        published=at(-2),
        title="One [of two]",
        link="https://example.org/a b",
        authors=(Author(name="Jane & Joe"),),
        html="<p>Text</p>",
        gathered=at(-1),
    )
    second = make_stored(2, key="b" * 32, publisher=make_publisher("新闻.example"), html="")
    edition = make_edition(make_shown(first, second))
    dumps = dict(dump.documents(edition))
    assert sorted(dumps) == [
        "example-org_aaaaaaaaaaaaaaaa.txt",
        "新闻-example_bbbbbbbbbbbbbbbb.txt",
    ]
    stamp = int(at(-1).timestamp() * 1000)
    assert dumps["example-org_aaaaaaaaaaaaaaaa.txt"].decode() == (
        f"<!--{stamp}-->\n[One [of two]](https://example.org/a%20b)\n------\n\n"
        "<address>Jane &amp; Joe</address>"
        f'<time datetime="{at(-2).isoformat()}">2026-03-02</time><p>Text</p>\n'
    )
    assert dumps["新闻-example_bbbbbbbbbbbbbbbb.txt"].startswith(
        f"<!--{int(NOW.timestamp() * 1000)}-->".encode()
    )


def test_the_zip_holds_them_all() -> None:
    edition = make_edition(make_shown(make_stored(1, publisher=make_publisher("://"))))
    with zipfile.ZipFile(io.BytesIO(dump.render(edition))) as folder:
        ((name, content),) = dump.documents(edition)
        assert folder.namelist() == [name]
        assert name.startswith("entry_")
        assert folder.read(name) == content


def test_controls_and_surrogates_stay_out() -> None:
    stored = make_stored(title="a\x00b\ud800", html="<p>x\x1by</p>\t\n")
    ((_, content),) = dump.documents(make_edition(make_shown(stored)))
    assert b"[ab" in content
    assert b"<p>xy</p>\t\n" in content
    content.decode()
