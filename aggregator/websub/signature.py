"""Verifies X-Hub-Signature: that a hub knows the secret of a subscription."""

import hashlib
import hmac

_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})


def is_signed(content: bytes, secret: str, signature: str) -> bool:
    """Return whether the signature (`METHOD=HEX`) matches the content and the secret."""
    method, _, given = signature.strip().partition("=")
    method = method.strip().lower()
    if method not in _METHODS:
        return False
    made = hmac.new(secret.encode(), content, getattr(hashlib, method)).hexdigest()
    return hmac.compare_digest(made.encode(), given.strip().lower().encode())
