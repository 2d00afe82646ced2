"""Finds the registrable domain of a host, by the public suffix list and a list of platforms."""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from aggregator.text.urls import read_rules

_SUFFIXES = read_rules("suffixes")
_PLATFORMS = frozenset(_SUFFIXES["platforms"])
_SHARED = frozenset(name for line in _SUFFIXES["shared"] for name in line)


@cache
def _public_suffixes() -> PublicSuffixList:
    """Load the public suffix list when it is first needed, which takes 30 ms."""
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def registrable(name: str) -> str:
    """Return the registrable domain of a host: `news.example.co.uk` → `example.co.uk`."""
    if _is_numeric(name):
        return name
    labels = name.split(".")
    for count in (3, 2):
        if ".".join(labels[-count:]) in _PLATFORMS:
            return ".".join(labels[-count - 1 :])
    return _public_suffixes().privatesuffix(name) or name


@lru_cache(maxsize=4096)
def is_shared(name: str) -> bool:
    """Return whether many publishers share this registrable domain: an IP address, a platform."""
    if _is_numeric(name) or "." not in name or name in _PLATFORMS or name in _SHARED:
        return True
    return _public_suffixes().is_public(name)


def _is_numeric(name: str) -> bool:
    return name.startswith("[") or name.replace(".", "").isdigit()
