"""Decodes documents of unknown charset: byte order marks, labels, UTF-8, then detection.

In order of precedence: a byte order mark; the zero bytes of UTF-16 and UTF-32; valid UTF-8, whatever
the label; the label of the header, then of the document, unless another charset fits much better;
detection. One invalid byte affects only one character.
"""

import re
from collections.abc import Iterator
from encodings.aliases import aliases

_SAMPLE_BYTES = 100_000  # checked to decide whether a document is nearly UTF-8
_DETECTION_BYTES = 10_000  # decoded in every candidate charset, and passed to charset_normalizer
_HEAD_BYTES = 1_024  # searched for a declaration

_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r") + b"\x7f"
# Characters removed from text: C1 controls (read as windows-1252), surrogates, U+FFFE, U+FFFF.
_INVALID = re.compile("[\x80-\x9f\ud800-\udfff\ufffe\uffff]")
_C1_BYTES = re.compile(rb"\xc2[\x80-\x9f]")  # two searches are ten times faster than one for both
_NONCHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")
_ESCAPED_PAIR = re.compile(
    "\udced([\udca0-\udcaf])([\udc80-\udcbf])\udced([\udcb0-\udcbf])([\udc80-\udcbf])"
)
_ESCAPED_SURROGATE = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_ISOLATED_BYTE = re.compile("(?<![\x80-\uffff])[\udc80-\udcff](?![\x80-\uffff])")
_GOOD_LETTER = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*[^\w\s>]?([\w.:-]{1,40})""", re.IGNORECASE
)
_META = re.compile(rb"""<meta[^>]{0,200}?\bcharset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)


def _words(text: str) -> list[str]:
    return text.split()


# Charsets as on the web. Labels of small charsets mean the superset that software really uses.
# Codecs that are no charsets (zlib, hex…) and utf-7 are left out.
_SUPERSETS = dict(
    pair.split("=")
    for pair in _words(
        "ascii=cp1252 latin_1=cp1252 gb2312=gb18030 gbk=gb18030 big5=big5hkscs cp950=big5hkscs "
        "euc_kr=cp949 shift_jis=cp932 tis_620=cp874 iso8859_9=cp1254 iso8859_11=cp874"
    )
)
_SUPPORTED = frozenset(
    _words(
        "ascii big5 big5hkscs cp037 cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 "
        "cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp875 cp932 "
        "cp949 cp950 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 "
        "cp1256 cp1257 cp1258 euc_jp euc_jis_2004 euc_jisx0213 euc_kr gb2312 gbk gb18030 "
        "hp_roman8 hz iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 "
        "iso2022_jp_ext iso2022_kr latin_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 "
        "iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 "
        "iso8859_16 johab koi8_r koi8_t koi8_u kz1048 mac_cyrillic mac_greek mac_iceland "
        "mac_latin2 mac_roman mac_turkish ptcp154 shift_jis shift_jis_2004 shift_jisx0213 "
        "tis_620 utf_8 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be"
    )
)
_LABEL_ALIASES = dict(
    pair.split("=")
    for pair in _words(
        "x_gbk=gbk euc_cn=gb2312 x_euc_cn=gb2312 gb_2312=gb2312 gb_2312_80=gb2312 "
        "csgb2312=gb2312 gb18030=gb18030 x_x_big5=big5 big5_hkscs=big5hkscs cn_big5=big5 "
        "x_sjis=shift_jis windows_31j=cp932 ms_kanji=shift_jis x_euc_jp=euc_jp "
        "ks_c_5601_1987=euc_kr windows_949=cp949 windows_874=cp874 dos_874=cp874 x_cp1250=cp1250 "
        "x_cp1251=cp1251 x_cp1252=cp1252 koi8=koi8_r koi=koi8_r koi8_ru=koi8_u "
        "iso_8859_8_i=iso8859_8 x_mac_cyrillic=mac_cyrillic x_mac_roman=mac_roman unicode=utf_16 "
        "utf8mb4=utf_8 utf_8_sig=utf_8 unicode_1_1_utf_8=utf_8"
    )
)
# Charsets that the bytes would reveal: without that evidence the label is wrong.
_SELF_EVIDENT = frozenset(
    _words(
        "utf_8 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be cp037 cp273 cp424 cp500 "
        "cp875 cp1026 cp1140 hz iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 "
        "iso2022_jp_3 iso2022_jp_ext iso2022_kr"
    )
)
_ESCAPE_CHARSETS = {  # 7-bit, so valid UTF-8 too: the label counts if these bytes occur
    "iso2022": b"\x1b",
    "hz": b"~{",
}
_JIS = re.compile(rb"\x1b\$[@B][!-~]{2,2000}\x1b\([BJ]")  # these escapes occur in no other charset
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf_32_le"),
    (b"\x00\x00\xfe\xff", "utf_32_be"),
    (b"\xef\xbb\xbf", "utf_8"),
    (b"\xff\xfe", "utf_16_le"),
    (b"\xfe\xff", "utf_16_be"),
)
_ZERO_PATTERNS = {
    "000x": "utf_32_be",
    "x000": "utf_32_le",
    "0x0x": "utf_16_be",
    "x0x0": "utf_16_le",
}


