"""The guard: decides which addresses may be connected to, from the blocked ranges and `allow_private`."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from aggregator.core.errors import ConfigError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Blocked by default: every range that the IANA special-purpose registries do not list as
# globally reachable, and the addresses of cloud metadata services outside them.
_BLOCKED = {
    "0.0.0.0/8": "an address of this network",
    "10.0.0.0/8": "a private address",
    "100.64.0.0/10": "an address for carrier-grade NAT",
    "127.0.0.0/8": "a loopback address",
    "168.63.129.16/32": "an address of a cloud metadata service",
    "169.254.0.0/16": "a link-local address",
    "172.16.0.0/12": "a private address",
    "192.0.0.0/24": "a reserved address",
    "192.0.2.0/24": "an address for documentation",
    "192.88.99.0/24": "an address of 6to4 relays",
    "192.168.0.0/16": "a private address",
    "198.18.0.0/15": "an address for benchmarks",
    "198.51.100.0/24": "an address for documentation",
    "203.0.113.0/24": "an address for documentation",
    "224.0.0.0/4": "a multicast address",
    "240.0.0.0/4": "a reserved address",
    "::/128": "the unspecified address",
    "::1/128": "a loopback address",
    "2001::/32": "a Teredo address",
    "2001::/23": "a reserved address",
    "2001:db8::/32": "an address for documentation",
    "2002::/16": "a 6to4 address",
    "3fff::/20": "an address for documentation",
    "fc00::/7": "a private address",
    "fe80::/10": "a link-local address",
    "fec0::/10": "a private address",
    "ff00::/8": "a multicast address",
}
_GLOBAL = IPv6Network("2000::/3")  # the only range of global unicast IPv6 addresses
_NAT64 = IPv6Network("64:ff9b::/96")
_INTERNAL_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa")


@cache
def _blocked() -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(block), why) for block, why in _BLOCKED.items())


def unwrap(address: Address) -> Address:
    """Return the IPv4 address in an IPv4-mapped or NAT64 address; other addresses unchanged."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def why_blocked(address: Address) -> str:
    """Return the kind of a blocked address; empty for a public one."""
    real = unwrap(address)
    for block, why in _blocked():
        if real in block:
            return why
    if isinstance(real, IPv6Address) and real not in _GLOBAL:
        return "a reserved address"
    return ""


def is_internal_name(host: str) -> bool:
    """Return whether a name exists only in internal networks."""
    name = host.rstrip(".").lower()
    return any(name == internal or name.endswith(f".{internal}") for internal in _INTERNAL_NAMES)


def literal(host: str) -> Address | None:
    """Parse a host as an IP address, in any notation that the system accepts; None if it is a name."""
    text = host.strip("[]").rstrip(".").partition("%")[0]
    try:
        return ip_address(text)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(text))  # 127.1, 0x7f000002, 2130706434, 0177.0.0.2
    except (OSError, ValueError, UnicodeError):
        return None


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of `allow_private`: a network or a name, for one port, or for all (0)."""

    target: Network | str
    port: int

    def covers(self, name: str, address: Address | None, port: int) -> bool:
        """Return whether the rule allows this name, address and port."""
        if self.port not in {0, port}:
            return False
        if isinstance(self.target, str):
            suffix = self.target.removeprefix("*")
            return name.endswith(suffix) if suffix != self.target else self.target == name
        return address is not None and address in self.target


class Allowed:
    """The private addresses that the user allowed: `127.0.0.1:8801`, `10.0.0.0/8`, `nas.lan:80`, `*.lan`."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._rules = tuple(_rule(line) for line in lines)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def covers(self, host: str, address: Address | None, port: int) -> bool:
        """Return whether a rule allows the connection, whether the address is blocked or not."""
        name = host.rstrip(".").lower()
        real = None if address is None else unwrap(address)
        return any(rule.covers(name, real, port) for rule in self._rules)


def refusal(host: str, address: Address, port: int, allowed: Allowed) -> str:
    """Return why a connection is refused; empty if it is allowed."""
    if allowed.covers(host, address, port):
        return ""
    if is_internal_name(host):
        return f"{shown(host)} is a name of an internal network"
    if why := why_blocked(address):
        resolved = "" if literal(host) else f"{shown(host)} leads to "
        return f"{resolved}{unwrap(address)}, {why}"
    return ""


def shown(host: str) -> str:
    """Return a host as short ASCII text, for messages."""
    return host.encode("ascii", "backslashreplace").decode()[:100]


def _rule(line: str) -> _Rule:
    text = line.strip().lower()
    host, port = _split(text)
    try:
        return _Rule(ip_network(host.strip("[]"), strict=False), port)
    except ValueError:
        pass
    plain = host.removeprefix("*.")
    if not plain or not 0 <= port <= 65535 or set(plain) & set("/[]@:?#* "):
        raise ConfigError(
            f"{line!r} is neither an address, a network nor a name, with or without a port",
            key="fetch.allow_private",
        )
    return _Rule(host.rstrip("."), port)


def _split(text: str) -> tuple[str, int]:
    """Split off the port; the colons of a bare IPv6 address separate no port."""
    host, colon, port = text.rpartition(":")
    bare_v6 = text.count(":") > 1 and not text.startswith("[")
    if not colon or bare_v6 or text.endswith("]"):
        return text, 0
    return host, int(port) if port.isascii() and port.isdigit() and port != "0" else -1
