"""Addresses that were written without their scheme."""

import re

# A host without a scheme, and what may look like one: a file whose name begins with www.
_BARE = re.compile(
    r"www\d?(?:\.[^\W_](?:[\w-]{0,62}))+\.([^\W\d_]{2,63})(?::\d{1,5})?(?=[/?#]|\Z)", re.IGNORECASE
)
_FILES = frozenset(
    "html htm xhtml php asp aspx jsp cgi xml rss json txt pdf jpg jpeg png gif webp svg css js".split()
)


def with_scheme(url: str, base: str = "") -> str:
    """Return `www.site.example/x` as the address that it is meant to be, anything else as it is.

    The scheme is that of the page it stands on.
    """
    found = _BARE.match(url)
    if not found or (found[1].lower() in _FILES and found.end() == len(url)):
        return url
    return ("http://" if base[:5].lower() == "http:" else "https://") + url
