"""Permanent ids of entries, stories and feeds, derived from their names alone."""

from collections.abc import Container
from hashlib import blake2b
from uuid import UUID, uuid5

NAMESPACE = UUID("8f1f2a5e-6c0b-4f55-9d63-2b7d3a0e41c7")  # never changes: every id depends on it


def entry_key(identity: str, kind: str, value: str) -> str:
    """Return the key of an entry first seen in a source under this name; 32 hexadecimal digits.

    `kind` is what `value` is: `guid`, `link` or `fingerprint`.
    """
    name = f"{identity}\0{kind}\0{value}".encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=16).hexdigest()


def entry_id(key: str) -> str:
    """Return the published id of an entry, urn:uuid:…"""
    return uuid5(NAMESPACE, "entry" + key).urn


def story_id(founder_key: str) -> str:
    """Return the id of the story that this entry founds, urn:uuid:…"""
    return uuid5(NAMESPACE, "story" + founder_key).urn


def free_story_id(founder_key: str, taken: Container[str]) -> str:
    """Return the id of the story that this entry founds, or an alternative if that id is taken."""
    while (own := story_id(founder_key)) in taken:
        founder_key += "+"
    return own


def digest_id(feed: str, period: str) -> str:
    """Return the id of the digest of a period in the feed of this name, urn:uuid:…"""
    return uuid5(NAMESPACE, f"digest{feed}\0{period}").urn


def feed_id(name: str) -> str:
    """Return the id of the feed that we publish under this name, urn:uuid:…"""
    return uuid5(NAMESPACE, "feed" + name).urn