def decode(content: bytes, *, content_type: str = "") -> str:
    """Decode a document; `content_type` is the header of the response."""
    return to_utf8(content, content_type=content_type).decode("utf-8")


def to_utf8(content: bytes, *, content_type: str = "") -> bytes:
    """Convert a document to valid UTF-8 without byte order mark, controls and surrogates."""
    label = _CHARSET.search(content_type[:500])
    header = label[1] if label else ""
    marked = _marked_codec(content)
    if marked is not None:
        mark, codec = marked
        content = content[len(mark) :]
        if codec == "utf_8":
            return _from_utf8(content)
        return _cleaned(content.decode(codec, "replace"))
    escaped = _escape_codec(content, header)
    if escaped:
        return _cleaned(content.decode(escaped, "replace"))
    return _from_utf8(content, header)


def maybe_utf8(content: bytes, *, content_type: str = "") -> bytes | None:
    """Return a document that may be UTF-8, without byte order mark; None if it is not or needs cleaning.

    For parsers that validate UTF-8 themselves: a second check would take half as long again.
    """
    marked = _marked_codec(content)
    if marked is not None and marked[1] != "utf_8":
        return None
    label = _CHARSET.search(content_type[:500])
    if _escape_codec(content, label[1] if label else "", deep=False):
        return None
    if b"\x7f" in content or _C1_BYTES.search(content):
        return None
    return content[len(marked[0]) :] if marked else content


def _marked_codec(content: bytes) -> tuple[bytes, str] | None:
    """Return the byte order mark and its codec; without one, the codec that the zero bytes show."""
    head = content[:4]
    for mark, codec in _BOMS:
        if head.startswith(mark):
            return mark, codec
    zeros = "".join("0" if byte == 0 else "x" for byte in head)
    wide = _ZERO_PATTERNS.get(zeros)
    return (b"", wide) if wide else None


