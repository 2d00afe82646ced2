"""Titles of texts that belong to no event: bulletins of the hour, newsletters, quizzes, opinion."""

import re
from functools import lru_cache

# Only what a title says outright. "In pictures: the flood in Harwick" and "five things to know
# about the flood" are about one event, and readers count them to it.
_TITLE = re.compile(
    r"\b(?:hourly|morning|midday|noon|evening|nightly) (?:news|bulletin|briefing|headlines|digest"
    r"|newsletter)\b"
    r"|\b(?:news|sports?|business) (?:bulletin|headlines)\b|^(?:the )?(?:headlines|papers) (?:at|on)\b"
    r"|\bnewsletter\b|\b(?:week|month|year|day) in (?:review|pictures|photos)\b"
    r"|\bphotos of the (?:day|week|month)\b|\bthings to know before\b"
    r"|\b(?:quiz|crossword|sudoku|wordle|horoscopes?)\b|\btest your knowledge\b"
    r"|\bletters to the editor\b|^(?:opinion|editorial|letters?)\s*[|:]|[|]\s*(?:opinion|editorial)$"
    # A title that is only a time of day, the notes of a newspaper's page.
    r"|^[\d\s/:.,-]+(?:gmt|utc|bst|est|edt|cet)?$|^(?:第?\d{1,2}版\s*[-–—:：]\s*)?广告$|责编[:：]"
    r"|整点新闻|午间新闻|晚间新闻|新闻早知道|早餐[|:丨]|晨报[|:丨]|要闻(?:速览|汇总|精选)"
    r"|新闻(?:速览|摘要|精选)|星座运势|今日运势|小测验|知识问答|有奖竞猜"
    r"|一周图片|图片精选|^(?:社论|社评|时评|评论|快评|锐评|观点)[|:丨]|读者来信"
)


@lru_cache(maxsize=1 << 14)
def reports_none(title: str) -> bool:
    """Say whether a folded title is that of a text which belongs to no event."""
    return _TITLE.search(title) is not None
