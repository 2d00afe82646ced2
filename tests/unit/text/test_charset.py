"""Bytes of every making → text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.charset import codec_of, decode, to_utf8
from tests.waiting import cpu_time

CHINESE = "渡轮公司宣布新的码头今年开放，这是一个好消息。"
TRADITIONAL = "渡輪公司宣布新的碼頭今年開放，這是一個好消息。"
XML = '<?xml version="1.0" encoding="{}"?><t>{}</t>'

LABELLED = [
    ("utf-8", "", CHINESE, "utf-8"),
    ("utf-8", "text/xml", CHINESE, "utf-8"),
    ("utf-8", "text/xml; charset=iso-8859-1", CHINESE, "utf-8"),
    ("gb2312", "text/xml; charset=utf-8", CHINESE, "utf-8"),
    ("x-nonesuch", "text/xml; charset=x-nonesuch", CHINESE, "utf-8"),
    ("zlib", "text/xml; charset=hex", CHINESE, "utf-8"),
    ("gb2312", "", CHINESE + "臺灣", "gbk"),
    ("GBK", "text/xml; charset=GBK", CHINESE, "gb18030"),
    ("utf-8", "text/xml; charset=utf-8", CHINESE, "gb18030"),
    ("iso-8859-1", "text/xml; charset=iso-8859-1", CHINESE, "gb18030"),
    ("big5", "", TRADITIONAL, "big5"),
    ("gb2312", "", TRADITIONAL, "big5"),
    ("utf-16", "", CHINESE, "utf-16"),
    ("utf-16", "text/xml; charset=utf-16le", CHINESE, "utf-16-le"),
    ("utf-16", "", CHINESE, "utf-16-be"),
    ("utf-32", "", CHINESE, "utf-32"),
    ("utf-32", "", CHINESE, "utf-32-le"),
    ("utf-32", "", CHINESE, "utf-32-be"),
    ("iso-8859-1", "", CHINESE, "utf-8-sig"),
    ("shift_jis", "", "港の新しい桟橋が今年開きます。", "cp932"),
    ("euc-jp", "", "港の新しい桟橋が今年開きます。", "euc_jp"),
    ("iso-2022-jp", "", "港の新しい桟橋が今年開きます。", "iso2022_jp"),
    ("euc-kr", "", "항구의 새로운 부두가 올해 문을 엽니다.", "cp949"),
    ("hz", "", "渡轮公司", "hz"),
    ("windows-1251", "", "Новый причал откроется в этом году.", "cp1251"),
    ("koi8-r", "", "Новый причал откроется в этом году.", "koi8-r"),
    ("iso-8859-1", "", "Größe “déjà vu” – 5 €", "cp1252"),
    ("us-ascii", "", "Größe", "cp1252"),
    ("cp037", "", "Grosse 1 < 2", "cp037"),
    ("ebcdic-cp-us", "", "Grosse", "cp037"),
    ("ISO_8859-2:1987", "", "Nowe nabrzeże już otwarte", "iso8859-2"),
]


@pytest.mark.parametrize(
    ("label", "header", "text", "codec"),
    LABELLED,
    ids=[f"{codec} as {label} {header[9:]}" for label, header, _, codec in LABELLED],
)
def test_reads_what_was_written(label: str, header: str, text: str, codec: str) -> None:
    written = XML.format(label, text)
    assert decode(written.encode(codec), content_type=header) == written


UNLABELLED = [
    (CHINESE, "gb18030"),
    (TRADITIONAL, "big5"),
    ("港の新しい桟橋が今年開きます。", "cp932"),
    ("港の新しい桟橋が今年開きます。", "euc_jp"),
    ("港の新しい桟橋が今年開きます。", "iso2022_jp"),
    ("항구의 새로운 부두가 올해 문을 엽니다.", "cp949"),
    ("Новый причал откроется в этом году для всех.", "cp1251"),
    ("Новый причал откроется в этом году для всех.", "koi8-r"),
    ("Η νέα προβλήτα ανοίγει φέτος για όλους τους κατοίκους.", "iso8859-7"),
    ("המזח החדש ייפתח השנה לכל התושבים", "cp1255"),
    ("يفتح الرصيف الجديد هذا العام لجميع السكان", "cp1256"),
    ("ท่าเรือใหม่จะเปิดให้บริการในปีนี้", "cp874"),
    ("Die neue Anlegestelle öffnet dieses Jahr für alle – endlich.", "cp1252"),
    ("Größe", "cp1252"),
    (
        "Nowe nabrzeże zostanie otwarte w tym roku dla wszystkich mieszkańców, również łodzi",
        "cp1250",
    ),
]


@pytest.mark.parametrize(("text", "codec"), UNLABELLED, ids=[codec for _, codec in UNLABELLED])
def test_guesses_by_frequent_letters(text: str, codec: str) -> None:
    assert decode(f"<t>{text}</t>".encode(codec)) == f"<t>{text}</t>"


def test_asks_the_general_detector_for_what_no_table_knows() -> None:
    text = "Ново пристанище ће бити отворено ове године. Љубитељи џеза, њихове ћерке и ђаци."
    assert "<t>" in decode(f"<t>{text * 3}</t>".encode("mac_cyrillic"))


DROPPED = [
    (b"a\x00b\x01\x08\x0b\x1f\x7fc\t\n\r", "abc\t\n\r"),
    ("a\ufffe\uffffb".encode(), "ab"),
    (b"\xef\xbb\xbf\xef\xbb\xbfa", "a"),
    ("don\u0092t \u0081".encode(), "don’t "),
    ("é \u4e2d".encode() + b" \x93x\x94", "é 中 “x”"),
    ("中".encode() + b"\xed\xa0\xbd\xed\xb8\x80.", "中😀."),
    ("中".encode() + b"\xed\xa0\xbd.", "中."),
    ("中国".encode()[:-1], "中"),
    ("中文中文中文".encode() + b"\x81 ", "中文中文中文 "),
    ("\ufeffa\x00b".encode("utf-16-le"), "ab"),
    (b"", ""),
]


@pytest.mark.parametrize(("content", "text"), DROPPED)
def test_drops_what_is_no_letter(content: bytes, text: str) -> None:
    assert decode(content) == text


def test_one_bad_byte_costs_one_letter_in_a_labelled_set() -> None:
    content = CHINESE.encode("gb18030") + b"\xff " + CHINESE.encode("gb18030")
    text = decode(content, content_type="text/xml; charset=gbk")
    assert text.replace("\ufffd", "?") == f"{CHINESE}? {CHINESE}"


@pytest.mark.parametrize(
    "label",
    [
        "utf-7",
        "hex",
        "zlib",
        "rot13",
        "idna",
        "punycode",
        "unicode_escape",
        "undefined",
        "mbcs",
        "",
    ],
)
def test_never_uses_what_is_no_charset(label: str) -> None:
    assert codec_of(label) == ""
    assert decode(b"+ADw-script+AD4-", content_type=f"text/xml; charset={label}").startswith("+ADw")


@pytest.mark.parametrize(
    ("label", "codec"),
    [("UTF8", "utf_8"), ("x-gbk", "gbk"), ("Windows-1252", "cp1252"), ("latin1", "latin_1")],
)
def test_knows_labels_by_all_their_names(label: str, codec: str) -> None:
    assert codec_of(label) == codec


@pytest.mark.parametrize("label", ["utf-16", "cp037", "iso-2022-kr", "utf-32be"])
def test_a_label_without_its_sign_is_a_lie(label: str) -> None:
    written = f"<t>{CHINESE}</t>"
    assert decode(written.encode("gbk"), content_type=f"a/b; charset={label}") == written


@pytest.mark.parametrize(
    "content",
    [
        b"<t>" + CHINESE.encode("gbk") * 40_000,
        CHINESE.encode() * 500 + b"\xff" * 4_000_000,
        bytes(range(128, 256)) * 20_000,
        b"\x1b$B" * 500_000,
        b"<?xml " * 300_000,
        b"<meta " * 300_000 + b"\xff",
    ],
    ids=["gbk", "bad bytes", "all bytes", "escapes", "declarations", "metas"],
)
def test_is_done_in_bounded_time(content: bytes) -> None:
    with cpu_time(10):
        decode(content)


@given(st.binary(max_size=300), st.sampled_from(["", "text/xml; charset=gbk", "a; charset=hz"]))
def test_always_gives_clean_utf8(content: bytes, header: str) -> None:
    text = to_utf8(content, content_type=header).decode("utf-8")
    assert not any(char in text for char in "\x00\x01\x1f\x7f\x85\ufffe\uffff")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufeff")))
def test_text_in_utf8_comes_back(text: str) -> None:
    assert decode(text.encode()) == text
