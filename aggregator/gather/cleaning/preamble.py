"""The preamble: dates, bylines and the title at the start of a body, parsed and removed."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from aggregator.gather.cleaning.noise import (
    BLOCK_TAGS,
    MEDIA_TAGS,
    VISIBLE_TAGS,
    WHITESPACE,
    collapse,
    contains_any,
    ends_block,
    first_visible,
    is_blank,
)
from aggregator.gather.cleaning.tidy import remove_with_parents

_LINE_MAX_CHARS = 240
_MAX_EXTRACTIONS = 240

_TIME = r"\d{1,2}[:：时時.]\d{2}(?:[:：分]\d{2}(?:[.,]\d{1,9})?)?秒?分?(?:\s*[ap]\.?m\.?)?"
_ZONE = r"(?:\s*(?:Z|UTC|GMT|[A-Z]{2,5}|\(?[A-Z]{2,5}\)?|(?:UTC|GMT)?[+-]\d{1,2}:?\d{0,2}|北京时间|北京時間))?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]{0,7}\.?"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?\s+)?"
_DATE = re.compile(
    r"(?:[\[(（【]?\s*)(?:(?:发布|發布|發佈|发表|發表|更新|刊发|撰写|最后更新|最後更新)?(?:日期|时间|時間|于|於)?\s*[:：]?\s*"
    r"|(?:published|posted|updated|date|last updated|first published)(?:\s+(?:on|at))?\s*:?\s*)"
    r"(?P<date>"
    rf"\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{4}}(?:\s*[-–—,]?\s*{_TIME})?{_ZONE}"
    rf"|\d{{4}}\s*[-/.]\s*\d{{1,2}}\s*[-/.]\s*\d{{1,2}}(?:[T\s]\s*{_TIME})?{_ZONE}"
    rf"|\d{{4}}\s*年\s*\d{{1,2}}\s*月\s*\d{{1,2}}\s*日?(?:\s*[(（]?(?:星期|周|週|礼拜|禮拜)[一二三四五六日天][)）]?)?"
    rf"(?:\s*(?:上午|下午|凌晨|早上|晚上|中午)?\s*{_TIME})?{_ZONE}"
    rf"|{_WEEKDAY}\d{{1,2}}(?:st|nd|rd|th)?[\s-]+{_MONTH}[\s-]+\d{{4}}(?:,?\s+(?:at\s+)?{_TIME})?{_ZONE}"
    rf"|{_WEEKDAY}{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}(?:,?\s+(?:at\s+)?{_TIME})?{_ZONE}"
    r")\s*[\])）】]?",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(.*)", re.DOTALL)
_BYLINE = re.compile(
    r"(?:by\s+|author\s*[:：]\s*|written by\s+|作\s?者\s*[:：丨|｜/／]\s*|记\s?者\s*[:：丨|｜/／]\s*|記\s?者\s*[:：]\s*"
    r"|(?:文|撰文|编译|編譯|采写|撰稿)\s*[:：丨|｜/／]\s*)(?P<names>[^.。!?！？:：]{1,80})",
    re.IGNORECASE,
)
# A word of a name: capitalised, in a script without case, or a particle.
_NAME_WORD = re.compile(
    r"[A-ZÀ-ÖØ-Þ][\w.'’·•・-]*|[^\W\da-zà-öø-ÿ_][\w.'’·•・-]*"
    r"|al|bin|da|de|del|den|der|di|do|dos|el|la|le|los|of|the|van|von|y|zu"
)
_NAME_MAX_WORDS, _NAME_MAX_CHARS = 6, 40
# Bracketed text after a name, and news desks in place of a name: `（综合报道）`.
_DESK = re.compile(
    r"\s*[（(][^()（）]{1,12}[)）]\s*$|^(?:综合报道|综合报导|綜合報導|綜合報道|本刊记者|本报记者|特约记者)$"
    r"|^(?:发自|發自)\S*$|^\S{0,12}(?:时间|時間)$|^by\s+|^(?:记者|記者|作者|文)\s+|^(?:null|undefined)\s+|\s+(?:null|undefined)$",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\s*(?:[,，、;；/／|｜&]|\band\b|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff]{2,4}(?:\s|$)))\s*"
)
_PLACEHOLDER_NAMES = frozenset(
    {
        "记者",
        "記者",
        "作者",
        "文",
        "by",
        "null",
        "none",
        "undefined",
        "nan",
        "admin",
        "unknown",
        "n/a",
        "-",
        "author",
    }
)
_BYLINE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:byline|author|authors|pub-?date|dateline|timestamp|post-meta|entry-meta)(?:$|[\s_-])",
    re.IGNORECASE,
)
# Every date or byline without markup has one of these; two patterns are faster than one.
_YEAR = re.compile(r"\d{4}")
_BYLINE_HINT = re.compile(r"by|author|written|作|记|記|文|撰|编|編|采", re.IGNORECASE)
_HEADING_TAGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_INLINE_TAGS = frozenset(["time", "i", "em", "span", "small", "font", "b", "strong"])
_TAG = re.compile(r"<[^<>\0]*>")
_SEPARATOR = "\0"  # between lines; never part of cleaned HTML
_LINE_BREAKS = re.compile(r"<br\s*/?>|</?(?:div|p|address|time|li|ul|h\d|section)(?:\s[^<>]*)?>")


@dataclass(slots=True)
class Preamble:
    """The values extracted from the start of a body."""

    dates: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def extract_preamble(
    body: LexborNode, title: str, preamble: Preamble, long_blocks: set[int]
) -> bool:
    """Extract dates, bylines and the repeated title from the start; return whether there were any.

    `long_blocks` are the ids of blocks that are too long to be preamble.
    """
    for count in range(_MAX_EXTRACTIONS):
        if not _extract_first(body, title, preamble, long_blocks):
            return count > 0
    return True


def _title_key(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _extract_first(
    parent: LexborNode, title: str, preamble: Preamble, long_blocks: set[int]
) -> bool:
    """Extract the first visible element or line if it is preamble, trying outer elements first."""
    node = first_visible(parent)
    while node is not None:
        tag = node.tag
        if tag == "-text":
            return _extract_line(node, preamble)
        if tag in VISIBLE_TAGS:
            return False
        if node.mem_id not in long_blocks:
            text = collapse(node.text_lexbor())
            if len(text) <= _LINE_MAX_CHARS and _extract_element(node, text, title, preamble):
                return True
            if tag not in BLOCK_TAGS and len(text) > _LINE_MAX_CHARS:
                return False
        node = first_visible(node)
    return False


def _extract_element(node: LexborNode, text: str, title: str, preamble: Preamble) -> bool:
    tag = node.tag or ""
    if title and tag in _HEADING_TAGS and _title_key(text) == _title_key(title):
        preamble.removed.append("title")
        remove_with_parents(node)
        return True
    if tag not in BLOCK_TAGS and tag not in _INLINE_TAGS:
        return False
    attributes = node.attributes
    classes = attributes.get("class")
    marked = tag == "address" or bool(classes and _BYLINE_CLASS.search(classes))
    if not marked and tag != "time" and not (_BYLINE_HINT.match(text) or _YEAR.search(text)):
        return False
    if contains_any(node, MEDIA_TAGS) or not (tag == "time" or _is_alone(node)):
        return False
    stamp = attributes.get("datetime") or attributes.get("pudate") or ""
    if not _parse_lines(
        _text_lines(node), preamble, marked=marked, stamp=stamp if tag == "time" else ""
    ):
        return False
    preamble.removed.append("preamble")
    remove_with_parents(node)
    return True


def _is_alone(node: LexborNode) -> bool:
    """Whether an element is a block, ends a block, or is followed by a time or an image."""
    if node.tag in BLOCK_TAGS or ends_block(node):
        return True
    after = node.next
    while after is not None and after.tag == "-text" and is_blank(after):
        after = after.next
    return after is not None and after.tag in {"time", "img", "picture"}


def _text_lines(node: LexborNode) -> list[str]:
    text = _TAG.sub("", _LINE_BREAKS.sub(_SEPARATOR, node.html or ""))
    if "&" in text:
        for entity, character in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            text = text.replace(entity, character)
    return [line for part in text.split(_SEPARATOR) if (line := collapse(part))]


def _parse_lines(lines: list[str], preamble: Preamble, *, marked: bool, stamp: str) -> bool:
    """Parse lines that must all be dates or names; names alone count only if `marked`."""
    dates: list[str] = []
    names: list[str] = []
    byline = False
    if not lines or len(lines) > 6:
        return False
    for line in lines:
        if match := _match_date(line):
            dates.append(stamp or match["date"])
        elif (match := _BYLINE.fullmatch(line)) and _are_names(match["names"]):
            byline = True
            names += split_names(match["names"])
        elif dated := _names_and_date(line):
            names += split_names(dated[0])
            dates.append(dated[1])
        elif _are_names(line):
            names += split_names(line)
        else:
            return False
    if not (dates or byline or marked):
        return False
    preamble.dates += dates
    preamble.names += [name for name in names if name not in preamble.names]
    return True


def _names_and_date(line: str) -> tuple[str, str] | None:
    """Split `names, date` or `date, names` on one line."""
    if not _YEAR.search(line):
        return None
    for match in re.finditer(r"[\s,，|｜·—-]+", line):
        before, after = line[: match.start()], line[match.end() :]
        for names, written in ((before, after), (after, before)):
            date = _match_date(written)
            if date is None:
                continue
            if byline := _BYLINE.fullmatch(names):
                names = byline["names"]  # noqa: PLW2901
            if names and _are_names(names):
                return names, date["date"]
    return None


def _match_date(line: str) -> re.Match[str] | None:
    """Match a line that is a date and nothing else."""
    return _DATE.fullmatch(line) if _YEAR.search(line) else None


def _are_names(text: str) -> bool:
    return all(_is_name(part) for part in _SPLIT.split(text))


def _is_name(text: str) -> bool:
    words = _DESK.sub("", text).strip("《》“” ").split()
    if len(text) > _NAME_MAX_CHARS or len(words) > _NAME_MAX_WORDS:
        return False
    return all(_NAME_WORD.fullmatch(word) for word in words)


def date_forms(written: str) -> tuple[str, ...]:
    """Return the possible readings of a date; if it is ambiguous, day first comes first."""
    match = _SLASHED.match(written)
    if match is None:
        return (written,)
    first, second, year, rest = match.groups()
    time = re.sub(r"^[\s,–—-]+", " ", rest)
    forms = [f"{year}-{int(second):02}-{int(first):02}{time}"] if int(second) <= 12 else []
    if int(first) <= 12:
        forms.append(f"{year}-{int(first):02}-{int(second):02}{time}")
    return tuple(dict.fromkeys(forms))


def split_names(text: str) -> list[str]:
    """Return the names of a byline without duplicates, desks and placeholders."""
    names: list[str] = []
    for part in _SPLIT.split(collapse(text)):
        name = _DESK.sub("", _DESK.sub("", part)).strip(" 《》·-—")
        if name and name.casefold() not in _PLACEHOLDER_NAMES and name not in names:
            names.append(name)
    return names


def _extract_line(node: LexborNode, preamble: Preamble) -> bool:
    """Extract a date or byline from the first line of bare text."""
    text = node.text_content or ""
    line, newline, rest = text.lstrip(WHITESPACE).partition("\n")
    if len(line) > _LINE_MAX_CHARS:
        return False
    line = collapse(line)
    match, byline = _match_date(line), _BYLINE_HINT.match(line) and _BYLINE.fullmatch(line)
    if not match and not (byline and _are_names(byline["names"])):
        return False
    if not newline and not ends_block(node):
        return False
    if match:
        preamble.dates.append(match["date"])
    elif byline:
        preamble.names += split_names(byline["names"])
    preamble.removed.append("preamble")
    if rest.strip(WHITESPACE):
        node.insert_before(rest)
    remove_with_parents(node)
    return True
