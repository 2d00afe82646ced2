"""Names that somebody registered, and those that many share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text import domains


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("news.example.org", "example.org"),
        ("example.org", "example.org"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("www.example.com.cn", "example.com.cn"),
        ("com.cn", "com.cn"),
        ("someone.github.io", "someone.github.io"),
        ("x.someone.blogspot.com", "someone.blogspot.com"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::1]", "[::1]"),
        ("localhost", "localhost"),
        ("www.web.de", "web.de"),  # a name that elsewhere is a suffix
        ("www.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn"),
        ("somebody.substack.com", "somebody.substack.com"),
        ("", ""),
    ],
)
def test_registrable(name: str, wanted: str) -> None:
    assert domains.registrable(name) == wanted


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("example.org", False),
        ("bbc.co.uk", False),
        ("someone.github.io", False),
        ("github.io", True),
        ("co.uk", True),
        ("medium.com", True),
        ("youtube.com", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("localhost", True),
        ("", True),
    ],
)
def test_names_that_many_share(name: str, shared: bool) -> None:
    assert domains.is_shared(name) is shared


@given(
    st.lists(st.sampled_from(["a", "co", "uk", "com", "jp", "ck", "github", "io"])).map(".".join)
)
def test_a_registrable_name_is_an_end_of_the_host_and_its_own(name: str) -> None:
    found = domains.registrable(name)
    assert name.endswith(found)
    assert domains.registrable(found) == found
