"""Recognises pages that hold no whole text: walls, consent, checks, errors, lists, empty shells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.core.model import Document
from aggregator.gather.articles.article_facts import Facts
from aggregator.gather.articles.page_source import MAX_PAGE_BYTES

_PAGE_TYPES = re.compile(r"html|xml|text/plain|octet-stream", re.IGNORECASE)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|p|div|article|meta|title)\b", re.IGNORECASE)
_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_HAN_WEIGHT = 2  # a character of Chinese says as much as two letters
_LEAST_TEXT = 280  # letters of a whole text
_LEAST_BRIEF = 100  # of one on a page that says it is an article, not shorter than the teaser
_SHORT_TEXT = 1_500  # letters below which the words of a wall count
_LEAST_GAIN = 0.8  # of the feed's text: a shorter article would be a loss
_SENTENCE = re.compile(r"[.!?…。！？](?:[\s\"'”’)」』]|$)")
_LINKED_HEADING = re.compile(r"<h[1-6]>\s*<a |<a [^>]*>\s*<h[1-6]>")

_CHECK = re.compile(
    r"just a moment|attention required|checking (?:if the site connection|your browser)|are you (?:a )?(?:human|robot)"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|enable javascript and cookies|access (?:to this page has been )?denied|captcha|ddos-guard"
    r"|安全验证|人机验证|完成验证|拖动滑块|访问异常|访问过于频繁|请输入验证码|环境异常",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue|we (?:and our (?:\d+ )?partners )?(?:use|value) (?:cookies|your privacy)|consent to (?:the use|our use)|cookie (?:consent|settings|policy)|accept all"
    r"|继续之前|使用\s*cookie|全部接受|隐私设置",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"^\W*(?:error\W*)?(?:40[0-9]|410|50[0-9])\b|page (?:not found|does(?:n.t| not) exist|unavailable)|not found$|no longer (?:available|exists)|(?:sorry|oops)\b.{0,80}(?:find|exist|wrong)"
    r"|页面(?:不存在|没有找到|未找到|已删除)|找不到(?:该|此|您)?(?:页面|网页|文章)|内容(?:已被?删除|不存在)|该(?:文章|内容|页面)(?:已|不)",
    re.IGNORECASE,
)
_WALL = re.compile(
    r"(?:subscribe|sign up|register|log ?in|sign in|join)\b[^.\n]{0,40}\bto (?:continue|keep|read|unlock|view|access)|already (?:a )?(?:subscriber|member|have an account)|(?:for|only) subscribers|subscribers? only|subscriber.only"
    r"|unlock (?:this|the full|full)|continue reading (?:this|with|the rest)|(?:article|story|content) is (?:for|reserved|only)|this is (?:a )?(?:premium|subscriber)|remaining (?:free )?articles|start your (?:free )?trial|paid subscribers"
    r"|(?:订阅|登录|注册|开通|购买|付费)[^。\n]{0,12}(?:后|即可|可以?|才能)[^。\n]{0,6}(?:阅读|查看|继续)|剩余内容|阅读全文请|付费(?:内容|阅读|文章)|会员(?:专享|专属|可见)|试读(?:结束|部分)|未完待续.{0,10}(?:下载|打开)",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"^\W*(?:log ?in|sign ?in|登录|登入|用户登录)\b", re.IGNORECASE)


def why_no_page(document: Document) -> str:
    """Return why the document cannot be a page with an article; '' if it can."""
    kind = document.content_type.partition(";")[0].strip()
    if kind and not _PAGE_TYPES.search(kind):
        return f"not a page but {kind}"
    if len(document.content) > MAX_PAGE_BYTES:
        return f"the page is larger than {MAX_PAGE_BYTES // 1_000_000} MB"
    if not _MARKUP.search(document.content[:200_000]):
        return "not an HTML page"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken from a page: its blocks and HTML; `page` is all text of the page.

    `letters` is the length of the feed's own text, `passwords` the number of fields for one.
    """

    known: Facts
    blocks: Sequence[str]
    html: str
    page: str
    letters: int = 0
    passwords: int = 0


def why_no_article(taken: Taken) -> str:
    """Return why what was taken is no whole text; '' if it is."""
    own = sum(map(weight, taken.blocks))
    checks = (_other_page, _wall, _too_little, _list)
    return next((reason for check in checks if (reason := check(taken, own))), "")


def _other_page(taken: Taken, own: int) -> str:
    """Return that a page of another kind stands in for the article; '' if none does."""
    if own >= _SHORT_TEXT:
        return ""
    title, is_tiny = taken.known.title, own < _LEAST_TEXT
    start = taken.page[:3000] if own < 2 * _LEAST_TEXT else ""
    if _CHECK.search(f"{title}\n{start}"):
        return "the server checks for browsers first"
    if _ERROR.search(title) or (is_tiny and _ERROR.search(taken.page[:1500])):
        return "the page says that the article is not there"
    if _CONSENT.search(title) or _mostly(_CONSENT, taken.blocks):
        return "the page asks for consent first"
    if _LOGIN.search(title) or (taken.passwords and is_tiny):
        return "the page asks to log in"
    return ""


def _too_little(taken: Taken, own: int) -> str:
    is_brief = taken.known.is_article and own >= max(_LEAST_BRIEF, taken.letters)
    if own < _LEAST_TEXT and not is_brief:
        return f"too little text on the page ({own} letters)"
    if own < _LEAST_GAIN * taken.letters:
        return f"the page has less text ({own} letters) than the feed ({taken.letters})"
    return ""


def weight(text: str) -> int:
    """Return the letters of a text, a character of Chinese for two."""
    plain = "".join(text.split())
    return len(plain) + (_HAN_WEIGHT - 1) * len(_HAN.findall(plain))


def _mostly(pattern: re.Pattern[str], blocks: Sequence[str]) -> bool:
    """Say whether blocks of which the pattern matches hold half of the text."""
    whole = sum(map(weight, blocks))
    return 2 * sum(weight(one) for one in blocks if pattern.search(one)) > whole > 0


def _wall(taken: Taken, own: int) -> str:
    """Return that the text is cut off by a wall; '' if it is not."""
    if own < _SHORT_TEXT and _WALL.search("\n".join(taken.blocks[-3:])):
        return "a paywall: the text ends with an offer"
    gains = own > 3 * taken.letters
    if not taken.known.is_free and not (gains and own >= _SHORT_TEXT):
        return "a paywall: the publisher marks the text as not free"
    if own < _SHORT_TEXT and _WALL.search(taken.page) and not (gains and own >= _SHORT_TEXT / 2):
        return "a paywall: the page asks for a subscription"
    return ""


def _list(taken: Taken, own: int) -> str:
    """Return that the text is a list of other pages; '' if it is not."""
    sentences = [one for one in taken.blocks if weight(one) >= 60 and _SENTENCE.search(one)]
    if sum(map(weight, sentences)) * 3 < own:
        return "a list of links, not an article"
    linked = len(_LINKED_HEADING.findall(taken.html))
    if linked >= 4 and linked * 2 >= len(sentences):
        return "a list of articles, not one article"
    return ""
