"""The text of an entry for our own pages: no media, no attributes of layout, headings that fit."""

import re

import nh3
from markupsafe import Markup, escape

from aggregator.text import fold

_MAX_CHARS = 400_000  # of HTML; longer texts are shown plain and cut
_MAX_PLAIN_CHARS = 60_000
_PLAIN_TAGS = (
    "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "dd", "del", "dfn", "dl",
    "dt", "em", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "mark", "p",
    "pre", "q", "rp", "rt", "ruby", "s", "samp", "small", "strong", "sub", "sup", "table", "tbody",
    "tfoot", "thead", "tr", "u", "ul", "var", "wbr",
)  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "hreflang"},
    "li": {"value"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "*": {"lang", "dir"},
}
_DIVISIONS = ("article", "div", "figure", "footer", "header", "main", "section")
_CLEANER = nh3.Cleaner(
    tags={*_PLAIN_TAGS, *_DIVISIONS, "a", "li", "ol", "td", "th"},
    clean_content_tags={
        "script",
        "style",
        "template",
        "title",
        "svg",
        "math",
        "noscript",
        "iframe",
    },
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)
_LANDMARK = re.compile(rf"<(/?)(?:{'|'.join(_DIVISIONS)})(?=[ >])")
_HEADING = re.compile(r"<(/?)h([1-6])(?=[ >])")
_EMPTY = re.compile(r"<(p|div|figcaption|li)>(?:\s|&nbsp;|<br>)*</\1>")
_LEVELS = {"1": "2", "2": "2", "3": "3"}


def rich_text(html: str, text: str) -> Markup:
    """Return the HTML of an entry for a page, made safe again; `text` stands for one that is too long.

    Landmarks become plain divisions, and headings come below the title of the page.
    """
    if not html or len(html) > _MAX_CHARS:
        return _paragraphs(text)
    cleaned = _LANDMARK.sub(r"<\1div", _CLEANER.clean(fold.xml_safe(html)))
    cleaned = _HEADING.sub(lambda found: f"<{found[1]}h{_LEVELS.get(found[2], '4')}", cleaned)
    return Markup(_EMPTY.sub("", cleaned))  # noqa: S704  made safe above


def _paragraphs(text: str) -> Markup:
    lines = fold.xml_safe(text[:_MAX_PLAIN_CHARS]).splitlines()
    return Markup().join(Markup("<p>{}</p>").format(escape(one)) for one in lines if one.strip())
