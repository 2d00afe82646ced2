"""Signed links by which a reader removes a report from a story."""

import hmac

_URN = "urn:uuid:"


def split_path(secret: bytes, story_id: str, entry_id: str) -> str:
    """Return path and query of the page that splits, relative to the root of the site."""
    story, entry = story_id.removeprefix(_URN), entry_id.removeprefix(_URN)
    return f"stories/{story}/split/{entry}?sig={sign(secret, story_id, entry_id)}"


def sign(secret: bytes, story_id: str, entry_id: str) -> str:
    """Return the signature that allows removing this entry from this story, and nothing else."""
    return hmac.digest(secret, f"split\n{story_id}\n{entry_id}".encode(), "sha256").hex()[:40]


def is_signed(secret: bytes, story_id: str, entry_id: str, signature: str) -> bool:
    """Verify the signature in constant time."""
    ours = sign(secret, story_id, entry_id)
    return hmac.compare_digest(ours.encode(), signature.encode("utf-8", "replace"))
