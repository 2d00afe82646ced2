"""Removes what surrounds an article on its page: menus, adverts, related links, comments."""

import re
from collections.abc import Sequence

from selectolax.lexbor import LexborNode, SelectolaxError

_GONE_TAGS = frozenset(
    "script style noscript template form nav dialog button input select textarea svg canvas object"
    " footer aside amp-ad amp-sidebar amp-consent amp-user-notification".split()
)
_GONE_ROLES = frozenset(
    "navigation complementary dialog alertdialog search contentinfo banner".split()
)
# Words in class names and ids; each must be a whole part of the name.
_WORDS = re.compile(
    r"(?:^|[\s-])(?:"
    r"comments?|disqus|replies|respond|reactions?"
    r"|related(?:-?posts?|-?articles?|-?news|-?links?)?|relatedposts|similar|recommend(?:ed|s|ation|ations)?|recirc"
    r"|recirculation|read-?next|read-?more|more-?on|more-?stories|onwards?|outbrain|taboola|also-?read|guess|hub-?peek"
    r"|rich-?link|links-?block|suggest(?:ed|ions)?"
    r"|share|shares|sharing|share-?(?:bar|buttons?|links?|tools?)|sharedaddy|addtoany|social|social-?\w+"
    r"|newsletters?|subscri(?:be|ption|ptions|ber)|subscription-?widget|sign-?up|signup|opt-?in|donate|donation|epic|contributions?"
    r"|promos?|promotions?|teasers?|cards?|carousel|sidebar|side-?bar|rail|widgets?|widget-?area"
    r"|cookies?|cookie-?\w+|consent|gdpr|cmp\d?|privacy|ads?|advert|adverts|advertisements?|adv|ad-?(?:slot|unit|container|wrapper|box)|adsbygoogle|dfp|sponsor(?:ed)?"
    r"|breadcrumbs?|crumbs?|tags?|tag-?list|tag-?cloud|keywords|categories|toolbar|tools|most-?(?:read|popular|viewed)|popular|trending|hot-?\w+|rank(?:ing)?"
    r"|pagination|pager|page-?nav|post-?navigation|prev-?next|footer|site-?footer|foot|copyright|disclaimer|post-?statement|statement"
    r"|author-?(?:bio|box|card|info)|about-?author|bio|menu|nav|navbar|navigation|masthead|top-?bar|toc|table-?of-?contents"
    r"|qr|qr-?code|editor|edit|print|feedback|poll|quiz|survey|login|modal|popup|overlay|skip-?link|screen-?reader(?:-?text)?|sr-?only|visually-?hidden"
    r"|jp-?relatedposts|wp-?block-?(?:comments|query|post-?terms)|player-?\w+"
    r")(?=$|[\s-])"
)
_KEEPS = re.compile(r"(?:^|[\s-])(?:article-?body|story-?body|entry-?content|post-?content|post-?body|main-?content|article-?content)(?=$|[\s-])")  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OUTER = frozenset({"html", "body", "article", "main", "h1", "pre", "code", "figure"})
_NAME_MAX_CHARS = 300
_LARGE_SHARE = 0.4  # of the text of the page: an element with more is not clutter
_LINK_SHARE = 0.7  # of the text of a block: one with more is a list of links
_PARAGRAPH_CHARS = 150  # a block with so much text beside its links is text
_LISTS = frozenset("ul ol dl div section td p table".split())

Weights = dict[int, tuple[int, int]]
"""For each node, by `mem_id`: the characters of its text, and of them those in links."""


def remove_clutter(body: LexborNode, strip: Sequence[str] = ()) -> None:
    """Remove the surroundings of the article from a tree in place; `strip` are selectors of the user."""
    _remove(body, {node.mem_id for selector in strip for node in select(body, selector)})
    _remove(body, {node.mem_id for node in body.traverse() if _is_gone(node)})
    weights = weigh(body)
    largest = _LARGE_SHARE * weights[body.mem_id][0]
    named = (node for node in body.traverse() if weights[node.mem_id][0] <= largest)
    _remove(body, {node.mem_id for node in named if _is_surrounding(node)})
    weights = weigh(body)
    lists = (node for node in body.traverse() if node.tag in _LISTS)
    _remove(body, {node.mem_id for node in lists if _is_list_of_links(weights[node.mem_id])})


def select(body: LexborNode, selector: str) -> list[LexborNode]:
    """Return the elements that a CSS selector matches; none if it cannot be read."""
    try:
        return body.css(selector)
    except SelectolaxError:
        return []


def weigh(body: LexborNode) -> Weights:
    """Return the length of the text of each node, and of the text of links in it."""
    nodes = list(body.traverse(include_text=True))
    weights: Weights = {}
    for node in reversed(nodes):
        length, linked = weights.get(node.mem_id, (0, 0))
        if node.tag == "-text":
            length = len("".join((node.text_content or "").split()))
        elif node.tag == "a":
            linked = length
        weights[node.mem_id] = length, linked
        if node.mem_id != body.mem_id and (parent := node.parent) is not None:
            above = weights.get(parent.mem_id, (0, 0))
            weights[parent.mem_id] = above[0] + length, above[1] + linked
    return weights


def _remove(body: LexborNode, ids: set[int]) -> None:
    """Remove nodes, inner ones first: the parser frees a node with all that is in it."""
    if ids:
        for node in reversed(list(body.traverse())):
            if node.mem_id in ids and node.mem_id != body.mem_id:
                node.decompose()


def _is_gone(node: LexborNode) -> bool:
    if node.tag in _GONE_TAGS:
        return True
    has = node.attributes
    return "hidden" in has or has.get("role") in _GONE_ROLES or has.get("aria-modal") == "true"


def _is_surrounding(node: LexborNode) -> bool:
    if node.tag in _OUTER:
        return False
    name = names(node)
    return bool(_WORDS.search(name)) and not _KEEPS.search(name)


def names(node: LexborNode) -> str:
    """Return the class names and ids of a node in lower case, their parts joined by hyphens."""
    has = node.attributes
    given = (has.get(name) for name in ("class", "id", "data-component", "data-testid"))
    joined = " ".join(one for one in given if one)[:_NAME_MAX_CHARS]
    return _CAMEL.sub("-", joined).replace("_", "-").lower()


def _is_list_of_links(weight: tuple[int, int]) -> bool:
    length, linked = weight
    return linked > _LINK_SHARE * length and length - linked < _PARAGRAPH_CHARS
