"""robots.txt by RFC 9309: groups, the longest match, wildcards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.gather.articles.robots_rules import product, read_rules
from tests.waiting import cpu_time

SITE = "https://a.example"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /a", "/b/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /*?print", "/a?print=1", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /a*b*c", "/a1b2", True),
        ("User-agent: *\nDisallow: /%E6%96%B0", "/新/1", False),
        ("User-agent: *\nDisallow: /新", "/%e6%96%b0/1", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: Robot\nDisallow: /", "/a", False),
        ("User-agent: robot/2.1\nDisallow: /", "/a", False),
        ("User-agent: robots\nDisallow: /", "/a", True),
        ("User-agent: x\nUser-agent: robot\nDisallow: /", "/a", False),
        ("User-agent: robot\nDisallow: /b\n\nUser-agent: *\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /a\nUser-agent: robot\nDisallow: /b", "/a", True),
        ("User-agent: robot\nCrawl-delay: 3\nDisallow: /a # all of it", "/a", False),
        ("\ufeffuser-AGENT:*\r\ndisallow:/a", "/a", False),
        ("Disallow: /", "/a", True),
        ("<html>Disallow: /</html>", "/a", True),
    ],
)
def test_rules(text: str, path: str, allowed: bool) -> None:
    assert read_rules(text, "robot").allows(SITE + path) == allowed


def test_a_robot_is_known_by_the_first_word_of_its_user_agent() -> None:
    assert product("storyfold/0.1 (+https://x.example)") == "storyfold"
    assert product("  My-Reader 2") == "my-reader"
    assert product("(nameless)") == ""


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_is_read(text: str, path: str) -> None:
    read_rules(f"User-agent: *\n{text}\nDisallow: /{path}", "robot").allows(f"{SITE}/{path}")


def test_many_wildcards_take_no_time() -> None:
    rules = read_rules("User-agent: *\n" + f"Disallow: /{'*a' * 900}$\n" * 300, "robot")
    with cpu_time(15):
        assert rules.allows(f"{SITE}/{'a' * 800}b")
