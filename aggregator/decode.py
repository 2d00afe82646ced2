"""Bytes of unknown making → text: marks, labels, strict UTF-8, then what the bytes look like.

Order of trust: a byte order mark; the zero bytes of UTF-16 and UTF-32; valid UTF-8, whatever the
label says; the label of the header, then of the document, unless another reading is plainly
better; detection. One bad byte costs one letter.
"""

import re
from collections.abc import Callable, Iterator
from encodings.aliases import aliases

from charset_normalizer import from_bytes

_SAMPLE = 100_000  # bytes that are looked at when the encoding must be judged
_DETECT = 20_000  # bytes that the general detector may chew on
_HEAD = 1_024  # bytes in which a declaration must stand

_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r") + b"\x7f"
# What no text may hold: C1 controls (read as windows-1252), surrogates, U+FFFE and U+FFFF.
_ODD = re.compile("[\x80-\x9f\ud800-\udfff\ufffe\uffff]")
_ODD_BYTES = re.compile(rb"\xc2[\x80-\x9f]|\xef\xbf[\xbe\xbf]")
_ESCAPED_PAIR = re.compile(
    "\udced([\udca0-\udcaf])([\udc80-\udcbf])\udced([\udcb0-\udcbf])([\udc80-\udcbf])"
)
_ESCAPED_SURROGATE = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""", re.IGNORECASE
)
_META = re.compile(rb"""<meta[^>]{0,200}?\bcharset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)

# Charsets in the sense of the web. The labels of small sets are read as the larger set that
# software really wrote; the codecs that are no charsets (zlib, hex…) and utf-7 are not here.
_WIDER = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis_620": "cp874",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
}
_KNOWN = frozenset(
    [
        "ascii",
        "big5",
        "big5hkscs",
        "cp037",
        "cp273",
        "cp424",
        "cp437",
        "cp500",
        "cp720",
        "cp737",
        "cp775",
        "cp850",
        "cp852",
        "cp855",
        "cp856",
        "cp857",
        "cp858",
        "cp860",
        "cp861",
        "cp862",
        "cp863",
        "cp864",
        "cp865",
        "cp866",
        "cp869",
        "cp874",
        "cp875",
        "cp932",
        "cp949",
        "cp950",
        "cp1006",
        "cp1026",
        "cp1125",
        "cp1140",
        "cp1250",
        "cp1251",
        "cp1252",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "euc_jp",
        "euc_jis_2004",
        "euc_jisx0213",
        "euc_kr",
        "gb2312",
        "gbk",
        "gb18030",
        "hp_roman8",
        "hz",
        "iso2022_jp",
        "iso2022_jp_1",
        "iso2022_jp_2",
        "iso2022_jp_2004",
        "iso2022_jp_3",
        "iso2022_jp_ext",
        "iso2022_kr",
        "latin_1",
        "iso8859_2",
        "iso8859_3",
        "iso8859_4",
        "iso8859_5",
        "iso8859_6",
        "iso8859_7",
        "iso8859_8",
        "iso8859_9",
        "iso8859_10",
        "iso8859_11",
        "iso8859_13",
        "iso8859_14",
        "iso8859_15",
        "iso8859_16",
        "johab",
        "koi8_r",
        "koi8_t",
        "koi8_u",
        "kz1048",
        "mac_cyrillic",
        "mac_greek",
        "mac_iceland",
        "mac_latin2",
        "mac_roman",
        "mac_turkish",
        "ptcp154",
        "shift_jis",
        "shift_jis_2004",
        "shift_jisx0213",
        "tis_620",
        "utf_8",
        "utf_16",
        "utf_16_le",
        "utf_16_be",
        "utf_32",
        "utf_32_le",
        "utf_32_be",
    ]
)
_OTHER_NAMES = {
    "x_gbk": "gbk",
    "euc_cn": "gb2312",
    "x_euc_cn": "gb2312",
    "gb_2312": "gb2312",
    "gb_2312_80": "gb2312",
    "csgb2312": "gb2312",
    "gb18030": "gb18030",
    "x_x_big5": "big5",
    "big5_hkscs": "big5hkscs",
    "cn_big5": "big5",
    "x_sjis": "shift_jis",
    "windows_31j": "cp932",
    "ms_kanji": "shift_jis",
    "x_euc_jp": "euc_jp",
    "ks_c_5601_1987": "euc_kr",
    "windows_949": "cp949",
    "windows_874": "cp874",
    "dos_874": "cp874",
    "x_cp1250": "cp1250",
    "x_cp1251": "cp1251",
    "x_cp1252": "cp1252",
    "koi8": "koi8_r",
    "koi": "koi8_r",
    "koi8_ru": "koi8_u",
    "iso_8859_8_i": "iso8859_8",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_mac_roman": "mac_roman",
    "unicode": "utf_16",
    "utf8mb4": "utf_8",
    "unicode_1_1_utf_8": "utf_8",
}
_SHIFTED = {  # seven-bit sets, valid as UTF-8: believed by label when their marks are there
    "iso2022": b"\x1b",
    "hz": b"~{",
}
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf_32_le"),
    (b"\x00\x00\xfe\xff", "utf_32_be"),
    (b"\xef\xbb\xbf", "utf_8"),
    (b"\xff\xfe", "utf_16_le"),
    (b"\xfe\xff", "utf_16_be"),
)
_ZEROS = {"000x": "utf_32_be", "x000": "utf_32_le", "0x0x": "utf_16_be", "x0x0": "utf_16_le"}


