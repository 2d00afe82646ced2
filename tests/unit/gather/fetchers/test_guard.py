"""Addresses are judged by what they are, whatever they look like."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.errors import ConfigError
from aggregator.gather.fetchers._guard import (
    Allowed,
    is_internal_name,
    literal,
    refusal,
    shown,
    unwrap,
    why_blocked,
)

BLOCKED = [
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.7",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.9",
    "203.0.113.9",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "198.17.255.255",
    "223.255.255.255",
    "2600:1406::1",
    "2a00:1450:4001::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("text", BLOCKED)
def test_what_is_not_public_is_blocked(text: str) -> None:
    """No address of an inner, reserved or wrapped kind gets through."""
    assert why_blocked(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_not_blocked(text: str) -> None:
    """Ordinary hosts may be reached, behind NAT64 too."""
    assert why_blocked(ip_address(text)) == ""


@given(st.ip_addresses(v=4))
def test_wrapping_changes_nothing(address: object) -> None:
    """A mapped or NAT64 address is judged as what it wraps."""
    for form in (f"::ffff:{address}", f"64:ff9b::{address}"):
        wrapped = ip_address(form)
        assert str(unwrap(wrapped)) == str(address)
        assert why_blocked(wrapped) == why_blocked(ip_address(str(address)))


@given(st.ip_addresses())
def test_the_library_blocks_nothing_that_we_do_not(address: object) -> None:
    """What the standard library calls private is blocked here too."""
    one = ip_address(str(address))
    if not one.is_global and not (one.version == 6 and one in ip_network("64:ff9b::/96")):
        assert why_blocked(unwrap(one)) or unwrap(one).is_global


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
    ],
)
def test_addresses_are_read_in_any_notation(text: str, address: str) -> None:
    """Whatever the system's own functions take for an address is one."""
    assert str(literal(text)) == address


@pytest.mark.parametrize(
    "text", ["example.org", "", "1.2.3.4.5", "a.1", "例え.example", "127.0.0.1 x\0"]
)
def test_names_are_no_addresses(text: str) -> None:
    """A name is left to the look-up."""
    assert literal(text) is None


@pytest.mark.parametrize(
    "name",
    ["localhost", "LOCALHOST.", "a.localhost", "nas.local", "db.internal", "x.home.arpa"],
)
def test_internal_names(name: str) -> None:
    """Names of internal networks are known by their ends."""
    assert is_internal_name(name)
    assert "internal network" in refusal(name, ip_address("8.8.8.8"), 80, Allowed())


@pytest.mark.parametrize("name", ["example.org", "local.example", "internal", "notlocalhost"])
def test_other_names(name: str) -> None:
    """Names that only hold such a word are ordinary, unless they are it."""
    assert is_internal_name(name) is (name == "internal")


@pytest.mark.parametrize(
    ("rule", "host", "address", "port", "covered"),
    [
        ("127.0.0.1:8801", "127.0.0.1", "127.0.0.1", 8801, True),
        ("127.0.0.1:8801", "127.0.0.1", "127.0.0.1", 80, False),
        ("127.0.0.1:8801", "127.0.0.2", "127.0.0.2", 8801, False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 9, True),
        ("127.0.0.1", "anything.example", "::ffff:127.0.0.1", 9, True),
        ("10.0.0.0/8", "a.example", "10.9.9.9", 443, True),
        ("10.0.0.1/8", "a.example", "10.9.9.9", 443, True),
        ("10.0.0.0/8:80", "a.example", "10.9.9.9", 443, False),
        ("10.0.0.0/8", "a.example", "192.168.9.9", 443, False),
        ("nas.lan:80", "NAS.lan.", "192.168.0.9", 80, True),
        ("nas.lan:80", "nas.lan", "192.168.0.9", 81, False),
        ("NAS.lan", "nas.lan", "192.168.0.9", 81, True),
        ("nas.lan", "evil.nas.lan", "192.168.0.9", 81, False),
        ("[::1]:80", "::1", "::1", 80, True),
        ("[::1]:80", "::1", "::1", 81, False),
        ("::1", "::1", "::1", 81, True),
        ("[fd00::/8]:80", "x", "fd12::1", 80, True),
        ("fd00::/8", "x", "fd12::1", 81, True),
        ("localhost", "localhost", "127.0.0.1", 81, True),
        ("*.lan", "nas.lan", "192.168.0.9", 81, True),
        ("*.LAN", "a.NAS.lan.", "192.168.0.9", 81, True),
        ("*.lan:80", "nas.lan", "192.168.0.9", 80, True),
        ("*.lan:80", "nas.lan", "192.168.0.9", 81, False),
        ("*.lan", "lan", "192.168.0.9", 81, False),
        ("*.lan", "nas.evillan", "192.168.0.9", 81, False),
        ("*.local", "printer.local", "192.168.0.9", 631, True),
    ],
)
def test_allowances(rule: str, host: str, address: str, port: int, covered: bool) -> None:
    """An allowance is for an address, a network or a name, for one port or all."""
    allowed = Allowed([rule])
    assert allowed
    assert allowed.covers(host, ip_address(address), port) is covered
    assert (refusal(host, ip_address(address), port, allowed) == "") is covered


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "a b",
        "host:0",
        "host:x",
        "host:99999",
        "http://a",
        "a@b",
        "10.0.0.0/99",
        "[::1",
        "*",
        "*.",
        "a*b",
        "*a.lan",
    ],
)
def test_allowances_that_mean_nothing(rule: str) -> None:
    """A line that is none of these is an error of the configuration."""
    with pytest.raises(ConfigError, match="neither an address"):
        Allowed([rule])


def test_a_refusal_names_the_host_and_the_kind_of_address() -> None:
    """The user can see what happened; the text holds nothing that could hurt a terminal."""
    why = refusal("feeds.example", ip_address("10.0.0.1"), 80, Allowed())
    assert why == "feeds.example leads to 10.0.0.1, a private address"
    assert refusal("10.0.0.1", ip_address("10.0.0.1"), 80, Allowed()).startswith("10.0.0.1, a")
    assert shown("例\u202e") == r"\u4f8b\u202e"
    assert len(shown("a" * 500)) == 100
