"""What words say about an entry beyond its subject: column marks, datelines, kinds of text, dates."""

import re
from datetime import date, timedelta
from enum import IntFlag


class Cue(IntFlag):
    """What kind of text a title promises."""

    ROUND_UP = 1
    EXPLAINER = 2
    REACTION = 4
    LIVE = 8
    MARKET = 16
    QUESTION = 32
    PREVIEW = 64
    SPEECH = 128


_CUES = (
    (
        Cue.ROUND_UP,
        re.compile(
            r"一周|本周|要闻|综述|盘点|一览|速递|速览|摘要|回顾|汇总|集锦"
            # Newspapers and a platform bear these names too: 双桥日报 told, not 双桥日报:
            r"|(?:早报|晚报|日报|周报|简报|头条)(?=$|[|:\s\d])"
            # 双桥开闸；港人队夺冠: several headlines in one.
            r"|;|新闻图|图集|\b(?:round-?up|digest|briefing|recap|headlines|in pictures|in photos"
            r"|week in|day in|top stories|newsletter|what to know|things to know|takeaways)\b"
        ),
    ),
    (
        Cue.EXPLAINER,
        re.compile(
            r"解读|分析|评论|观点|社评|社论|专访|专栏|为何|为什么|如何|怎么|怎样|什么|谁|背后|意味|深度|特写|访谈"
            r"|\b(?:opinion|analysis|explain(?:er|ed)|why|how|what|who|profile|interview|editorial)\b"
        ),
    ),
    (
        Cue.REACTION,
        re.compile(
            r"回应|批评|谴责|呼吁|抗议|反驳|警告|反对|欢迎|关切|促请|敦促|声援|反制|痛批|抨击|不满"
            r"|\b(?:react\w*|respon\w+|condemn\w*|slam\w*|urge\w*|criti\w+|welcom\w+|warn\w*|protest\w*)\b"
        ),
    ),
    (
        Cue.LIVE,
        re.compile(
            r"直播|实时|滚动|更新中|不断更新|\b(?:live|latest|updates?|as it happened|live ?blog)\b"
        ),
    ),
    (
        Cue.MARKET,
        re.compile(
            r"收盘|开盘|股市|汇市|早盘|午盘|尾盘|收涨|收跌|收高|收低|盘中|期货|指数|国债|人民币中间价|油价|金价"
            r"|\b(?:stocks?|shares|wall street|futures|dow|nasdaq|nikkei|ftse|index|yields?)\b"
        ),
    ),
    (Cue.QUESTION, re.compile(r"\?")),
    (
        Cue.PREVIEW,
        re.compile(
            r"将|拟|预计|或会|料|有望|计划|准备|即将|前夕|\b(?:will|to|set to|plans?|expected|ahead of|preview|could|may)\b"
        ),
    ),
    (Cue.SPEECH, re.compile(r"[:“\"「]|表示|称|说|\b(?:says?|said|tells?|claims?)\b")),
)

# 01版 - 双桥会见, 第A12版：双桥会见
_PAGE = r"第?[A-Z]?\d{1,2}版\s*[-－–—:：]"
_ON_PAGE = re.compile(rf"\s*{_PAGE}")
_TAG = re.compile(rf"^\s*(?:[\[【〔(（《][^\]】〕)）》]{{1,12}}[\]】〕)）》]|{_PAGE})\s*")
_TAIL = re.compile(
    r"\s*(?:[|｜丨]|\s[-–—_]\s|[（(](?:图|组图|视频|影|多图|圖|組圖|視頻)[）)]$)(?P<name>(?:(?!\s[-–—_]\s)[^|｜丨]){0,40})$"
)
# 新云社3月11日电，…
_FLASH = re.compile(r"[^\W\d_]{2,8}(?:\d{1,2}月\d{1,2}日)?(?:电|電|讯|訊|消息)[，,：:]\s*")
_MARKUP = re.compile(r"\[!--begin:\w+--\].{0,400}?\[!--end:\w+--\]\s*", re.DOTALL)
_ENDING = re.compile(r"[。！？!?.;；]['\"”’」』）)]*\s*$")
_NOTHING_MORE = 40  # characters after a repeated title that are a publisher's name
_COLUMN = re.compile(r"^[^\W\d_][^|｜丨:：]{1,20}[|｜丨]\s*")
_BRACKET = r"[（(【\[][^）)】\]\n]{1,24}[）)】\]]"
_DASH = r"[-—–－]+"
_LEAD = re.compile(
    rf"\s*(?:{_BRACKET}\s*(?:{_DASH}|[:：]|[电電讯訊])?"
    # 新云社双桥3月2日电（记者 李青）, 新云双桥/东州3月2日 -, 新云网3月2日讯
    rf"|[^\W\d_]{{0,16}}(?:/[^\W\d_]{{1,8}})?\s*(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日\s*"
    rf"(?:综合|綜合)?(?:电|電|讯|訊|消息|{_DASH})\s*(?:{_BRACKET}\s*)?(?:{_DASH}|[:：])?"
    rf"|[^\W\d_]{{0,6}}(?:[电電讯訊]|消息)\s*(?:{_BRACKET}\s*(?:{_DASH})?|[:：]|{_DASH})"
    r"|[^\W\d_]{2,12}\s*[—–]+"
    # HARWICK (Newswire) -, HARWICK, March 2 (Newswire) —, HARWICK -
    rf"|[A-Z][\w.,/’' ]{{0,40}}\([A-Za-z. ]{{2,20}}\)\s*{_DASH}"
    rf"|[A-Z][A-Z.,’' ]{{2,30}}(?:[A-Z][a-z]+\.? \d{{1,2}})?\s*{_DASH}(?=\s)"
    r")\s*"
)
_FIRST = 4  # lines at whose start a dateline may stand
_LABEL = 30  # characters of a line that may be a credit or a name rather than a sentence
_ENDED = re.compile(r"[。！？!?.…;；:：]['\"”’」』）)]*\s*$")

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = re.compile(
    r"(?=\d|[周星礼今昨前]|\b[adfjmnostwy])(?:"  # spares most characters the alternatives
    r"(?:(?P<y1>\d{4})\s*年\s*)?(?P<m1>\d{1,2})\s*月\s*(?P<d1>\d{1,2})\s*[日号]"
    r"|(?P<y2>\d{4})-(?P<m2>\d{1,2})-(?P<d2>\d{1,2})"
    r"|\b(?P<m3>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<d3>\d{1,2})\b"
    r"|\b(?P<d4>\d{1,2})\s+(?P<m4>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b"
    r"|(?<!上)(?<!下)(?:周|星期|礼拜)(?P<w1>[一二三四五六日天])"
    r"|\b(?P<w2>mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|(?P<r>今天|今日|昨天|昨日|前天|周内|\btoday\b|\byesterday\b)"
    r")"
)
_RELATIVE = {"今天": 0, "今日": 0, "today": 0, "昨天": 1, "昨日": 1, "yesterday": 1, "前天": 2}


