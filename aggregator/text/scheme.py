"""Adds the scheme to URLs that were written without one."""

import re

# A host without a scheme. The suffixes below exclude files whose names begin with www.
_BARE_HOST = re.compile(
    r"www\d?(?:\.[^\W_](?:[\w-]{0,62}))+\.([^\W\d_]{2,63})(?::\d{1,5})?(?=[/?#]|\Z)", re.IGNORECASE
)
_FILE_SUFFIXES = frozenset(
    "html htm xhtml php asp aspx jsp cgi xml rss json txt pdf jpg jpeg png gif webp svg css js".split()
)


def with_scheme(url: str, base: str = "") -> str:
    """Add a scheme to a URL such as `www.site.example/x`; other text is returned unchanged.

    The scheme is that of the page at `base`.
    """
    found = _BARE_HOST.match(url)
    if not found or (found[1].lower() in _FILE_SUFFIXES and found.end() == len(url)):
        return url
    return ("http://" if base[:5].lower() == "http:" else "https://") + url
