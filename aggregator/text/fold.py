"""Text as grouping, cleaning and rendering see it: folded, cut into words, scrubbed, shortened."""

import re
import unicodedata
from functools import cache
from itertools import takewhile

import numpy as np
import opencc
from numpy.typing import NDArray

# Scripts that are written without spaces, so that bigrams stand for words.
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
DENSE = (
    _HAN
    + "\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7a3\u1100-\u11ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
SPACED = rf"[^\W_{DENSE}]+(?:[.,](?=\d)[^\W_{DENSE}]+)*"  # a word of another script, a number
_RUN = re.compile(rf"([{DENSE}]+)|{SPACED}")
_HAN_RUN = re.compile(rf"[{_HAN}]+")

# Everything that shows nothing or turns the order of what is shown: controls, zero width,
# bidirectional marks, interlinear notes, non-characters, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\ufdd0-\ufdef]|[\U0001fffe-\U0001ffff\U0002fffe-\U0002ffff\U0003fffe-\U0003ffff"
    "\U0010fffe-\U0010ffff\U000e0000-\U000e001f]"
)
_JOINERS = re.compile("[\u200c\u200d]")
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]{1,16})|[\U000e0020-\U000e007f]+")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HAN_CHARACTER, _KANA = re.compile(f"[{_HAN}]"), re.compile("[\u3040-\u30ff]")
_SCRIPTS = (
    ("Hani", _HAN_CHARACTER),
    ("Kana", _KANA),
    ("Kore", re.compile("[\uac00-\ud7a3]")),
    ("Latn", re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")),
    ("Cyrl", re.compile("[\u0400-\u052f]")),
    ("Arab", re.compile("[\u0600-\u06ff\u0750-\u077f]")),
    ("Grek", re.compile("[\u0370-\u03ff]")),
    ("Hebr", re.compile("[\u0590-\u05ff]")),
    ("Deva", re.compile("[\u0900-\u097f]")),
    ("Thai", re.compile("[\u0e00-\u0e7f]")),
)
_WRITTEN = {
    "zh-cn": "zh-hans",
    "zh-sg": "zh-hans",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
}
# Variants that a converter leaves alone because both forms are right in one script or the other.
_TRADITIONAL, _SIMPLIFIED = 1, 2
_VARIANTS = ("著裡祕峯羣牀喫僞衆", "着里秘峰群床吃伪众")


def fold(text: str) -> str:
    """Return the text as it is compared: NFKC, without case, in simplified characters."""
    if text.isascii():
        return text.lower()
    plainer = unicodedata.normalize("NFKC", text).casefold()
    if not unicodedata.is_normalized("NFKC", plainer):
        plainer = unicodedata.normalize("NFKC", plainer)
    codes = np.frombuffer(plainer.encode("utf-32-le", "surrogatepass"), "<u4")
    folded: bytes = _folding()[codes].tobytes()
    return folded.decode("utf-32-le", "surrogatepass")


def words(text: str) -> list[str]:
    """Return the words of a folded text in order: of two characters or more, and numbers."""
    return [word for word in cut(text) if len(word) > 1 or word.isdigit()]


def cut(text: str) -> list[str]:
    """Return what a folded text consists of, words of one Chinese character among it."""
    import rjieba  # noqa: PLC0415  its dictionary takes a fifth of a second, and only grouping needs it

    runs = [(run[0], run[1] is not None) for run in _RUN.finditer(text)]
    dense_words = iter(rjieba.cut("\n".join([token for token, dense in runs if dense])))
    found: list[str] = []
    for token, dense in runs:
        if dense:
            found.extend(takewhile(_goes_on, dense_words))
        elif len(token) > 1 or token.isdigit():
            found.append(token.replace(",", ""))
    return found


def _goes_on(word: str) -> bool:
    return word != "\n"


def script(text: str) -> str:
    """Return the ISO 15924 code of the main script, `Hans` or `Hant` for Chinese, '' for none.

    `Hani` is Chinese that shows neither; the first 4,000 characters are looked at.
    """
    text = text[:4000]
    if len(_HAN_RUN.sub("", text)) * 2 < len(text) and not _KANA.search(text):
        return _chinese(text)
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS}
    # A Chinese character says about as much as three letters.
    counts["Hani"] *= 3
    best = max(counts, key=lambda name: counts[name])
    if not counts[best]:
        return ""
    if best in {"Hani", "Kana"} and counts["Kana"] * 12 > counts["Hani"]:
        return "Jpan"
    return _chinese(text) if best == "Hani" else best


