"""Noise: the compiled rules of noise.yaml, and the tests that apply them to nodes and URLs."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from selectolax.lexbor import LexborNode

from aggregator.core.errors import ConfigError
from aggregator.text.domains import registrable
from aggregator.text.urls import Globs, absolute, host, read_rules

NOISE_MAX_CHARS = 600  # a longer block is content
BLOCK_TAGS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div"),
        *("dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table"),
        *("tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    ]
)
VISIBLE_TAGS = frozenset(["img", "video", "audio", "picture", "table", "pre", "iframe", "hr"])
WHITESPACE = " \t\n\r\f\v\u00a0\u3000\u200b\ufeff\u2003\u2002\u2009"


@dataclass(frozen=True, slots=True)
class BlockRule:
    """A rule for blocks to remove: matches the complete text, anywhere or at the start or end."""

    id: str
    text: re.Pattern[str]
    at: str = "any"
    linked: bool = False
    line: bool = False  # also matches the last lines of a block, and bare text
    starts: frozenset[str] = frozenset()  # first one or two characters of a match


@dataclass(frozen=True, slots=True)
class Noise:
    """The rules of noise.yaml."""

    classes: frozenset[str]
    hiding: frozenset[str]
    ids: frozenset[str]
    share_links: Mapping[str, re.Pattern[str]]
    pixel_hosts: frozenset[str]
    pixel_words: frozenset[str]
    pixel_starts: Mapping[str, re.Pattern[str]]
    pixel_files: re.Pattern[str]
    embeds: Globs
    blocks: tuple[BlockRule, ...]
    related: re.Pattern[str]
    related_starts: frozenset[str]
    calls: re.Pattern[str]
    copyright: re.Pattern[str]


def parse_block_rule(row: dict[str, Any]) -> BlockRule:
    """Return the rule in a mapping; a ConfigError names the invalid rule."""
    at = row.get("at", "any")
    valid = not set(row) - {"id", "text", "at", "linked", "line", "starts"} and {
        "id",
        "text",
    } <= set(row)
    if not valid or at not in {"any", "start", "end"} or (at == "any" and not row.get("starts")):
        raise ConfigError(
            f"rules/noise.yaml: block {row.get('id')!r}: id and text are required,"
            " and starts if at is any (the default); at must be start, end or any"
        )
    text = re.compile(row["text"], re.IGNORECASE | re.DOTALL)
    starts = frozenset(row.get("starts", ()))
    return BlockRule(row["id"], text, at, row.get("linked", False), row.get("line", False), starts)


def _load_noise() -> Noise:
    rules = read_rules("noise")
    return Noise(
        classes=frozenset(rules["classes"]),
        hiding=frozenset(rules["hiding"]),
        ids=frozenset(rules["ids"]),
        share_links=_compile_by_host(rules["share_links"]),
        pixel_hosts=frozenset(rules["pixel_hosts"]),
        pixel_words=frozenset(rules["pixel_words"]),
        pixel_starts=_compile_by_host(rules["pixel_starts"]),
        pixel_files=re.compile(rules["pixel_files"]),
        embeds=Globs([*rules["embeds"], *(f"*.{host}" for host in rules["embeds"])]),
        blocks=tuple(parse_block_rule(row) for row in rules["blocks"]),
        related=re.compile(rules["related"]),
        related_starts=frozenset(rules["related_starts"]),
        calls=re.compile(rules["calls"]),
        copyright=re.compile(rules["copyright"], re.DOTALL),
    )


def _compile_by_host(rules: Mapping[str, str]) -> Mapping[str, re.Pattern[str]]:
    return {host: re.compile(start) for host, start in rules.items()}


NOISE = _load_noise()
_RULES_BY_PLACE = {
    place: tuple(rule for rule in NOISE.blocks if rule.at in {place, "any"})
    for place in ("any", "start", "end")
}


def _any_of(rules: Iterable[BlockRule]) -> str:
    return "|".join(f"(?:{rule.text.pattern})" for rule in rules)


def _compile_prefilter(rules: Iterable[BlockRule]) -> re.Pattern[str]:
    """Compile one pattern for all rules, with a fast check of the first character."""
    known = [rule for rule in rules if rule.starts]
    firsts = "".join(sorted({start[0] for rule in known for start in rule.starts}))
    others = _any_of(rule for rule in rules if not rule.starts)
    pattern = rf"(?=[\d{re.escape(firsts)}])(?:{_any_of(known)})"
    return re.compile(f"{pattern}|{others}" if others else pattern, re.IGNORECASE | re.DOTALL)


_PREFILTERS = {place: _compile_prefilter(rules) for place, rules in _RULES_BY_PLACE.items()}
# A text that no rule for any place matches from its start is not noise.
_SUSPECT = re.compile(
    f"(?:{_any_of(_RULES_BY_PLACE['any'])}|{NOISE.related.pattern.removeprefix('(?i)')})",
    re.IGNORECASE | re.DOTALL,
)
_SUSPECT_STARTS = NOISE.related_starts.union(*(rule.starts for rule in _RULES_BY_PLACE["any"]))
_SUSPECT_FIRSTS = frozenset(start[0] for start in _SUSPECT_STARTS)
MEDIA_TAGS = VISIBLE_TAGS - {"hr"}
# Every copyright notice has one of these near its start. Alternatives are faster than a set.
_COPYRIGHT_HINT = re.compile(r"©|权|權|载|載|\([cC]\)|未[经經]|opyright|COPYRIGHT|ights|RIGHTS")
_COPYRIGHT_HINT_CHARS = 80
_HAN_SPACE = re.compile(r" (?<=[\u4e00-\u9fff，。] )(?=[\u4e00-\u9fff，。])")
_HEADING_TAGS = frozenset(["h2", "h3", "h4", "h5", "h6", "strong", "b", "p", "div", "span"])
_PICTURE = re.compile(r"\.(?:gif|png|jpe?g|webp|avif)$", re.IGNORECASE)
_PHOTO = re.compile(r"\.(?:jpe?g|webp|avif)$", re.IGNORECASE)
_HEADING_MAX_CHARS, _MAX_RELATED_LISTS = 60, 20
# Elements in which the words of an advert can be content, such as a list or a heading.
NEVER_ADVERT_TAGS = frozenset(
    [
        *("caption", "dd", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6"),
        *("li", "ol", "pre", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    ]
)


def is_share_link(url: str) -> bool:
    """Whether a URL is a share link."""
    start = _share_pattern(host(url))
    return start is not None and bool(start.match(_path_and_query(url)))


def is_tracking_pixel(url: str) -> bool:
    """Whether an image looks like a tracking pixel, by its URL alone."""
    return tracker_evidence(url) > 0


def tracker_evidence(url: str) -> int:
    """Return how strongly an image URL suggests a tracker: 0 not at all, 1 by name, 2 clearly."""
    name = host(url)
    if not name:
        return 0
    start = _pixel_pattern(name)
    if _is_tracker_host(name) or (start is not None and start.match(_path_and_query(url))):
        return 2
    file = _file_name(url)
    if NOISE.pixel_files.match(file):
        return 1 if _PICTURE.search(file) else 2
    return int(name.partition(".")[0] in NOISE.pixel_words and not _PHOTO.search(file))


@lru_cache(maxsize=4096)
def _share_pattern(name: str) -> re.Pattern[str] | None:
    return _pattern_for_host(NOISE.share_links, name)


@lru_cache(maxsize=4096)
def _pixel_pattern(name: str) -> re.Pattern[str] | None:
    return _pattern_for_host(NOISE.pixel_starts, name)


def _pattern_for_host(starts: Mapping[str, re.Pattern[str]], name: str) -> re.Pattern[str] | None:
    return next((start for one in _host_and_parents(name) if (start := starts.get(one))), None)


@lru_cache(maxsize=4096)
def _is_tracker_host(name: str) -> bool:
    """Whether all images of a host are trackers."""
    return any(one in NOISE.pixel_hosts for one in _host_and_parents(name))


def _host_and_parents(name: str) -> Iterator[str]:
    """Yield a host and its parent domains: `a.b.example`, `b.example`."""
    while "." in name:
        yield name
        name = name.partition(".")[2]


def _file_name(url: str) -> str:
    """Return the last path segment of a URL, with the query."""
    path, mark, query = url.partition("?")
    return path.rpartition("/")[2] + mark + query


def _path_and_query(url: str) -> str:
    """Return the path and query of a URL."""
    return "/" + url.split("/", 3)[3] if url.count("/") > 2 else "/"


def collapse(text: str) -> str:
    """Return the text with white space collapsed."""
    return " ".join(text.split())


def block_rule(block: LexborNode, text: str, place: str = "any") -> str:
    """Return the id of the rule that matches the complete text of a block; '' if none."""
    if (
        not text
        or len(text) > NOISE_MAX_CHARS
        or not matches_any_rule(text, place)
        or contains_any(block, MEDIA_TAGS)
    ):
        return ""
    for rule in _RULES_BY_PLACE[place]:
        if rule.text.fullmatch(text) and (not rule.linked or is_mostly_links(block, text, 6)):
            return rule.id
    return ""


def matches_any_rule(text: str, place: str) -> bool:
    """Whether a rule for a place matches the complete text, whatever else the block contains."""
    return bool(_PREFILTERS[place].fullmatch(text))


def is_copyright(text: str) -> bool:
    """Whether a block is a copyright notice and nothing else."""
    if len(text) > NOISE_MAX_CHARS or not _COPYRIGHT_HINT.search(text, 0, _COPYRIGHT_HINT_CHARS):
        return False
    return bool(NOISE.copyright.fullmatch(_HAN_SPACE.sub("", text)))


def may_be_noise(text: str) -> bool:
    """Whether the text of a block starts like noise that may be anywhere; a fast prefilter."""
    first = text[:1].lower()
    if first not in _SUSPECT_FIRSTS and not first.isspace():  # the usual case
        return False
    start = text.lstrip()[:2].lower()
    if start in _SUSPECT_STARTS or start[:1] in _SUSPECT_STARTS:
        return bool(_SUSPECT.match(collapse(text)))
    return False


def noise_rule(block: LexborNode, text: str, base: str) -> str:
    """Return the id of the rule by which a block is noise anywhere; '' if it is content."""
    found = "" if block.tag in NEVER_ADVERT_TAGS else block_rule(block, text)
    return found or _related_rule(block, text, base)


def is_mostly_links(block: LexborNode, text: str, tenths: int) -> bool:
    """Whether at least `tenths` tenths of the text of a block are in links."""
    links = (node for node in block.traverse() if node.tag == "a")
    linked = sum(len(collapse(link.text_lexbor())) for link in links)
    return linked * 10 >= len(text) * tenths


def _related_rule(block: LexborNode, text: str, base: str) -> str:
    """Return `related` if a block is a heading of related entries followed by links only; else ''."""
    match = NOISE.related.match(text)
    if match is None or match.end() == len(text):
        return ""
    heading = leading_element(block)
    if match[0][-1] not in ":：":
        # Without a colon the heading must be a separate element.
        if heading is None or heading.tag not in _HEADING_TAGS:
            return ""
        if not NOISE.related.fullmatch(collapse(heading.text_lexbor())):
            return ""
    rest = text[match.end() :].strip(WHITESPACE + ":：")
    if not rest or not is_mostly_links(block, rest, 8) or links_offsite([block], base):
        return ""
    return "related"


def links_offsite(blocks: Iterable[LexborNode], base: str) -> bool:
    """Whether more than half of the links in blocks point to other sites than the publisher's."""
    links = [node for block in blocks for node in block.traverse() if node.tag == "a"]
    names = [host(absolute(base, link.attributes.get("href") or "")) for link in links]
    sites = [registrable(name) for name in names if name]
    own = registrable(host(base)) or (sites[0] if len(set(sites)) == 1 else "")
    return sum(site != own for site in sites) * 2 > len(links)


