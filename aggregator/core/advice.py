"""Advice for failing sources: matches an error message to a fix."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from aggregator.core.model import Source

# Pattern of an error message → what to do; the first match is used. {id}, {home}, {host}, {place}
# and {address} belong to the source; named groups of the pattern can be used too.
_FIXES: Mapping[str, str] = {
    r"lets only browsers through": (
        "ask the publisher for a URL without such a check, or follow another feed of this publisher"
    ),
    r"^401\b": (
        "add user name and password: url: https://NAME:${{PASSWORD}}@{host}…, or a token in headers:"
    ),
    r"^402\b": "the feed requires payment: put your key into url: or headers:",
    r"^403\b": (
        "the server refuses the request: try fetch.user_agent, or check whether the feed needs a"
        " key (headers:)"
    ),
    r"^404\b": (
        "there is no feed at this URL: find the new one with `aggregator sources add {home}`,"
        " then change url: and keep id:"
    ),
    r"^410\b": "the feed is gone permanently: `aggregator sources remove {id}`, or find another on {home}",
    r"^429\b|another source of this host": (
        "nothing: it is fetched again when the server allows; a longer interval: helps"
    ),
    r"^5\d\d\b": "nothing: the server has a problem; it is fetched again on schedule",
    r"^3\d\d\b|more than \d+ redirects": (
        "its redirects do not end: open {address} in a browser and copy the final URL into url:"
    ),
    r"^4\d\d\b": "the server refuses the request: open {address} in a browser and compare",
    r"links to (?P<feed>https?://[^\s,]+)": "the URL is a web page, not a feed: use url: {feed}",
    # Stored errors of earlier versions match as well.
    r"web page|the document is <|neither a feed|not a (JSON F|f)eed|no JSON Feed|nothing in it is": (
        "the URL does not return a feed: find the feed with `aggregator sources add {home}`"
    ),
    r"empty document|document is empty|dump is empty": (
        "the response is empty: open {address}; if it is empty there too, tell the publisher"
    ),
    r"cut off": "nothing: it is fetched again on schedule",
    r"fetch\.max_size": "raise fetch.max_size if the document is expected to be this large",
    r"no (?:complete response|whole answer) within|no (?:response|answer) in time": (
        "allow more time: timeout: 1m in this source"
    ),
    r"nobody could be asked|DNS lookup failed": (
        "no name server responds: check the network and /etc/resolv.conf"
    ),
    r"no such host": (
        "check the spelling of the host in url:; if it is right, the site is gone or has moved"
    ),
    r"refused: .*allow_private": "if this address is yours, allow it: fetch: {{allow_private: ['{place}']}}",
    r"no secure connection": (
        "its certificate is not trusted: check the clock of this machine and update its"
        " CA certificates (ca-certificates)"
    ),
    r"connection refused": "nothing listens there: check host and port in url:",
    r"unreachable|no connection|gave no answer|broke off": (
        "the server cannot be reached: check the network; it is fetched again on schedule"
    ),
    r"cannot read .*(?:no such file|not a directory)": "check path: of this source: there is no such file",
    r"cannot read .*permission denied": "give this user read permission: chmod u+r, or change its owner",
    r"is no file|is a directory": "path: must be a file; for a folder of dumps use kind: dump",
    r"needs a path": "add path: to this source",
    r"cannot be sent": "check headers: and url: of this source: they contain characters that HTTP does not allow",
    r"nested too deeply|cannot be read|compressed, and": (
        "the document is invalid: check {address} with `aggregator try feed FILE`, tell the publisher"
    ),
}
_OTHER = "fetch it alone for details: aggregator sources test {id}"


def find_fix(error: str, source: Source) -> str:
    """Return what to do about an error of a source."""
    from aggregator.text import urls  # noqa: PLC0415  its tables are read when first used

    parts = urlsplit(source.url)
    host = parts.netloc.rpartition("@")[2]
    port = parts.port or (443 if parts.scheme == "https" else 80)
    known = {
        "id": source.id or "ID",
        "home": f"{parts.scheme or 'https'}://{host}/",
        "host": host,
        "place": f"{parts.hostname or ''}:{port}",
        "address": urls.redact(source.url) if source.url else str(source.path),
    }
    for pattern, text in _FIXES.items():
        if found := re.search(pattern, error, re.IGNORECASE):
            return text.format_map({**known, **found.groupdict("")})
    return _OTHER.format_map(known)


def is_dns(error: str) -> bool:
    """Return whether an error means that no name server responded."""
    return "nobody could be asked" in error or "DNS lookup failed" in error
