"""What makes a document fit for an XML parser."""

import pytest

from aggregator.gather.parsers import _repair

HEADS = [
    (b"<rss/>", b"<rss/>"),
    (b"\n\n <?xml version='1.0'?>\n<rss/>", b"<rss/>"),
    (b"<?xml version='1.0'?><?xml-stylesheet href='x'?><!-- c --><rss/>", b"<rss/>"),
    (b"<!DOCTYPE rss><rss/>", b"<rss/>"),
    (b"<!doctype rss SYSTEM 'x' [<!ENTITY a 'b>'> ] ><rss/>", b"<rss/>"),
    (b"<!DOCTYPE rss [<!ENTITY a 'b'>]", b""),
    (b"<!DOCTYPE rss", b""),
    (b"words before <rss/>", b"<rss/>"),
    (b"words", b"words"),
    (b"<!-- open", b"<!-- open"),
]


@pytest.mark.parametrize(("content", "rest"), HEADS)
def test_strip_head(content: bytes, rest: bytes) -> None:
    assert _repair.strip_head(content) == rest


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"<rdf:RDF x='1'>", "rdf"), (b"<RSS>", "rss"), (b"words", ""), (b"<!-- <x> -->", "x")],
)
def test_root_name(content: bytes, name: str) -> None:
    assert _repair.root_name(content) == name


MENDED = [
    (b"<a>&nbsp;&eacute;&lt;&amp;&#39;&#x27;</a>", "<a>\u00a0é&lt;&amp;&#39;&#x27;</a>"),
    (b"<a>R&D & &foo; &;</a>", "<a>R&amp;D &amp; &amp;foo; &amp;;</a>"),
    (b"<a>&LT;&quot;</a>", "<a>&lt;&quot;</a>"),
    (b"<a>1 < 2 <3 </ x <! y <? z</a>", "<a>1 &lt; 2 &lt;3 &lt;/ x &lt;! y &lt;? z</a>"),
    (b"<a><![CDATA[& < &nbsp;]]>&x;</a>", "<a><![CDATA[& < &nbsp;]]>&amp;x;</a>"),
    (b"<a><!-- < & --></a>", "<a><!-- < &amp; --></a>"),
    (b"<a><![CDATA[& <", "<a><![CDATA[& <"),
    (
        b"<a><x:b y:c='1'/></a>",
        '<a xmlns:x="urn:prefix:x" xmlns:y="urn:prefix:y"><x:b y:c=\'1\'/></a>',
    ),
    (b"<a><dc:b/></a>", '<a xmlns:dc="http://purl.org/dc/elements/1.0/"><dc:b/></a>'),
    (b"<a></a><script/>", "<a></a>"),
    (b"<a><![CDATA[</a>]]></a><b/>", "<a><![CDATA[</a>]]></a>"),
    (b"<a><![CDATA[</a>", "<a><![CDATA[</a>"),
    (b"<rss><rss:item/></rss>", '<rss xmlns:rss="urn:prefix:rss"><item/></rss>'),
    (b"words", "words"),
]


@pytest.mark.parametrize(("content", "repaired"), MENDED)
def test_repair(content: bytes, repaired: str) -> None:
    assert _repair.repair(content).decode() == repaired


def test_an_element_of_too_many_attributes_loses_them() -> None:
    many = b" ".join(b"a%d='1'" % number for number in range(2_000))
    assert _repair.repair(b"<r><a " + many + b"/></r>") == b"<r><a/></r>"
    assert _repair.repair(b"<r><a " + many + b"></a></r>") == b"<r><a></a></r>"
    assert len(_repair.repair(b"<r><a b='" + b"x" * 5_000 + b"'/></r>")) > 5_000


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"no reference", "no reference"),
        (b"&#0;&#8;&#31;&#127;&#55296;&#57343;&#65535;&#9999999;", ""),
        (b"&#x0;&#X1f;&#xD800;&#xfffe;&#x110000;", ""),
        (b"&#9;&#10;&#39;&#233;&#x27;&#128512;&#x1F600;&#1114111;", None),
        (b"&#146;&#x92;&#129;", "’’"),
        (b"&#195;&#169; &#195; &#226;&#128;&#166;", "é &#195; …"),
        (b"&#233;&#233;", None),
    ],
)
def test_letters(content: bytes, text: str | None) -> None:
    assert _repair.fix_references(content).decode() == (content.decode() if text is None else text)


ENDS = [
    (b"<rss><item><title>a</title></item></rss>", True, False),
    (b"<rss><item><title>a</title></rss>", True, False),
    (b"<rss><item><title>a</title><link>b</link>", True, True),
    (b"<feed><entry><title>a</title><link href='b'/><content>c", True, True),
    (b"<rss><item><title>a</title><link>b", False, True),
    (b"<rss><item><title>a", False, True),
    (b"<rss>", True, False),
]


@pytest.mark.parametrize(("content", "kept", "cut_off"), ENDS)
def test_whole_entries(content: bytes, kept: bool, cut_off: bool) -> None:
    rest, said = _repair.drop_truncated_entry(content)
    assert (rest == content, said) == (kept, cut_off)