def related_lists_after(block: LexborNode, text: str, base: str) -> list[LexborNode]:
    """Return the link lists after a block that is a heading of related entries."""
    found: list[LexborNode] = []
    if len(text) > _HEADING_MAX_CHARS or not NOISE.related.fullmatch(text):
        return found
    after = block.next
    while after is not None and len(found) < _MAX_RELATED_LISTS:
        if not is_blank(after):
            listed = collapse(after.text_lexbor()) if after.tag in {"ul", "ol", "p", "div"} else ""
            if not listed or not is_mostly_links(after, listed, 8):
                break
            found.append(after)
        after = after.next
    return [] if links_offsite(found, base) else found


def contains_any(node: LexborNode, tags: frozenset[str]) -> bool:
    """Whether a node contains one of these elements; faster than a selector."""
    for one in node.traverse():  # noqa: SIM110  faster than any()
        if one.tag in tags:
            return True
    return False


def is_call_to_action(link: LexborNode) -> bool:
    """Whether a link is only a call to action, such as `Read more`."""
    text = collapse(link.text_lexbor())
    return (
        len(text) <= 160
        and bool(NOISE.calls.fullmatch(text))
        and not contains_any(link, MEDIA_TAGS)
    )


def ends_block(node: LexborNode) -> bool:
    """Whether nothing visible follows a node in its block."""
    while True:
        after = node.next
        while after is not None and is_blank(after):
            if after.tag == "br":
                return True
            after = after.next
        parent = node.parent
        if after is not None or parent is None:
            return after is not None and after.tag in BLOCK_TAGS
        if parent.tag in BLOCK_TAGS:
            return True
        node = parent


def first_visible(parent: LexborNode) -> LexborNode | None:
    """Return the first visible child."""
    child = parent.first_child
    while child is not None and is_blank(child):
        child = child.next
    return child


def last_visible(parent: LexborNode) -> LexborNode | None:
    """Return the last visible child."""
    child = parent.last_child
    while child is not None and is_blank(child):
        child = child.prev
    return child


def is_blank(node: LexborNode) -> bool:
    """Whether a node is invisible: blank text, a comment, a line break, an empty element."""
    tag = node.tag
    if tag == "-text":
        text = node.text_content
        return not text or text.isspace()
    if tag in {"br", "-comment", "wbr"}:
        return True
    if tag in VISIBLE_TAGS:
        return tag == "hr"
    child = node.first_child
    while child is not None and is_blank(child):
        child = child.next
    return child is None


def leading_element(parent: LexborNode) -> LexborNode | None:
    """Return the first visible child if it is an element."""
    child = first_visible(parent)
    return child if child is not None and child.tag != "-text" else None
