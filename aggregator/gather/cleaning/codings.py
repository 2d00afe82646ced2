"""Decoders of the inner URL of a wrapper: percent, base64, hex and vendor encodings."""

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

_URL_START = re.compile(r"https?:/", re.IGNORECASE)
_ENCODED_URL_START = re.compile(r"https?(?::|%(?:25)*3a)(?:/|%(?:25)*2f)", re.IGNORECASE)
_BASE64_START = re.compile(r"(?:a1)?(?=aHR0c)")  # Bing prefixes its base64 with a1
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,3}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}", re.IGNORECASE)
_ASCII_URL = re.compile(rb"https?://[\x21-\x7e]+")
_V3_PLACEHOLDER = re.compile(r"\*(?:\*([A-Za-z0-9_-]))?")
_V3_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MAX_PERCENT_LAYERS = 5


def decode(value: str, coding: str, *, once: bool) -> str:
    """Return the URL encoded in `value`; '' if it cannot be decoded.

    With `once`, as for query values, one layer of percent-encoding is always removed. Otherwise
    it is removed only if the start of the value is percent-encoded.
    """
    if read := _DECODERS.get(coding):
        return read(value)
    return _decode_auto(value, once=once, guess=coding == "auto")


def _decode_auto(value: str, *, once: bool, guess: bool) -> str:
    text = percent_decode(value) if once or not _URL_START.match(value) else value
    for _ in range(_MAX_PERCENT_LAYERS):
        if _URL_START.match(text) or not _ENCODED_URL_START.match(text):
            break
        text = percent_decode(text)
    if guess and not _URL_START.match(text):
        if match := _BASE64_START.match(text):
            return from_base64(text[match.end() :])
        if text.lower().startswith("68747470"):
            return from_hex(text)
    return text


def percent_decode(text: str) -> str:
    """Decode one layer of percent-encoding; bytes that are not UTF-8 stay escaped."""
    if "%" not in text:
        return text
    raw = unquote_to_bytes(text)
    return raw.decode("utf-8", "surrogateescape").translate(_ESCAPES)


_ESCAPES = {0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}


def from_base64(value: str) -> str:
    """Decode base64 in either alphabet, with or without padding, even if slashes split it."""
    text = percent_decode(value)
    if not _BASE64.fullmatch(text):
        return ""
    # In the URL-safe alphabet a slash can only be a separator.
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    for candidate in (plain, text.replace("/", "").replace("-", "+").replace("_", "/").rstrip("=")):
        try:
            raw = base64.b64decode(candidate + "=" * (-len(candidate) % 4), validate=True)
            read = raw.decode("utf-8")
        except (binascii.Error, ValueError):
            continue
        if read.isprintable():
            return read
    return ""


def from_hex(value: str) -> str:
    """Decode pairs of hexadecimal digits."""
    if not _HEX.fullmatch(value):
        return ""
    return bytes.fromhex(value).decode("utf-8", "replace")


def from_dashes(value: str) -> str:
    """Decode a host written with dashes for dots and double dashes for dashes."""
    return value.replace("--", "\0").replace("-", ".").replace("\0", "-")


def from_proofpoint(value: str) -> str:
    """Decode Proofpoint URL Defense v2: `-` for `%`, `_` for `/`."""
    return percent_decode(value.replace("-", "%").replace("_", "/"))


def from_proofpoint_v3(url: str, token: str) -> str:
    """Decode URL Defense v3: `*` stands for one character of the token, `**X` for a run of them."""
    letters = iter(from_base64(token)) if token else iter(())

    def _expand(match: re.Match[str]) -> str:
        count = _V3_RUN_LENGTHS.index(match[1]) + 2 if match[1] else 1
        return "".join(next(letters, "*") for _ in range(count))

    return _V3_PLACEHOLDER.sub(_expand, url)


def from_protobuf(value: str) -> str:
    """Return the URL in a base64 protobuf message; '' if it contains only an opaque token."""
    text = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return _first_url(raw)


def _first_url(raw: bytes) -> str:
    """Return the string of field 4 (tag 0x22): a length of one or two bytes, then the URL."""
    start = raw.find(b"\x22")
    if start < 0 or start + 2 >= len(raw):
        return ""
    length, offset = raw[start + 1], start + 2
    if length >= 0x80:
        length, offset = (length & 0x7F) | raw[offset] << 7, offset + 1
    match = _ASCII_URL.fullmatch(raw[offset : offset + length])
    return match[0].decode("ascii") if match else ""


_DECODERS: dict[str, Callable[[str], str]] = {
    "base64": from_base64,
    "hex": from_hex,
    "none": str,
    "proofpoint": from_proofpoint,
    "protobuf": from_protobuf,
    "dashes": from_dashes,
}
