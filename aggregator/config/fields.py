"""The types of configuration values: validation, messages and JSON schema."""

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from aggregator.config import quantities
from aggregator.core import plugins

_HOST = re.compile(r"(?:\*\.)?[\w](?:[\w-]{0,62}\.?){1,30}")
_GLOB = re.compile(r"[\w*?.\-\[\]:]{1,255}")
_ID = re.compile(r"\w[\w.\-]{0,99}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,5}")
_CLOCK_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d", re.ASCII)
_SECRET = re.compile(r"auth|cookie|token|secret|key|passw", re.IGNORECASE)
_ENCODE = "in user name and password write %40 for @, %2F for /, %3A for :, or a ${VARIABLE}"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~\-]{1,100}")


def _parsed_with(read: Callable[[str], Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        """Parse text; a bare number is passed on as text, to be rejected for its missing unit."""
        if isinstance(value, bool | int | float):
            value = str(value)
        return read(value) if isinstance(value, str) else value

    return check


def _between(read: Callable[[str], Any], least: str, most: str) -> AfterValidator:
    """Return a validator of inclusive bounds, given as they are written in the file: `1s`, `366d`."""
    bounds = read(least), read(most)

    def check(value: Any) -> Any:
        """Return the value; raise ValueError if it is out of bounds."""
        if value < bounds[0]:
            raise ValueError(f"must be at least {least}")
        if value > bounds[1]:
            raise ValueError(f"must be at most {most}")
        return value

    return AfterValidator(check)


_read_duration = BeforeValidator(_parsed_with(quantities.duration))
_show_duration = PlainSerializer(quantities.show_duration, return_type=str)
_duration = WithJsonSchema({"type": "string", "pattern": f"^{quantities.DURATION}$"})
_size = WithJsonSchema({"type": "string", "pattern": f"^{quantities.SIZE}$"})

# The serializer comes last, so that the JSON schema shows defaults as they are written: 30m.
Interval = Annotated[
    timedelta,
    _read_duration,
    _between(quantities.duration, "1s", "366d"),
    _show_duration,
    _duration,
]
Deadline = Annotated[
    timedelta, _read_duration, _between(quantities.duration, "1s", "1h"), _show_duration, _duration
]
Pause = Annotated[
    timedelta, _read_duration, _between(quantities.duration, "0s", "10m"), _show_duration, _duration
]
Age = Annotated[
    timedelta,
    _read_duration,
    _between(quantities.duration, "1s", "36500d"),
    _show_duration,
    _duration,
]
Keep = Annotated[
    timedelta,
    _read_duration,
    _between(quantities.duration, "2d", "36500d"),
    _show_duration,
    _duration,
]
Size = Annotated[
    int,
    BeforeValidator(_parsed_with(quantities.size)),
    _between(quantities.size, "1kB", "1GB"),
    PlainSerializer(quantities.show_size, return_type=str),
    _size,
]


def split_url(text: str) -> SplitResult:
    """Parse a URL; the message of the ValueError never contains the URL, which may contain secrets."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        hint = f": {_ENCODE}" if "@" in text else ""
        raise ValueError(f"is not a valid URL{hint}") from None
    if _has_unencoded_user_info(parts):
        raise ValueError(f"has an ambiguous user name or password: {_ENCODE}")
    if any(mark.isspace() or not mark.isprintable() for mark in text):
        raise ValueError("contains a space or a control character")
    return parts


def _has_unencoded_user_info(parts: SplitResult) -> bool:
    """Return whether a password seems to contain @ or /, so that part of it would become the host.

    The path of `https://host/@name` and `https://host/a@b` is one; that of `https://user:12/34@host` is not.
    """
    user, at, place = parts.netloc.rpartition("@")
    if at:
        return "@" in user
    host = parts.hostname or ""
    rest = parts._replace(scheme="", netloc="").geturl()
    return (
        ":" in place and "@" in rest.replace("/@", "") and not re.search(r"[.:]|^localhost$", host)
    )


def web_address(text: str) -> str:
    """Return an http or https URL; raise ValueError for any other text."""
    parts = split_url(text)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL that begins with http:// or https://")
    return text


def _or_empty(check: Callable[[str], str]) -> Callable[[str], str]:
    """Accept an empty text as if the key were left out: an empty variable gives one."""
    return lambda text: check(text) if text else text


def _public_url(text: str) -> str:
    parts = split_url(web_address(text))
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must have no user name, query or fragment: it is published")
    return text if text.endswith("/") else text + "/"


def store_url(text: str) -> str:
    """Return the value of `store` if it names a database that can be used."""
    if text == "sqlite":
        return text
    if text.startswith(("postgresql://", "postgresql+psycopg://")):
        split_url(text)
        return text
    raise ValueError("must be sqlite or a URL that begins with postgresql://")


def allowance(text: str) -> str:
    """Return an IP address, a network or a host name, each with an optional port."""
    match = re.fullmatch(r"\[([^\]]*)\](?::([0-9]{1,5}))?|([^:]*):([0-9]{1,5})|(.*)", text.strip())
    host = next((part for part in (match[1], match[3], match[5]) if part), "") if match else ""
    port = int((match[2] or match[4] or 1) if match else 0)
    if not 0 < port < 65_536:
        raise ValueError("has a port out of range: 1 to 65535")
    if not _is_network(host) and not (_HOST.fullmatch(host) and not _is_numeric(host)):
        raise ValueError(
            "must be an IP address, a network or a host name, optionally with a port:"
            " 127.0.0.1:8801, 10.0.0.0/8, [fd00::1]:80, feeds.home.arpa, *.lan"
        )
    return text.strip()


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_numeric(text: str) -> bool:
    """Return whether a host name is a mistyped IP address: its last label is a number."""
    return text.rstrip(".").rpartition(".")[2].isdigit()


def glob(text: str) -> str:
    """Return a host name in lower case; `*` matches any part of it."""
    if not _GLOB.fullmatch(text):
        raise ValueError("must be a host name; * matches any part: img.example.org, *.example.org")
    return text.lower()


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(
            "must be letters, digits, - _ and . (at most 100), starting with a letter or digit"
        )
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("becomes a file name: use Latin letters, digits, - _ and . (at most 64)")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("must be a language tag: zh, zh-Hant, en-GB")
    return text


def _clock_time(text: str) -> str:
    """Check a time of day."""
    if not _CLOCK_TIME.fullmatch(text):
        raise ValueError("is not a time of day: write for example 07:00")
    return text


def _timezone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = plugins.did_you_mean(text, zoneinfo.available_timezones())
        raise ValueError(f"is not a time zone: write for example Asia/Shanghai{near}") from None
    return text


def _headers(values: dict[str, str]) -> dict[str, str]:
    for name, value in values.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError("contains an invalid header name: use letters, digits and -")
        if not value.isprintable():
            raise ValueError(f"contains a control character in {name}")
        if not value.strip() and _SECRET.search(name):
            raise ValueError(f"contains an empty {name}: set it, or leave the header out")
        if name.lower() in ("host", "content-length", "transfer-encoding", "connection"):
            raise ValueError(f"must not contain {name}: the HTTP client sets it")
    return values


def regex(text: str) -> str:
    """Return the text of a valid regular expression; raise ValueError otherwise."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


def _selector(text: str) -> str:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError  # noqa: PLC0415  slow to import

    try:
        LexborHTMLParser("<p>").css(text)
    except (SelectolaxError, ValueError):
        raise ValueError(
            "is not a CSS selector: write for example .newsletter, #related or p[data-ad]"
        ) from None
    return text


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError("is an empty word: it would match everything")
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        regex(text[1:-1])
    return text


def _secret(text: str) -> str:
    if not text:
        raise ValueError("is empty: set it, or leave the key out to make the feed public")
    if not re.fullmatch(r"[A-Za-z0-9._~\-]{16,200}", text):
        raise ValueError("must be 16 to 200 letters, digits, - . _ or ~: it is part of a URL")
    return text


def plugin(package: str) -> Callable[[str], str]:
    """Return a validator for the names of the plug-ins of a package."""

    def check(text: str) -> str:
        """Return the name; raise ValueError if there is no such plug-in."""
        known = plugins.names(package)
        if text not in known:
            raise ValueError(f"unknown {text!r}{plugins.did_you_mean(text, known)}")
        return text

    return check


Text = Annotated[str, Field(max_length=1000)]
Regex = Annotated[str, Field(max_length=1000), AfterValidator(regex)]
Selector = Annotated[str, Field(max_length=1000), AfterValidator(_selector)]
Secret = Annotated[str, AfterValidator(_secret)]
Word = Annotated[str, Field(max_length=1000), AfterValidator(_word)]
WebAddress = Annotated[str, Field(max_length=4000), AfterValidator(_or_empty(web_address))]
Address = Annotated[str, Field(max_length=4000)]
PublicUrl = Annotated[str, Field(max_length=1000), AfterValidator(_public_url)]
StoreUrl = Annotated[str, Field(max_length=1000), AfterValidator(store_url)]
Allowance = Annotated[str, Field(max_length=300), AfterValidator(allowance)]
HostGlob = Annotated[str, AfterValidator(glob)]
Id = Annotated[str, AfterValidator(_id)]
Name = Annotated[str, AfterValidator(_name)]
Language = Annotated[str, AfterValidator(_or_empty(_language))]
ClockTime = Annotated[str, AfterValidator(_clock_time)]
TimeZone = Annotated[str, AfterValidator(_or_empty(_timezone))]
Headers = Annotated[dict[str, str], AfterValidator(_headers)]
Kind = Annotated[str, AfterValidator(plugin("aggregator.gather.fetchers"))]
Format = Annotated[str, AfterValidator(plugin("aggregator.publish.renderers"))]
