"""The sanitizer: size limits before a tree is built, and the allow-list as the last pass."""

import re
from itertools import accumulate

import nh3

MAX_CHARS = 1_000_000  # of one fragment
MAX_DEPTH = 100  # of nested elements
_FORMATTING_TAGS = frozenset(
    (
        "a",
        "b",
        "big",
        "code",
        "em",
        "font",
        "i",
        "nobr",
        "s",
        "small",
        "strike",
        "strong",
        "tt",
        "u",
    )
)
_VOID_TAGS = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
))  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>?)")
_AMP_TAG = re.compile(r"<(/?)amp-(img|anim|video|audio|iframe)(?=[\s>/])", re.IGNORECASE)
_NAME = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*)")
_TYPICAL_DEPTH = 20
_TAG_MAX_CHARS = 60_000
_TAG_MAX_ATTRIBUTES = 120

# Invisible characters and bidi controls; U+200C and U+200D are kept, they join letters and emoji.
_INVISIBLE_CHARS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\u2061-\u2064\u202a-\u202e\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\ufdd0-\ufdef]"
)
_INVISIBLE_REFERENCES = re.compile(
    r"&(?:#0*(?:173|8203|8288|65279|823[4-8]|829[4-9]|830[0-3])"
    r"|#[xX]0*(?:[aA][dD]|200[bB]|2060|[fF][eE][fF]{2}|202[a-eA-E]|206[1-46-9a-fA-F])"
    r"|shy|ZeroWidthSpace|NoBreak|ApplyFunction|Invisible(?:Times|Comma)|af|i[tc]);"
)

_PLAIN_TAGS = (
    "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption",
    "cite", "code", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "ins", "kbd", "main",
    "mark", "nav", "p", "picture", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small",
    "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "tfoot", "thead", "tr", "tt",
    "u", "ul", "var", "wbr",
)  # fmt: skip
_ATTRIBUTES_BY_TAG: dict[str, set[str]] = {
    **{tag: set() for tag in _PLAIN_TAGS},
    "a": {"href", "hreflang"},
    "abbr": {"title"},
    "acronym": {"title"},
    "audio": {"src"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"src", "srcset", "alt", "title", "width", "height", "style"},
    "li": {"value"},
    "ol": {"start", "type", "reversed"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"src", "poster", "width", "height"},
}
ALLOWED_TAGS = frozenset(_ATTRIBUTES_BY_TAG)
_REMOVED_WITH_CONTENT = {
    "applet", "canvas", "datalist", "embed", "frame", "frameset", "head", "iframe", "math",
    "noembed", "noframes", "noscript", "object", "option", "plaintext", "script", "select", "style",
    "svg", "template", "textarea", "title", "xmp",
}  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=set(_ATTRIBUTES_BY_TAG),
    clean_content_tags=_REMOVED_WITH_CONTENT,
    attributes={
        **{tag: names for tag, names in _ATTRIBUTES_BY_TAG.items() if names},
        "*": {"lang", "dir"},
    },
    # Set by the walk: if nh3 set them, their order would differ between processes.
    tag_attribute_values={
        "img": {"referrerpolicy": {"no-referrer"}, "loading": {"lazy"}},
        "audio": {"controls": {""}, "preload": {"none"}},
        "video": {"controls": {""}, "preload": {"none"}},
    },
    filter_style_properties={
        "height",
        "width",
        "vertical-align",
    },  # of images, set by the walk
    url_schemes={"http", "https", "mailto", "tel", "magnet", "geo", "sms", "xmpp"},
    url_relative="deny",
    link_rel="noopener noreferrer",
    strip_comments=True,
)


def sanitize(html: str, *, has_no_invisible: bool = False) -> str:
    """Return the fragment with only allowed elements and attributes, valid in HTML and XML.

    `has_no_invisible` promises that it has no invisible characters or references to them.
    """
    cleaned = _CLEANER.clean(html)
    return cleaned if has_no_invisible else _INVISIBLE_CHARS.sub("", cleaned)


def remove_invisible_chars(html: str) -> str:
    """Remove invisible characters and references to them."""
    if "&" in html:
        html = _INVISIBLE_REFERENCES.sub("", html)
    return _INVISIBLE_CHARS.sub("", html) if _INVISIBLE_CHARS.search(html) else html


def limit_html(html: str) -> str:
    """Return the fragment, limited in size, depth and attributes, so that any parser can handle it."""
    if len(html) > MAX_CHARS:
        html = html[:MAX_CHARS].rpartition("<")[0]
    tags = html.count("<")
    if tags <= MAX_DEPTH or tags - html.count("</") <= MAX_DEPTH or not _is_deep(html):
        return html if len(html) <= _TAG_MAX_CHARS else _TAG.sub(_strip_long_tag, html)
    return _Flattener(len(html)).flatten(html)


def _is_deep(html: str) -> bool:
    """Whether elements may be nested deeper than in typical HTML; fast and approximate."""
    names = _NAME.findall(html)
    steps = [-1 if name[0] == "/" else name not in _VOID_TAGS for name in names]
    return max(accumulate(steps), default=0) > _TYPICAL_DEPTH


def replace_amp_tags(html: str) -> str:
    """Replace AMP elements with the HTML elements that they stand for."""
    return _AMP_TAG.sub(_amp_name, html) if "amp-" in html else html


def _amp_name(match: re.Match[str]) -> str:
    return f"<{match[1]}{'img' if match[2].lower() == 'anim' else match[2]}"


def _strip_long_tag(match: re.Match[str]) -> str:
    rest = match[3]
    if len(rest) > _TAG_MAX_CHARS or rest.count("=") > _TAG_MAX_ATTRIBUTES:
        return f"<{match[1]}{match[2]}>"
    return match[0]


class _Flattener:
    """Removes the tags that would nest too many elements."""

    def __init__(self, size: int) -> None:
        self._depth = self._formatting = self._dropped = 0
        # A parser reopens unclosed formatting in every block, so long HTML may nest less of it.
        self._most_formatting = max(4, min(24, 2_000_000 // max(size, 1)))

    def flatten(self, html: str) -> str:
        """Return the fragment without the tags that nest too deep."""
        return _TAG.sub(self._keep, html)

    def _keep(self, match: re.Match[str]) -> str:
        name = match[2].lower()
        if name in _VOID_TAGS:
            return _strip_long_tag(match)
        if match[1]:
            return self._close(name, match[0])
        formatting = name in _FORMATTING_TAGS
        if self._depth >= MAX_DEPTH or (formatting and self._formatting >= self._most_formatting):
            self._dropped += 1
            return ""
        self._depth += 1
        self._formatting += formatting
        return _strip_long_tag(match)

    def _close(self, name: str, tag: str) -> str:
        if self._dropped:
            self._dropped -= 1
            return ""
        self._depth = max(0, self._depth - 1)
        if name in _FORMATTING_TAGS:
            self._formatting = max(0, self._formatting - 1)
        return tag
