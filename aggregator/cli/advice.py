"""What to do about a source that fails: the mend that fits the cause."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from aggregator.core.model import Source

# What an error says, in our own words, and what helps; the first that fits holds. {id}, {home}
# and {address} are those of the source, groups of the expression can be named too.
_FIXES: Mapping[str, str] = {
    r"lets only browsers through": (
        "ask the publisher for an address without such a check, or follow another feed of theirs"
    ),
    r"^401\b": (
        "write name and password: url: https://NAME:${{PASSWORD}}@{host}…, or a token in headers:"
    ),
    r"^402\b": "the feed wants to be paid for: put the key that you were given into url: or headers:",
    r"^403\b": (
        "the server refuses us: try fetch.user_agent, or look whether the feed wants a key"
        " (headers:)"
    ),
    r"^404\b": (
        "no feed is there: look for its new address with `aggregator sources add {home}`,"
        " then change url: and keep the id"
    ),
    r"^410\b": "the feed is gone for good: `aggregator sources remove {id}`, or look for another on {home}",
    r"^429\b|another source of this host": (
        "nothing: it is asked again when the server allows; a longer interval: helps"
    ),
    r"^5\d\d\b": "nothing: the server is in trouble, and is asked again on schedule",
    r"^3\d\d\b|more than \d+ redirects": (
        "its redirects lead nowhere: open {address} in a browser, and write the last address"
        " as url:"
    ),
    r"^4\d\d\b": "the server refuses the request: open {address} in a browser and compare",
    r"links to (?P<feed>https?://[^\s,]+)": "a page came in place of the feed: write url: {feed}",
    r"web page|the document is <|neither a feed|no JSON Feed|nothing in it is an entry": (
        "something else came in place of a feed: look for it with `aggregator sources add {home}`"
    ),
    r"empty document|document is empty|dump is empty": (
        "nothing came: open {address}; if it is empty there too, tell the publisher"
    ),
    r"cut off": "nothing: the whole of it is asked for again on schedule",
    r"fetch\.max_size": "raise fetch.max_size, if the document is meant to be so large",
    r"no whole answer within|no answer in time": "give it more time: timeout: 1m in this source",
    r"nobody could be asked|DNS lookup failed": (
        "no name server answers: look at the network and at /etc/resolv.conf"
    ),
    r"no such host": (
        "look whether the host's name in url: is spelt right; if it is, the site is gone or moved"
    ),
    r"refused: .*allow_private": "if it is yours, allow it: fetch: {{allow_private: ['{place}']}}",
    r"no secure connection": (
        "its certificate is not trusted: look at the clock of this machine, and update its"
        " certificates (ca-certificates)"
    ),
    r"connection refused": "nothing listens there: look at host and port in url:",
    r"unreachable|no connection|gave no answer|broke off": (
        "the server cannot be reached: look at the network; it is asked again on schedule"
    ),
    r"cannot read .*(?:no such file|not a directory)": "look at path: of this source: nothing is there",
    r"cannot read .*permission denied": "let this user read it: chmod u+r, or change its owner",
    r"is no file|is a directory": "path: must name a file; for a folder of dumps write kind: dump",
    r"needs a path": "write path: in this source",
    r"cannot be sent": "look at headers: and url: of this source: they hold what HTTP cannot carry",
    r"nested too deeply|cannot be read|compressed, and": (
        "the document is broken: look at {address} with `aggregator try feed FILE`, tell the publisher"
    ),
}
_OTHER = "ask it by itself to see more: aggregator sources test {id}"


def find_fix(error: str, source: Source) -> str:
    """Return what helps against an error of a source."""
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
    """Say whether an error means that no name server try_rules."""
    return "nobody could be asked" in error or "DNS lookup failed" in error
