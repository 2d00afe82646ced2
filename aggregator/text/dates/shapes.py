"""The regular expressions for the formats of dates and times."""

import re
from typing import Final

from aggregator.text.dates.calendars import ERAS

MORNING: Final = frozenset(
    "凌晨,清晨,早上,早晨,早间,上午,午前,오전,am,a.m.,a. m.,a.m,am.,π.μ.,πμ,ق.ظ,ص,sa".split(",")
)
EVENING: Final = frozenset(
    "中午,正午,下午,午后,午後,傍晚,晚上,晚间,晚間,夜间,夜間,夜晚,深夜,오후,pm,p.m.,p. m.,p.m,pm.,μ.μ.,μμ,ب.ظ,م,ch".split(
        ","
    )
)
_HALF: Final = "|".join(
    re.escape(word) for word in sorted(MORNING | EVENING, key=len, reverse=True)
)

_ZONE: Final = r"(?P<zone>[A-Za-z]{1,5}|(?:GMT|UTC)?[+-]\d\d?:?(?:\d\d)?)"
RFC822: Final = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(?P<day>\d\d?)[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<year>\d{4})"
    r"\s+(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\s*" + _ZONE + r")?"
)
RFC3339: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
    r"(?:[Tt\s]\s*(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,12})?)?"
    r"(?:\s*" + _ZONE + r")?)?"
)
RARE: Final = re.compile(
    r"(\d{4})(?:-?W(\d\d)(?:-?(?P<weekday>[1-7]))?|-(\d\d)|-?(\d{3}))?", re.ASCII
)

_NUMBER = r"[〇零一二三四五六七八九十廿卅\d]"
_ERA = "|".join(name for name in ERAS if len(name) > 1)
NUMERIC: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<era>{_ERA})\s*(?P<year>{_NUMBER}{{1,4}}|元)\s*年\s*(?P<month>{_NUMBER}{{1,3}})\s*月\s*(?P<day>{_NUMBER}{{1,3}})\s*[日号號]?",
        rf"(?<![\d〇-九])(?P<year>{_NUMBER}{{2,4}}|元)\s*年\s*(?P<month>{_NUMBER}{{1,3}})\s*月\s*(?P<day>{_NUMBER}{{1,3}})\s*[日号號]?",
        rf"(?P<era>{_ERA})\s*(?P<year>\d{{1,3}})(?P<mark>[-/.])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?)(?!\d)",
        r"(?<![A-Za-z])(?P<era>[RHS])\.?\s?(?P<year>\d\d?)(?P<mark>[-/.])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<year>\d{4})\s*년\s*(?P<month>\d\d?)\s*월\s*(?P<day>\d\d?)\s*일",
        r"(?<!\d)(?P<year>\d{4})\s*оны\s*(?P<month>\d\d?)[\s-]*(?:р|дугаар|дүгээр)?\s*сарын\s*(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<year>\d{4})\s?(?P<mark>[-/.])\s?(?P<month>\d\d?)\s?(?P=mark)\s?(?P<day>\d\d?)(?!\d)\.?",
        r"(?<!\d)(?P<year>1[0-3]\d)(?P<mark>[-/.])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?=$|\D|(?:\d{4}|\d{6})(?!\d))",
    )
)
# With dots, the day comes first in every language.
DOTTED: Final = re.compile(
    r"(?<![\dA-Za-z.])(?P<day>\d\d?)\s?\.\s?(?P<month>\d\d?)\s?\.\s?['’]?(?P<year>\d{4}|\d\d)(?!\d|\.\d)"
)
# Day and month in an order that depends on the language; the year may be of another calendar.
SLASHED: Final = re.compile(
    r"(?<![\dA-Za-z./-])(?P<day>\d\d?)\s?(?P<mark>[-/])\s?(?P<month>\d\d?)\s?(?P=mark)\s?(?P<year>\d{4})(?!\d)"
)

