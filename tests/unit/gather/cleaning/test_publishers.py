"""The publishers of the entries of a document."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.model import FeedInfo, RawEntry, Source
from aggregator.gather.cleaning import clean, document_domain
from aggregator.gather.cleaning.publishers import common_domain, publisher_of

PAPER = FeedInfo(id="https://paper.example/feed", title="Paper", link="https://www.paper.example/")
SOURCE = Source(id="paper-world", url="https://feeds.paper.example/world.xml")
AWAY = Source(id="away", url="https://feeds.elsewhere.example/1")


def links(**count: int) -> list[str]:
    """Return the given number of links to each domain."""
    return [
        f"https://{'www.' if n % 2 else ''}{name}.example/{n}"
        for name, many in count.items()
        for n in range(many)
    ]


@pytest.mark.parametrize(
    ("linked", "homes", "wanted"),
    [
        pytest.param(links(paper=1), ["https://paper.example/"], "paper.example", id="its own, one entry"),
        pytest.param(links(paper=6, other=4), ["https://paper.example/"], "paper.example", id="a few foreign ones"),
        pytest.param(links(paper=5, other=5), ["https://paper.example/"], "", id="half is not most"),
        pytest.param(links(paper=1, b=1, c=1, d=1), ["https://paper.example/"], "", id="a link blog"),
        pytest.param(links(b=1), ["https://paper.example/"], "", id="one entry of a link blog"),
        pytest.param(links(b=2), ["https://paper.example/"], "", id="two are few"),
        pytest.param(links(b=3), ["https://paper.example/"], "b.example", id="a feed that is served elsewhere"),
        pytest.param(links(b=9, c=2), ["https://paper.example/"], "b.example", id="nearly all"),
        pytest.param(links(b=6, c=4), ["https://paper.example/"], "", id="a planet with a busy member"),
        pytest.param(links(), ["https://paper.example/"], "", id="nothing"),
        pytest.param(["", ""], ["https://paper.example/"], "", id="no links"),
        pytest.param(["https://www.youtube.com/watch?v=1"] * 5, ["https://www.youtube.com/c/x"], "", id="a platform"),
        pytest.param(["https://medium.com/@a/1"] * 5, ["https://medium.com/@a"], "", id="the root of a platform"),
        pytest.param(["https://a.github.io/1"] * 5, ["https://a.github.io/"], "a.github.io", id="a customer of one"),
        pytest.param(["http://127.0.0.1:8000/1"] * 5, ["http://127.0.0.1:8000/"], "", id="an address"),
        pytest.param(["http://nas/1"] * 5, ["http://nas/"], "", id="a name without a dot"),
        pytest.param(["https://a.co.uk/1", "https://b.co.uk/1"] * 2, ["https://a.co.uk/"], "", id="a shared suffix"),
    ],
)  # fmt: skip
def test_common_domain(linked: list[str], homes: list[str], wanted: str) -> None:
    assert common_domain(linked, homes) == wanted


@given(st.lists(st.sampled_from(links(a=3, b=3, c=3)), max_size=12).flatmap(
    lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))
))  # fmt: skip
def test_the_order_of_a_document_decides_nothing(drawn: tuple[list[str], list[str]]) -> None:
    homes = ("https://a.example/",)
    assert common_domain(drawn[0], homes) == common_domain(drawn[1], homes)


@given(st.integers(1, 40), st.integers(0, 40))
def test_a_feeds_own_domain_holds_while_most_link_to_it(own: int, foreign: int) -> None:
    linked = [*links(paper=own), *(f"https://site{n}.example/" for n in range(foreign))]
    found = common_domain(linked, ("https://paper.example/",))
    assert found == ("paper.example" if own > foreign else "")


def raws(*addresses: str) -> list[RawEntry]:
    """Return entries with these links."""
    return [RawEntry(where=str(n), link=link, title="T") for n, link in enumerate(addresses)]


def test_a_document_is_read_as_its_entries_are() -> None:
    relative = raws("/1", "/2?utm_source=x", "https://other.example/3")
    assert document_domain(relative, PAPER, SOURCE) == "paper.example"
    assert document_domain(relative, PAPER, replace(SOURCE, kind="dump")) == ""


OWN = FeedInfo(title="Own", link="https://own.example/")


@pytest.mark.parametrize(
    ("own", "source", "domain", "wanted"),
    [
        pytest.param(None, SOURCE, "paper.example", ("paper.example", "Paper"), id="the domain"),
        pytest.param(None, replace(SOURCE, title="World"), "paper.example", ("paper.example", "World"), id="named by us"),
        pytest.param(OWN, SOURCE, "paper.example", ("own.example", "Own"), id="its own element goes before"),
        pytest.param(None, AWAY, "", ("away", "Paper"), id="else the source"),
        pytest.param(None, replace(AWAY, publisher="paper.example"), "", ("paper.example", "Paper"), id="a domain is configured"),
        pytest.param(None, replace(AWAY, publisher="https://www.Paper.example/x"), "", ("paper.example", "Paper"), id="an address"),
        pytest.param(None, replace(AWAY, publisher="The Paper"), "x.example", ("the paper", "The Paper"), id="a name"),
        pytest.param(None, replace(AWAY, publisher="The Paper", title="World"), "", ("the paper", "World"), id="a name, and a title"),
        pytest.param(OWN, replace(AWAY, publisher="paper.example"), "", ("paper.example", "Paper"), id="configured goes before all"),
        pytest.param(None, replace(AWAY, kind="dump", publisher="P"), "", ("p", "P"), id="of dumps too"),
        pytest.param(FeedInfo(title="DW", link="https://www.youtube.com/c/dw"), SOURCE, "", ("dw", "DW"), id="own, on a platform"),
        pytest.param(FeedInfo(link="http://127.0.0.1/"), SOURCE, "", ("127.0.0.1", "127.0.0.1"), id="own, an address alone"),
        pytest.param(FeedInfo(id="tag:x"), SOURCE, "", ("tag:x", ""), id="own, an id alone"),
    ],
)  # fmt: skip
def test_publisher_of(
    own: FeedInfo | None, source: Source, domain: str, wanted: tuple[str, str]
) -> None:
    link = "https://anything.example/1"
    publisher = publisher_of(own, PAPER, source, link=link, domain=domain)
    assert (publisher.id, publisher.title) == wanted
    assert publisher.stated is (own is not None and not source.publisher)


def test_what_was_learned_under_the_source_still_counts() -> None:
    text = (
        "<p>A first paragraph with enough words in it to count.</p>"
        "<p>And a second one that is about as long as the first.</p>"
    )
    raw = RawEntry(where="1", link="https://paper.example/1", title="T", content=text)
    block = clean(raw, PAPER, SOURCE).blocks[1]
    for known in ("paper.example", "paper-world"):
        learned = {known: frozenset({block})}
        entry = clean(raw, PAPER, SOURCE, boilerplate=learned, domain="paper.example")
        assert "second one" not in entry.text