def language_key(tag: str) -> str:
    """Return a language tag in lower case, Chinese of a region by the script that is written there."""
    tag = tag.casefold().replace("_", "-")
    return _WRITTEN.get(tag, tag)


def plain(text: str) -> str:
    """Return the text on one line, without characters that show nothing or turn the order."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = _TAGS.sub(lambda match: match[1] or "", _UNSEEN.sub("", text))
    return " ".join(_JOINERS.sub(_keep_joiner, text).split())


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters, ended by … if cut; whole graphemes and words."""
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    hard = _grapheme_end(text, limit - 1)
    soft = hard
    while soft and _inside_word(text, soft):
        soft -= 1
    cut = _grapheme_end(text, soft) or hard
    return text[:cut].rstrip() + "…"


def xml_safe(text: str) -> str:
    """Return the text without the characters that XML 1.0 does not allow."""
    return text if text.isascii() and text.isprintable() else _NOT_XML.sub("", text)


@cache
def _folding() -> NDArray[np.uint32]:
    """Return the table of characters that folding uses: simplified, variants made one."""
    table = _simplified()[0].copy()
    for variant, usual in zip(*_VARIANTS, strict=True):
        table[ord(variant)] = ord(usual)
    return table


@cache
def _simplified() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the table of characters, and which are only traditional (1), only simplified (2)."""
    codes = [*range(0x3400, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x2FA20)]
    # One character a line, so that no phrase is seen: the same character always folds alike.
    lines = "\n".join(map(chr, codes))
    simple = opencc.OpenCC("t2s").convert(lines).split("\n")
    table = np.arange(0x110000, dtype="<u4")
    for code, character in zip(codes, simple, strict=True):
        if len(character) == 1:
            table[code] = ord(character)
    kinds = np.zeros(0x110000, "u1")
    changed = np.flatnonzero(table != np.arange(0x110000))
    kinds[table[changed]] = _SIMPLIFIED
    kinds[changed] = _TRADITIONAL
    return table, kinds


def _chinese(text: str) -> str:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    kinds = _simplified()[1][codes].tobytes()
    old, new = kinds.count(_TRADITIONAL), kinds.count(_SIMPLIFIED)
    # Many simplified targets (后, 里, 台) are good traditional characters too.
    if not old and not new:
        return "Hani"
    return "Hant" if old * 2 > new else "Hans"


def _keep_joiner(match: re.Match[str]) -> str:
    """Keep a joiner between emoji or between letters that join; it shows nothing elsewhere."""
    text, place = match.string, match.start()
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return match[0] if _joins(before) and _joins(after) else ""


def _joins(character: str) -> bool:
    if not character or character < "\u0600" or _RUN.fullmatch(character[0]) is None:
        kind = unicodedata.category(character) if character else ""
        return character > "\u00a8" and kind in {"So", "Sk", "Mn", "Mc", "Me"}
    return not _HAN_RUN.match(character) and "\u0600" <= character < "\u3000"


def _grapheme_end(text: str, place: int) -> int:
    """Return the last place at or before the given one where no grapheme is cut."""
    while 0 < place < len(text) and _glued(text, place):
        place -= 1
    return place


def _glued(text: str, place: int) -> bool:
    """Say whether the characters on both sides of the place belong to one grapheme."""
    before, after = text[place - 1], text[place]
    if before == "\u200d" or after in "\u200c\u200d" or unicodedata.category(after)[0] == "M":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if "\U0001f1e6" <= after <= "\U0001f1ff":
        start = place
        while start and "\U0001f1e6" <= text[start - 1] <= "\U0001f1ff":
            start -= 1
        return (place - start) % 2 == 1
    return (before, after) == ("\r", "\n") or (
        "\u1100" <= before <= "\u11ff" and "\u1160" <= after <= "\u11ff"
    )


def _inside_word(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    return _spaced(before) and _spaced(after)


def _spaced(character: str) -> bool:
    """Say whether the character belongs to words that stand between spaces."""
    if character in "'\u2019-.,":
        return True
    run = _RUN.match(character)
    return run is not None and run[1] is None