SHORT: Final = re.compile(r"(?<![\dA-Za-z./-])(\d\d?)([-/])(\d\d?)\2(\d\d)(?!\d)")

DOTS: Final = re.compile(r"\d\s?\.\s?\d+\s?\.\s?\d")

MONTH: Final = "\x01"  # replaces a month name
_GAP = r"[\s.,/־–-]{0,4}"
_DAY = r"(?<![\d:])(?P<day>\d\d?)(?:(?:st|nd|rd|th|er|re|ra|ro|ga|го|[eaoºª°])(?![^\W\d_]))?" + _GAP
_YEAR = r"(?P<year>\d{4})(?![\d:])"
# Two digits are a year if no time continues after them.
_SHORT_YEAR = r"['’]?(?P<year>\d\d)(?!\d|\s?[:：hч時时-]|\.\d|\s?(?:uhr|uur|óra|час|ora)\b)"
_OF = (
    r"(?:(?:of|de|del|d['’]|di|da|ta['’]|der|den|z|г|anno|năm|พ\.ศ|ค\.ศ)\b"
    + _GAP
    + r"|ב[-־]|['’]\s?)?"
)
_AFTER_YEAR = (
    r"(?:(?:(?:\(e\))?ko|gada|g|m|yil|il|ж|жылғы|г|год|йил|оны|թ|წ)(?![^\W\d_])" + _GAP + r")?"
)
NAMED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d)(?P<year>\d{{4}}){_GAP}{_AFTER_YEAR}{MONTH}{_GAP}(?P<day>\d\d?)(?![\d:])",
        rf"(?<!\d)(?P<year>\d{{4}}){_GAP}{_AFTER_YEAR}(?P<day>\d\d?){_GAP}{MONTH}",
        rf"{_DAY}{_OF}{MONTH}{_GAP}{_OF}(?:{_YEAR}|{_SHORT_YEAR.replace('<year>', '<short>')})",
        rf"{MONTH}{_GAP}(?P<day>\d\d?)(?:st|nd|rd|th)?{_GAP}{_OF}{_YEAR}",
    )
)
TIME: Final = re.compile(
    rf"(?:(?P<half>{_HALF})\s*)?(?<![\d:])(?P<hour>\d\d?)\s?(?:(?:[:：.時时點点시hч]|uhr)\s?(?P<minute>\d\d?)(?!\d)"
    r"(?:\s?[:：.分분m]\s?(?P<second>\d\d?)(?!\d)(?:[.,]\d{1,12})?)?"
    r"|(?P<sharp>[時时點点시]|(?:uhr|uur|h|ч|óra)(?!\w)|(?=\s?[ap]\.?m\b)))\s?[分秒분초整]?"
    rf"(?:\s?(?P<half2>{_HALF})(?!\w))?",
    re.IGNORECASE,
)
# Neither a zone nor part of a time.
FOUR_DIGITS: Final = re.compile(r"(?<![\d:.+])(?<![\s\d]-)\d{4}(?!\d)")
DIGIT_TIME: Final = re.compile(r"[T\s]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?!\d)")
LABEL: Final = re.compile(r"[^\d:：]{1,30}[:：]\s*(?=\D{0,12}\d)")
RELATIVE: Final = re.compile(
    r"(?:sec(?:ond)?|min(?:ute)?|h(?:ou)?r|day|week|month|year|\d\s?[smhdwy])s?\.?\s+ago\b|\b(?:yester|to)day\b|前天|昨天|昨日|今天|今日|[鐘钟时時天日分]前|刚刚|剛剛",
    re.IGNORECASE,
)
# Precedes a date of a lunar calendar, which cannot be converted without tables.
LUNAR: Final = re.compile(
    r"(?:[农農陰阴舊旧]\s?[历曆暦]|음력|âm lịch|هـ|هجري)\D{0,3}\Z", re.IGNORECASE
)