def on_page(title: str) -> bool:
    """Say whether a title tells its page in a newspaper."""
    return bool(_ON_PAGE.match(title))


def bare_title(title: str) -> str:
    """Return a title without section tags, column names and the publisher's name at its end."""
    bare = _TAG.sub("", title)
    flash = _FLASH.match(bare)
    if flash and len(bare) - flash.end() >= 8:
        bare = bare[flash.end() :]
    column = _COLUMN.match(bare)
    if column and len(bare) - column.end() >= 8:
        bare = bare[column.end() :]
    for _ in range(3):
        tail = _TAIL.search(bare)
        if not tail or tail.start() < 8 or tail.start() <= len(tail["name"]):
            break
        bare = bare[: tail.start()]
    return bare.strip() or title.strip()


def bare_lead(text: str) -> str:
    """Return a text without agencies, datelines and credits at its start."""
    lines = _MARKUP.sub("", text).split("\n", _FIRST)
    lines[:_FIRST] = [_bare_line(line) for line in lines[:_FIRST]]
    while len(lines) > 1 and len(lines[0]) <= _LABEL and not _ENDED.search(lines[0]):
        del lines[0]
    return "\n".join(lines)


def _bare_line(line: str) -> str:
    for _ in range(3):
        found = _LEAD.match(line)
        if not found:
            break
        line = line[found.end() :]
    return line.lstrip(",， ")


def beyond(title: str, body: str) -> str:
    """Return what a folded body says beyond its title: nothing if it is a list of headlines."""
    if not title or not body.startswith(title):
        return body
    rest = body[len(title) :]
    first, *others = rest.split("\n")
    if others and first[:1] == " " and len(first) <= _NOTHING_MORE and not _ENDING.search(first):
        return ""  # headlines, each with its publisher
    rest = rest.lstrip(" \n。.!！,，:：")
    return rest if len(rest) > _NOTHING_MORE else ""


def cues(title: str) -> int:
    """Return the cues of a folded title as bits."""
    found = Cue(0)
    for sign, pattern in _CUES:
        if pattern.search(title):
            found |= sign
    return int(found)


def numbers(text: str) -> list[str]:
    """Return the distinct numbers of a text, without the commas of thousands."""
    return list(dict.fromkeys(one.replace(",", "") for one in _NUMBER.findall(text)))


def days(text: str, near: date | None, limit: int = 4) -> list[date]:
    """Return the first distinct days that a folded text names.

    Days without a year are the nearest to `near`; weekdays are the last before it, and none
    if it is not known.
    """
    found: dict[date, None] = {}
    for match in _DAY.finditer(text):
        day = _resolve(match, near)
        if day is not None:
            found[day] = None
            if len(found) == limit:
                break
    return list(found)


def _resolve(match: re.Match[str], near: date | None) -> date | None:
    parts = match.groupdict()
    if parts["r"]:
        back = _RELATIVE.get(parts["r"])
        return None if near is None or back is None else near - timedelta(days=back)
    if parts["w1"] or parts["w2"]:
        return None if near is None else _weekday(parts["w1"] or parts["w2"], near)
    for form in "1234":
        if parts.get(f"m{form}"):
            return _date(parts.get(f"y{form}"), parts[f"m{form}"], parts[f"d{form}"], near)
    return None


def _weekday(name: str, near: date) -> date:
    wanted = "一二三四五六日".find(name.replace("天", "日"))
    if wanted < 0:
        wanted = _WEEKDAYS.index(name[:3])
    return near - timedelta(days=(near.weekday() - wanted) % 7)


def _date(year: str | None, month: str, day: str, near: date | None) -> date | None:
    number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month)
    if year is not None:
        return _valid(int(year), number, int(day))
    if near is None:
        return _valid(2000, number, int(day))
    years = (near.year - 1, near.year, near.year + 1)
    good = [one for one in (_valid(y, number, int(day)) for y in years) if one]
    return min(good, key=lambda one: abs(one - near), default=None)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
