"""Text functions: folding, word segmentation, script detection, plain text, shortening."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

# Scripts without spaces between words, for which bigrams replace words.
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
DENSE = (
    _HAN
    + "\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7a3\u1100-\u11ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
SPACED = rf"[^\W_{DENSE}]+(?:[.,](?=\d)[^\W_{DENSE}]+)*"  # a word of any other script, or a number
_RUN = re.compile(rf"([{DENSE}]+)|{SPACED}")
_RUNS = re.compile(rf"([{DENSE}]+)|({SPACED})")
_HAN_RUN = re.compile(rf"[{_HAN}]+")

# Characters that are invisible or change the text direction: controls, zero width,
# bidirectional marks, interlinear annotations, non-characters, lone surrogates.
_INVISIBLE = re.compile(
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
_SCRIPT_OF_REGION = {
    "zh-cn": "zh-hans",
    "zh-sg": "zh-hans",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
}


def fold(text: str) -> str:
    """Fold a text for comparison: NFKC, case folding, simplified characters."""
    if text.isascii():
        return text.lower()
    from aggregator.text import simplified  # noqa: PLC0415  numpy and opencc: a quarter of a second

    plainer = unicodedata.normalize("NFKC", text).casefold()
    if not unicodedata.is_normalized("NFKC", plainer):
        plainer = unicodedata.normalize("NFKC", plainer)
    return simplified.simplify(plainer)


def words(text: str) -> list[str]:
    """Return the words of a folded text in order: those of two characters or more, and numbers."""
    return [word for word in cut(text) if len(word) > 1 or word.isdigit()]


def cut(text: str) -> list[str]:
    """Return all words of a folded text in order, single Chinese characters included."""
    return cut_all((text,))[0]


def cut_all(texts: Iterable[str]) -> list[list[str]]:
    """Return the words of each of several folded texts, as `cut` does; one call of the segmenter."""
    runs = [_RUNS.findall(text) for text in texts]
    dense = [run for some in runs for run, _ in some if run]
    cuts = iter(_cut_dense(dense))
    return [_words_of(some, cuts) for some in runs]


def _cut_dense(runs: Sequence[str]) -> list[list[str]]:
    """Return the words of each run of a dense script."""
    if not runs:
        return []
    import rjieba  # noqa: PLC0415  its dictionary takes 0.2 s to load, and only grouping needs it

    found = rjieba.cut("\n".join(runs))
    cuts: list[list[str]] = []
    begin = 0
    for _ in runs[1:]:
        end = found.index("\n", begin)
        cuts.append(found[begin:end])
        begin = end + 1
    return [*cuts, found[begin:]]


def _words_of(runs: Iterable[tuple[str, str]], cuts: Iterator[list[str]]) -> list[str]:
    """Return the words of the runs of one text; `cuts` gives those of each dense run."""
    found: list[str] = []
    for dense, token in runs:
        if dense:
            found += next(cuts)
        elif len(token) > 1 or token.isdigit():
            found.append(token.replace(",", ""))
    return found


def script(text: str) -> str:
    """Return the ISO 15924 code of the main script, `Hans` or `Hant` for Chinese; empty for none.

    `Hani` is Chinese text that could be either. Only the first 4,000 characters are checked.
    """
    text = text[:4000]
    if len(_HAN_RUN.sub("", text)) * 2 < len(text) and not _KANA.search(text):
        return _chinese(text)
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS}
    # A Chinese character carries about as much information as three letters.
    counts["Hani"] *= 3
    best = max(counts, key=lambda name: counts[name])
    if not counts[best]:
        return ""
    if best in {"Hani", "Kana"} and counts["Kana"] * 12 > counts["Hani"]:
        return "Jpan"
    return _chinese(text) if best == "Hani" else best


def language_key(tag: str) -> str:
    """Return a language tag in lower case; for Chinese, the region is replaced by its script."""
    tag = tag.casefold().replace("_", "-")
    return _SCRIPT_OF_REGION.get(tag, tag)


def plain(text: str) -> str:
    """Return the text on one line, without invisible and direction-changing characters."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = _TAGS.sub(lambda match: match[1] or "", _INVISIBLE.sub("", text))
    return " ".join(_JOINERS.sub(_keep_joiner, text).split())


def shorten(text: str, limit: int) -> str:
    """Truncate to at most `limit` characters with a final …, between graphemes and, if possible, words."""
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    hard = _grapheme_end(text, limit - 1)
    soft = hard
    while soft and _is_inside_word(text, soft):
        soft -= 1
    cut = _grapheme_end(text, soft) or hard
    return text[:cut].rstrip() + "…"


def xml_safe(text: str) -> str:
    """Remove the characters that XML 1.0 does not allow."""
    return text if text.isascii() and text.isprintable() else _NOT_XML.sub("", text)


def _chinese(text: str) -> str:
    from aggregator.text import simplified  # noqa: PLC0415  as in `fold`

    old, new = simplified.count_variants(text)
    # Many simplified characters (后, 里, 台) are also valid traditional ones.
    if not old and not new:
        return "Hani"
    return "Hant" if old * 2 > new else "Hans"


def _keep_joiner(match: re.Match[str]) -> str:
    """Keep a joiner between emoji or joining letters; it has no effect elsewhere."""
    text, place = match.string, match.start()
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return match[0] if _joins(before) and _joins(after) else ""


def _joins(character: str) -> bool:
    if not character or character < "\u0600" or _RUN.fullmatch(character[0]) is None:
        kind = unicodedata.category(character) if character else ""
        return character > "\u00a8" and kind in {"So", "Sk", "Mn", "Mc", "Me"}
    return not _HAN_RUN.match(character) and "\u0600" <= character < "\u3000"


def _grapheme_end(text: str, place: int) -> int:
    """Return the last grapheme boundary at or before an index."""
    while 0 < place < len(text) and _is_inside_grapheme(text, place):
        place -= 1
    return place


def _is_inside_grapheme(text: str, place: int) -> bool:
    """Return whether the characters on both sides of an index belong to one grapheme."""
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


def _is_inside_word(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    return _is_word_character(before) and _is_word_character(after)


def _is_word_character(character: str) -> bool:
    """Return whether the character belongs to words that are separated by spaces."""
    if character in "'\u2019-.,":
        return True
    run = _RUN.match(character)
    return run is not None and run[1] is None