def decode(content: bytes, *, content_type: str = "") -> str:
    """Return the text of a document; `content_type` is the header as the server gave it."""
    return to_utf8(content, content_type=content_type).decode("utf-8")


def to_utf8(content: bytes, *, content_type: str = "") -> bytes:
    """Return the text of a document as valid UTF-8 without mark, controls and surrogates."""
    label = _CHARSET.search(content_type[:500])
    header = label[1] if label else ""
    marked = _marked_codec(content)
    if marked is not None:
        mark, codec = marked
        content = content[len(mark) :]
        if codec == "utf_8":
            return _from_utf8(content)
        return _tidy(content.decode(codec, "replace"))
    shifted = _shifted_codec(content, header)
    if shifted:
        return _tidy(content.decode(shifted, "replace"))
    return _from_utf8(content, header)


def _marked_codec(content: bytes) -> tuple[bytes, str] | None:
    """Return the byte order mark and its codec, else the codec that zero bytes give away."""
    head = content[:4]
    for mark, codec in _BOMS:
        if head.startswith(mark):
            return mark, codec
    zeros = "".join("0" if byte == 0 else "x" for byte in head)
    wide = _ZEROS.get(zeros)
    return (b"", wide) if wide else None


def codec_of(label: str) -> str:
    """Return the codec of a charset label, '' if it is none that we read."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    codec = _OTHER_NAMES.get(name) or aliases.get(name) or name
    return codec if codec in _KNOWN else ""


def _labels(content: bytes, header: str) -> Iterator[str]:
    """Yield the codecs that header and document name, the most trusted first."""
    head = content[:_HEAD]
    if head.startswith(b"\x4c\x6f\xa7\x94"):  # `<?xm` in EBCDIC
        head = head.decode("cp037").encode("latin-1", "replace")
    names = [header]
    for pattern in (_DECLARED, _META):
        found = pattern.search(head)
        names.append(found[1].decode("ascii") if found else "")
    for name in names:
        if codec := codec_of(name):
            yield codec


def _shifted_codec(content: bytes, header: str) -> str:
    """Return the codec of a labelled seven-bit set or EBCDIC page, '' if it is none."""
    ebcdic = content.startswith(b"\x4c\x6f\xa7\x94")
    for codec in _labels(content, header):
        if ebcdic and codec.startswith("cp"):
            return codec
        for family, sign in _SHIFTED.items():
            if codec.startswith(family) and sign in content:
                return codec
    return "cp037" if ebcdic else ""


def _from_utf8(content: bytes, header: str = "") -> bytes:
    """Return clean UTF-8 of bytes that hold it, wholly or nearly, else of another reading."""
    while content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        sample = content[max(0, error.start - 1_000) :][:_SAMPLE]
        if _nearly_utf8(sample):
            return _tidy(_lenient(content))
        return _tidy(_from_other(content, header, sample))
    content = content.translate(None, _CONTROLS)
    if _ODD_BYTES.search(content):
        return _tidy(content.decode("utf-8"))
    return content


def _nearly_utf8(sample: bytes) -> bool:
    """Say whether the few bad bytes stand in text that is UTF-8 otherwise."""
    text = sample.decode("utf-8", "surrogateescape")
    bad = len(re.findall("[\udc80-\udcff]", _ESCAPED_SURROGATE.sub("", text)))
    good = len(re.findall("[\u0080-\ud7ff\ue000-\U0010ffff]", text))
    # Bytes of another set make a valid pair now and then, by chance; a cut letter costs three.
    return good * 2 >= bad + 2 or bad == 0


def _lenient(content: bytes) -> str:
    """Decode UTF-8; a bad byte becomes the letter that windows-1252 has for it."""
    text = content.decode("utf-8", "surrogateescape")
    text = _ESCAPED_PAIR.sub(_join_pair, text)
    text = _ESCAPED_SURROGATE.sub("", text)
    return text.translate(_BAD_BYTES)


def _join_pair(match: re.Match[str]) -> str:
    """Return the letter of two surrogates that were written as UTF-8 (CESU-8)."""
    units = b"".join(
        group.encode("utf-8", "surrogateescape")
        for group in (f"\udced{match[1]}{match[2]}", f"\udced{match[3]}{match[4]}")
    )
    pair = units.decode("utf-8", "surrogatepass")
    return pair.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _western(code: int) -> str:
    """Return the letter of a byte in windows-1252, '' for the five that it leaves open."""
    return bytes((code,)).decode("cp1252", "ignore")


_BAD_BYTES = {0xDC00 + code: _western(code) for code in range(0x80, 0x100)}
_ODD_LETTERS = {code: _western(code) for code in range(0x80, 0xA0)}


def _tidy(text: str) -> bytes:
    """Return UTF-8 of a text without controls, surrogates and what is no character."""
    text = text.lstrip("\ufeff")
    if _ODD.search(text):
        text = _ODD.sub(lambda match: _ODD_LETTERS.get(ord(match[0]), ""), text)
    return text.encode("utf-8").translate(None, _CONTROLS)


def _from_other(content: bytes, header: str, sample: bytes) -> str:
    """Decode bytes that are not UTF-8: by label if that reads well, else by their look."""
    labels = [_WIDER.get(codec, codec) for codec in _labels(content, header)]
    labels = [codec for codec in labels if codec != "utf_8"]
    labels.sort(key="cp1252".__eq__)  # what servers say of everything comes last
    best = _best_east_asian(sample)
    for codec in labels:
        if codec == best or not _reads_better(best, codec, sample):
            return content.decode(codec, "replace")
    return content.decode(best or _detect(sample), "replace")


# --- what bytes look like -------------------------------------------------------------------


def _common_gb(lead: int, trail: int) -> bool:
    return trail >= 0xA1 and (0xB0 <= lead <= 0xD7 or 0xA1 <= lead <= 0xA3)


def _common_big5(lead: int, trail: int) -> bool:
    return 0xA4 <= lead <= 0xC6 or (0xA1 <= lead <= 0xA3 and trail <= 0xFE)


def _common_jp(lead: int, trail: int) -> bool:
    return trail >= 0xA1 and (0xB0 <= lead <= 0xCF or lead in (0xA1, 0xA4, 0xA5))


def _common_sjis(lead: int, trail: int) -> bool:
    return lead in (0x81, 0x82, 0x83) or (0x88 <= lead <= 0x97 and trail >= 0x40)


def _common_kr(lead: int, trail: int) -> bool:
    return trail >= 0xA1 and (0xB0 <= lead <= 0xC8 or lead == 0xA1)


# Each set: how two bytes make a letter, and whether it is one that most texts are made of.
_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_EAST_ASIAN: dict[str, Callable[[int, int], bool]] = {
    "gb18030": _common_gb,
    "big5hkscs": _common_big5,
    "euc_jp": _common_jp,
    "cp932": _common_sjis,
    "cp949": _common_kr,
}
_KANA = re.compile("[\u3041-\u30ff]")


def _score(codec: str, sample: bytes) -> float:
    """Return from 0 to 1 how well a sample reads as an East Asian set."""
    text = sample.decode(codec, "replace")
    letters = sum(char > "\x7f" for char in text)
    if not letters:
        return 0.0
    pairs = _PAIRS.findall(sample)
    common = sum(_EAST_ASIAN[codec](pair[0], pair[1]) for pair in pairs)
    wrong = text.count("\ufffd")
    lonely = max(0, letters - len(pairs))
    score = (common - 2 * wrong - lonely) / max(letters, len(pairs))
    if codec in ("euc_jp", "cp932"):  # Japanese without kana is another set's text
        kana = len(_KANA.findall(text))
        score = score if kana * 10 >= letters else min(score, 0.5)
    return max(score, 0.0)


def _best_east_asian(sample: bytes) -> str:
    """Return the East Asian set that the bytes plainly are, '' if none."""
    scores = {codec: _score(codec, sample) for codec in _EAST_ASIAN}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= 0.75 else ""


def _reads_better(best: str, codec: str, sample: bytes) -> bool:
    """Say whether `best` is so much better than the labelled codec that the label lies."""
    if not best:
        return False
    if codec in _EAST_ASIAN:
        return _score(best, sample) > _score(codec, sample) + 0.4
    # A set of single bytes reads everything: it lies if nearly all high bytes stand in pairs.
    high = len(re.findall(rb"[\x80-\xff]", sample))
    return high >= 12 and _score(best, sample) >= 0.9


def _detect(sample: bytes) -> str:
    """Return the codec that the text between the tags looks like; windows-1252 if none does."""
    pieces = re.findall(rb"[^<>]*[\x80-\xff][^<>]*", sample)
    found = from_bytes(b"\n".join(pieces)[:_DETECT]).best()
    codec = codec_of(found.encoding) if found else ""
    return _WIDER.get(codec, codec) or "cp1252"
