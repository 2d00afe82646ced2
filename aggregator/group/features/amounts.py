"""Numbers with what they count: 90亿美元 and $9bn are one quantity."""

import re

_SCALES = {
    "万亿": 1e12, "千万": 1e7, "百万": 1e6, "亿": 1e8, "万": 1e4, "千": 1e3, "百": 1e2,
    "trillion": 1e12, "tn": 1e12, "billion": 1e9, "bn": 1e9, "b": 1e9, "million": 1e6, "mn": 1e6,
    "m": 1e6, "thousand": 1e3, "k": 1e3, "crore": 1e7, "lakh": 1e5,
}  # fmt: skip
_UNITS = {
    "%": r"%|个百分点|percent(?:age)?|per cent|pct",
    "usd": r"美元|美金|us dollars?|dollars?|usd",
    "eur": r"欧元|euros?|eur",
    "gbp": r"英镑|pounds?|gbp",
    "jpy": r"日元|yen",
    "hkd": r"港元|港币",
    "krw": r"韩元|won",
    "cny": r"元|人民币|yuan|rmb",
    "inr": r"卢比|rupees?",
    "people": r"(?:余|多)?(?:人|名|死|伤)|people|persons?|killed|dead|died|deaths?|injured|wounded"
    r"|hurt|workers?|employees|jobs|passengers|soldiers|troops",
    "km": r"公里|千米|kilomet\w+|km",
    "magnitude": r"级|magnitude",
    "barrel": r"桶|barrels?",
    "ton": r"吨|tons?|tonnes?",
    "day": r"天|days?",
    "hour": r"小时|hours?",
    "watt": r"兆瓦|mw|吉瓦|gw",
    "hertz": r"赫兹|hz",
    "mah": r"毫安时|mah",
    "pixel": r"像素|mp|megapixels?",
}
_PREFIXES = {
    "us$": "usd", "hk$": "hkd", "$": "usd", "€": "eur", "£": "gbp", "¥": "cny", "₹": "inr",
    "rs": "inr", "rs.": "inr", "magnitude": "magnitude",
}  # fmt: skip
_NO_QUANTITY = r"年|月|日|号|点|时|分|st|nd|rd|th|am|pm|版|:"  # 3月, 7pm, 3rd
_QUANTITY = re.compile(
    rf"(?P<prefix>{'|'.join(map(re.escape, _PREFIXES))})?\s?"
    r"(?<![\d.:a-z])(?P<number>\d[\d,]*(?:\.\d+)?)[\s-]?"
    rf"(?P<scale>(?:{'|'.join(_SCALES)})(?![a-z]))?[\s-]?(?P<none>{_NO_QUANTITY})?"
    f"(?:{'|'.join(f'(?P<u{n}>(?:{one})(?![a-z]))' for n, one in enumerate(_UNITS.values()))})?"
)
_NAMES = tuple(_UNITS)
_ENGLISH = {
    word: str(number)
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve".split(), 2
    )
}
_ENGLISH_NUMBER = re.compile(rf"\b(?:{'|'.join(_ENGLISH)})\b")
_CHINESE = {sign: str(number) for number, sign in enumerate("一二三四五六七八九十", 1)} | {
    "两": "2"
}
_CHINESE_NUMBER = re.compile(
    r"(?<![一二三四五六七八九十百千万第星周])[一两二三四五六七八九十](?=人|名|死|伤|国|架|枚|艘)"
)
_YEARS = range(1900, 2100)


def quantities(text: str) -> list[tuple[str, str]]:
    """Return the distinct (unit, value) of a folded text, '' for a number of nothing in particular."""
    text = _ENGLISH_NUMBER.sub(lambda found: _ENGLISH[found[0]], text)
    text = _CHINESE_NUMBER.sub(lambda found: _CHINESE[found[0]], text)
    found = (_quantity(match) for match in _QUANTITY.finditer(text) if not match["none"])
    return list(dict.fromkeys(one for one in found if one))


def _quantity(match: re.Match[str]) -> tuple[str, str] | None:
    value = float(match["number"].replace(",", "")) * _SCALES.get(match["scale"] or "", 1)
    unit = _PREFIXES.get(match["prefix"] or "", "")
    if not unit and match.lastgroup and match.lastgroup[1:].isdigit():
        unit = _NAMES[int(match.lastgroup[1:])]
    if not unit and value in _YEARS:
        return None
    return unit, f"{value:.3g}"
