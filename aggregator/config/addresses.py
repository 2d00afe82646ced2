"""How a source that has no id of its own gets one from its address.

The id is the readable part of the address as it stands in the configuration, before environment
variables are put in, and eight digits of its hash: `https://example.org/news/feed.xml` gives
`example.org-news-feed.xml-` and the digits. A user name and password take no part, nor does the
query in the readable part, so no secret gets into an id and a new password changes none.
"""

import hashlib
import re

_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*://)[^/?#]*@")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://(?:www\.)?")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_SLUG = 48  # characters of the readable part


def source_id(written: str) -> str:
    """Return the id of an address or path as written: stable, at most 57 characters."""
    known = _USER.sub(r"\1", written.strip())
    place = re.split(r"[?#]", _SCHEME.sub("", known), maxsplit=1)[0]
    words = re.findall(r"[\w.]+", _VARIABLE.sub("", place).lower())
    slug = "-".join(word.strip(".") for word in words if word.strip("."))[:_SLUG].strip("-.")
    digits = hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug}-{digits}" if slug else digits
