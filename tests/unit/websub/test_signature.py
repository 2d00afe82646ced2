"""A document is read only if the hub knows the secret."""

import hashlib
import hmac

import pytest

from aggregator.websub.signature import is_signed

SECRET, CONTENT = "between us", b"<feed/>"


def sign(method: str, secret: str = SECRET, content: bytes = CONTENT) -> str:
    """Return the signature of a content."""
    return f"{method}={hmac.new(secret.encode(), content, getattr(hashlib, method)).hexdigest()}"


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_the_methods_of_the_specification_are_known(method: str) -> None:
    given = sign(method)
    assert is_signed(CONTENT, SECRET, given)
    assert is_signed(CONTENT, SECRET, f" {given.upper()} ")
    assert not is_signed(CONTENT + b" ", SECRET, given)
    assert not is_signed(CONTENT, "other", given)
    assert not is_signed(CONTENT, SECRET, given[:-1])


@pytest.mark.parametrize(
    "given",
    [
        "",
        "=",
        "sha256",
        "sha256=",
        "sha256=é",
        sign("md5"),
        sign("sha224"),
        sign("blake2b"),
        "new=" + sign("sha256")[7:],
        sign("sha256")[7:],
        sign("sha256").replace("sha256", "sha512"),
    ],
    ids=str,
)
def test_others_are_not(given: str) -> None:
    assert not is_signed(CONTENT, SECRET, given)