def codec_of(label: str) -> str:
    """Return the codec of a charset label; empty if it is not supported."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    codec = _LABEL_ALIASES.get(name) or aliases.get(name) or name
    return codec if codec in _SUPPORTED else ""


def _labels(content: bytes, header: str) -> Iterator[str]:
    """Yield the codecs of the labels in header and document, the most trusted first."""
    head = content[:_HEAD_BYTES]
    if head.startswith(b"\x4c\x6f\xa7\x94"):  # `<?xm` in EBCDIC
        head = head.decode("cp037").encode("latin-1", "replace")
    names = [header]
    for pattern in (_DECLARED, _META):
        found = pattern.search(head)
        names.append(found[1].decode("ascii") if found else "")
    for name in names:
        if codec := codec_of(name):
            yield codec


def _escape_codec(content: bytes, header: str, *, deep: bool = True) -> str:
    """Return the codec of a labelled 7-bit charset or EBCDIC code page; empty if it is neither.

    `deep` also searches for escapes without a label.
    """
    ebcdic = content.startswith(b"\x4c\x6f\xa7\x94")
    for codec in _labels(content, header):
        if ebcdic and codec.startswith("cp"):
            return codec
        for family, marker in _ESCAPE_CHARSETS.items():
            if codec.startswith(family) and marker in content:
                return codec
    if deep and b"\x1b$" in content and _JIS.search(content):
        return "iso2022_jp"
    return "cp037" if ebcdic else ""


def _from_utf8(content: bytes, header: str = "") -> bytes:
    """Clean a document that is UTF-8 or nearly so; convert any other charset to UTF-8."""
    while content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":  # truncated within the last character
            return _from_utf8(content[: error.start], header)
        sample = content[max(0, error.start - 1_000) :][:_SAMPLE_BYTES]
        if _nearly_utf8(sample):
            return _cleaned(_lenient(content))
        return _cleaned(_from_other(content, header, sample[:_DETECTION_BYTES]))
    content = content.translate(None, _CONTROLS)
    if _C1_BYTES.search(content) or (b"\xef\xbf" in content and _NONCHARACTER.search(content)):
        return _cleaned(content.decode("utf-8"))
    return content


def _nearly_utf8(sample: bytes) -> bool:
    """Return whether a sample is UTF-8 apart from a few invalid bytes."""
    text = _ESCAPED_SURROGATE.sub("", sample.decode("utf-8", "surrogateescape"))
    bad = len(_BAD_BYTE.findall(text))
    good = len(_GOOD_LETTER.findall(text))
    # In other charsets some byte pairs are valid UTF-8 by chance, but isolated bytes are rare.
    return good * 2 >= bad * 3 or (good > 0 and len(_ISOLATED_BYTE.findall(text)) == bad)


def _lenient(content: bytes) -> str:
    """Decode UTF-8; an invalid byte is read as windows-1252."""
    text = content.decode("utf-8", "surrogateescape")
    text = _ESCAPED_PAIR.sub(_join_pair, text)
    text = _ESCAPED_SURROGATE.sub("", text)
    return text.translate(_BAD_BYTES)


def _join_pair(match: re.Match[str]) -> str:
    """Return the character of two surrogates that were encoded as UTF-8 (CESU-8)."""
    units = b"".join(
        group.encode("utf-8", "surrogateescape")
        for group in (f"\udced{match[1]}{match[2]}", f"\udced{match[3]}{match[4]}")
    )
    pair = units.decode("utf-8", "surrogatepass")
    return pair.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _western(code: int) -> str:
    """Return the windows-1252 character of a byte; empty for the five undefined bytes."""
    return bytes((code,)).decode("cp1252", "ignore")


_BAD_BYTES = {0xDC00 + code: _western(code) for code in range(0x80, 0x100)}
_C1_LETTERS = {code: _western(code) for code in range(0x80, 0xA0)}


def _cleaned(text: str) -> bytes:
    """Encode a text as UTF-8 without controls, surrogates and noncharacters."""
    text = text.lstrip("\ufeff")
    if _INVALID.search(text):
        text = _INVALID.sub(lambda match: _C1_LETTERS.get(ord(match[0]), ""), text)
    return text.encode("utf-8").translate(None, _CONTROLS)


def _from_other(content: bytes, header: str, sample: bytes) -> str:
    """Decode bytes that are not UTF-8, by label if it is plausible, else by detection."""
    labels = [_SUPERSETS.get(codec, codec) for codec in _labels(content, header)]
    labels = [codec for codec in labels if codec not in _SELF_EVIDENT]
    labels.sort(key="cp1252".__eq__)  # last, since it is a common server default
    best = _most_plausible(sample)
    for codec in labels:
        if codec == best or not _is_wrong_label(codec, best, sample):
            return content.decode(codec, "replace")
    return content.decode(best or _detect(sample), "replace")


# --- detection ------------------------------------------------------------------------------

# The most frequent letters: half of a Chinese text consists of these. A text that is decoded in
# the wrong charset contains hardly any of them.
_HAN = (
    "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能"
    "好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进"
    "把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使"
    "教西再平真听世气信北少关并内加化由却代军产入先山五太水万市系路别制百安利合比体放及数建结解期员度通特至京总表报闻网"
    "记者香港台湾央府主席统习近這個來們為時說會著過對她裡後麼沒發當還開見經頭無長動現將與點給問機幾業間電門東聽氣關產萬"
    "種聲話進實樣兩學從員總報聞網灣體數結統臺歲區處變應該運選議論議員認識讓請單獨號書語車達連邊。，、：；“”！？（）「」《》…—　"
)
_KANA = "".join(map(chr, range(0x3041, 0x30FD))) + "、。「」・ー　"
_HANGUL = (
    "이다의는에을가하고한로은를사지도기대시자인어정리수나라서해것전보부제일있그들스만아구주상과장동국선"
    "세게여원면니조비성공소며으적경했습미위신오안무관연개유"
)
_RUSSIAN = "оеаинтсрвлкмдпу"
_GREEK = "αοιετσνηυρπκμλς"
_CENTRAL = "ąćęłńóśźżěščřžýáíéúůőűďťňôľ„”"
_TURKISH = "ığşçöüâ"
_WESTERN = "éèàçùâêîôûäöüßñáíóúãõåæøëïìò’“”–…«»°€"
# For each charset: its frequent letters, and their share in an ordinary text.
_LETTER_STATISTICS: dict[str, tuple[frozenset[str], float]] = {
    codec: (frozenset(letters), share)
    for codec, letters, share in (
        ("cp1252", _WESTERN, 1.0),
        ("gb18030", _HAN, 0.55),
        ("big5hkscs", _HAN, 0.55),
        ("euc_jp", _KANA, 0.6),
        ("cp932", _KANA, 0.6),
        ("cp949", _HANGUL, 0.55),
        ("koi8_r", _RUSSIAN, 0.85),
        ("cp1251", _RUSSIAN, 0.85),
        ("iso8859_5", _RUSSIAN, 0.85),
        ("cp866", _RUSSIAN, 0.85),
        ("iso8859_7", _GREEK, 0.75),
        ("cp1253", _GREEK, 0.75),
        ("cp1255", "יוהלארתבמשנדכעקםטחפצגזןסךף", 1.0),
        ("cp1256", "الينموربتعدسفهةكقحجأىإ", 0.95),
        ("iso8859_6", "الينموربتعدسفهةكقحجأىإ", 0.95),
        ("cp874", "านรอกเงวมยลทดตสคปบหะ่้ัีิแไ", 0.85),
        ("cp1250", _CENTRAL, 1.0),
        ("iso8859_2", _CENTRAL, 1.0),
        ("cp1254", _TURKISH, 1.0),
    )
}
_EAST_ASIAN = frozenset(("gb18030", "big5hkscs", "euc_jp", "cp932", "cp949"))
_LATIN = frozenset(("cp1252", "cp1250", "iso8859_2", "cp1254"))
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{2,}")


def _plausibility(codec: str, sample: bytes) -> float:
    """Return how plausible a sample is in this charset: about 1 for ordinary text, near 0 for noise."""
    known, share = _LETTER_STATISTICS[codec]
    letters = [char for char in sample.decode(codec, "replace") if char > "\x7f"]
    score = sum(1.0 if char in known else 0.3 * (char.lower() in known) for char in letters)
    adjacent = _adjacent_share(sample)
    fits = 1 - adjacent if codec in _LATIN else min(1.0, adjacent * 1.3)
    return score / max(len(letters), 1) / share * fits


def _adjacent_share(sample: bytes) -> float:
    """Return the share of high bytes next to another one: low for Latin scripts, high for others."""
    high = len(_HIGH.findall(sample))
    return sum(map(len, _HIGH_RUN.findall(sample))) / max(high, 1)


def _most_plausible(sample: bytes) -> str:
    """Return the most plausible charset; empty if none is plausible."""
    scores = {codec: _plausibility(codec, sample) for codec in _LETTER_STATISTICS}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= (0.35 if best in _EAST_ASIAN else 0.6) else ""


def _is_wrong_label(codec: str, best: str, sample: bytes) -> bool:
    """Return whether a label is clearly wrong, given the most plausible charset."""
    if not best or len(_HIGH.findall(sample)) < 12:
        return False
    labelled = _plausibility(codec, sample) if codec in _LETTER_STATISTICS else 0.2
    return _plausibility(best, sample) > max(0.35, 3 * labelled)


def _detect(sample: bytes) -> str:
    """Detect the charset of the text between tags by charset_normalizer; by default windows-1252."""
    text = b"\n".join(re.findall(rb"[^<>]*[\x80-\xff][^<>]*", sample))
    if len(_HIGH.findall(text)) <= min(12, len(re.findall(rb"[A-Za-z]", text))):
        return "cp1252"
    # slow to import, and few documents are of an unknown charset
    from charset_normalizer import from_bytes  # noqa: PLC0415

    found = from_bytes(text).best()
    codec = codec_of(found.encoding) if found else ""
    return _SUPERSETS.get(codec, codec) or "cp1252"
