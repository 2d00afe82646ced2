"""Dates as the world writes them: dots, names of months, other calendars."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text import dates
from aggregator.text.dates import calendars, months

DAY = datetime(2024, 11, 15, tzinfo=UTC)
DAYS = st.dates(min_value=date(1990, 1, 2), max_value=date(2099, 12, 31))
LANGUAGES = st.sampled_from(("", "de", "en-US", "en", "ja", "ko", "zh-CN", "ar", "hu", "fi"))

# The fifteenth of November 2024.
IN_WORDS = {
    "af": "15 November 2024",
    "ar": "15 تشرين الثاني 2024|١٥ نوفمبر ٢٠٢٤",
    "az": "15 noyabr 2024",
    "be": "15 лістапада 2024",
    "bg": "15 ноември 2024 г.",
    "bn": "১৫ নভেম্বর, ২০২৪",
    "ca": "15 de novembre de 2024",
    "cs": "15. listopadu 2024|listopad 15, 2024|15 lis 2024",
    "cy": "15 Tachwedd 2024",
    "da": "fredag den 15. november 2024",
    "de": "Freitag, 15. November 2024|15. Nov. 24|15. November ’24",
    "el": "15 Νοεμβρίου 2024|ΝΟΕΜΒΡΙΟΣ 15, 2024|15 Νοέ 2024",
    "en": "15 Nov. 2024|November 15th, 2024|Nov 15 2024|the 15th of November, 2024|2024-Nov-15",
    "es": "15 de noviembre de 2024|15 noviembre, 2024|15-nov-2024",
    "et": "15. november 2024",
    "eu": "2024ko azaroaren 15a",
    "fa": "۱۵ نوامبر ۲۰۲۴",
    "fi": "15. marraskuuta 2024|marraskuu 15, 2024|15 marras 2024",
    "fil": "Nobyembre 15, 2024",
    "fr": "ven. 15 nov. 2024|15 novembre 2024",
    "ga": "15 Samhain 2024",
    "gl": "15 de novembro de 2024",
    "he": "15 בנובמבר 2024|15 ב-נובמבר 2024",
    "hi": "15 नवंबर 2024",
    "hr": "15. studenoga 2024.|studeni 15, 2024|15. stu 2024",
    "hu": "2024. november 15.|2024. nov. 15.",
    "hy": "15 նոյեմբերի, 2024 թ.",
    "id": "15 November 2024",
    "is": "15. nóvember 2024",
    "it": "15 novembre 2024",
    "ka": "15 ნოემბერი, 2024",
    "kk": "2024 ж. 15 қараша",
    "km": "១៥ វិច្ឆិកា ២០២៤",
    "lo": "15 ພະຈິກ 2024",
    "lt": "2024 m. lapkričio 15 d.|lapkritis 15, 2024",
    "lv": "2024. gada 15. novembris",
    "mk": "15 ноември 2024",
    "ml": "15 നവംബർ 2024",
    "mn": "2024 оны 11-р сарын 15",
    "ms": "15 November 2024",
    "nb": "15. november 2024",
    "nl": "15 november 2024",
    "pl": "15 listopada 2024|listopad 15, 2024|15 lis 2024|15.XI.2024",
    "pt": "15 de novembro de 2024|15º de novembro de 2024",
    "ro": "15 noiembrie 2024",
    "ru": "15 ноября 2024 г.|ноябрь 15, 2024|15 нояб. 2024",
    "sk": "15. novembra 2024",
    "sl": "15. november 2024",
    "sq": "15 nëntor 2024",
    "sr": "15. новембар 2024|15. novembar 2024.",
    "sv": "15 november 2024",
    "sw": "15 Novemba 2024",
    "ta": "15 நவம்பர் 2024",
    "th": "15 พฤศจิกายน 2024|15 พ.ย. 2024",
    "tr": "15 Kasım 2024 Cuma|15 KASIM 2024",
    "uk": "15 листопада 2024 р.|Листопад 15, 2024",
    "vi": "15 tháng 11, 2024|Ngày 15 tháng 11 năm 2024|15 Tháng Mười Một, 2024|Thg 11 15, 2024",
}
WORDED = [(language, text) for language, texts in IN_WORDS.items() for text in texts.split("|")]


@pytest.mark.parametrize(("language", "text"), WORDED)
def test_months_have_names_in_many_languages(language: str, text: str) -> None:
    assert dates.parse(text, language=language) == DAY


@pytest.mark.parametrize(("language", "text"), WORDED)
def test_a_time_may_stand_behind_them(language: str, text: str) -> None:
    assert dates.parse(f"{text} 15:26", language=language) == DAY.replace(hour=15, minute=26)


def test_each_name_of_the_table_means_its_month() -> None:
    plain, several = months._table()
    wrong = [
        name
        for name, month in plain.items()
        if dates.parse(f"15 {name} 2024") != datetime(2024, month, 15, tzinfo=UTC)
    ]
    assert len(plain) > 1_000
    assert wrong == []
    for name, meanings in several.items():
        assert dates.parse(f"15 {name} 2024") is None
        for language, month in meanings.items():
            found = dates.parse(f"15 {name} 2024", language=language)
            assert found == datetime(2024, month, 15, tzinfo=UTC)


AMBIGUOUS = [
    ("15 listopada 2024", "pl", 11),
    ("15 listopada 2024", "pl_PL", 11),
    ("15 listopada 2024", "hr-HR", 10),
    ("Pt, 15 lip 2024 10:00:00 +0100", "pl", 7),
    ("Sub, 15 lip 2024 10:00:00 +0100", "hr", 6),
    ("15 srp 2024", "cs", 8),
    ("15 srp 2024", "hr", 7),
    ("15 lis 2024 10:00:00", "", 0),
    ("15 listopada 2024", "", 0),
    ("15 listopada 2024", "en-US", 0),
]


@pytest.mark.parametrize(("text", "language", "month"), AMBIGUOUS)
def test_the_language_decides_between_the_months_of_one_name(
    text: str, language: str, month: int
) -> None:
    found = dates.parse(text, language=language)
    assert (found.month if found else 0) == month


DOTTED = [
    ("Mi, 21.04.2021 - 15:26", "2021-04-21 15:26"),
    ("08.04.2021 15:26", "2021-04-08 15:26"),
    ("8.4.2021", "2021-04-08 00:00"),
    ("8.4.21 9:05", "2021-04-08 09:05"),
    ("8. 4. 2021 9:05", "2021-04-08 09:05"),
    ("08.04.2021, 15.26 Uhr", "2021-04-08 15:26"),
    ("Donnerstag, 08.04.2021 um 15 Uhr", "2021-04-08 15:00"),
    ("08.04.2021 um 15 Uhr 26", "2021-04-08 15:26"),
    ("Do., 8.4.21, 15:26 Uhr MESZ", "2021-04-08 13:26"),
    ("08.04.2021 klo 15.26", "2021-04-08 15:26"),
    ("15.26 08.04.2021", "2021-04-08 15:26"),
    ("15.26.33 08.04.2021", "2021-04-08 15:26"),
    ("08.04.2021 г. 15:26", "2021-04-08 15:26"),
    ("08.04.2021r. godz. 15:26", "2021-04-08 15:26"),
    ("08.04.2021T15:26:33+02:00", "2021-04-08 13:26"),
    ("08.04.2021 3:26 PM", "2021-04-08 15:26"),
    ("08.04.2021 3:26 p.m.", "2021-04-08 15:26"),
    ("08.04.2021.", "2021-04-08 00:00"),
    ("04.20.2024", "2024-04-20 00:00"),  # no other way
    ("2021.04.08", "2021-04-08 00:00"),
    ("15-Nov-24 10.30.00 AM", "2024-11-15 10:30"),
]


@pytest.mark.parametrize(("text", "moment"), DOTTED)
@pytest.mark.parametrize("language", ["", "en-US", "de", "zh-CN"])
def test_dots_mean_the_day_first(text: str, moment: str, language: str) -> None:
    if language == "zh-CN" and ".21" in text:
        return
    found = dates.parse(text, language=language)
    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == moment


@given(DAYS, LANGUAGES)
def test_dots_mean_the_day_first_whatever_the_language(day: date, language: str) -> None:
    expected = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert dates.parse(f"{day:%d.%m.%Y}", language=language) == expected
    assert dates.parse(f"{day.day}.{day.month}.{day.year} 00:00", language=language) == expected


OTHER_CALENDARS = [
    ("15 พฤศจิกายน 2567", ""),
    ("15 พฤศจิกายน พ.ศ. 2567", ""),
    ("15 พ.ย. 67", ""),
    ("๑๕ พฤศจิกายน ๒๕๖๗", ""),
    ("15/11/2567", "th"),
    ("2567-11-15", "th"),
    ("Fri, 15 Nov 2567 00:00:00 +0000", "th-TH"),
    ("令和6年11月15日", ""),
    ("R6.11.15", "ja"),
    ("令和6.11.15", ""),
    ("民國113.11.15", ""),
    ("113/11/15", "zh-TW"),
    ("1403/08/25", "fa"),
    ("25 آبان 1403", ""),
    ("پنجشنبه ۲۵ آبان ۱۴۰۳", "fa"),
    ("13 رجب 1446 هـ - 15 نوفمبر 2024", "ar"),
]


@pytest.mark.parametrize(("text", "language"), OTHER_CALENDARS)
def test_other_calendars_are_read(text: str, language: str) -> None:
    assert dates.parse(text, language=language) == DAY


UNCERTAIN = [
    ("2 hours ago, 15 Nov 2024", "en"),
    ("15/11/2567", ""),
    ("2567-11-15T10:00:00Z", ""),
    ("Fri, 15 Nov 2567 10:00:00 +0000", ""),
    ("4357-11-15", ""),
    ("1403/08/25", ""),
    ("13 جمادى الأولى 1446", "ar"),
    ("1446/05/13", "ar"),
    ("13-05-1446", "ar"),
    ("农历2024年10月15日", "zh"),
    ("農曆 2024年10月15日", "zh"),
    ("R6.11.15", ""),
    ("昭和63年11月15日", "ja"),
    ("113/11/15", ""),
    ("2081-08-01", "ne"),
    ("24.11.15", "ko"),
    ("24-11-15", ""),
    ("20/04/24", ""),
    ("31.02.2024", "de"),
    ("31.02.24", ""),
    ("21.04.", "de"),
    ("20 kwietnia 15:26", "pl"),
    ("20 kwietnia 15.26", "pl"),
    ("20 апреля 18 часов", "ru"),
    ("20 Märzz 2024", "de"),
    ("20 Marchand 2024", ""),
    ("20 Juniper 2024", ""),
    ("15 Decimal 2024", ""),
    ("1.2.3.4", ""),
    ("3.11.2", ""),
    ("10.0.0.1", ""),
]


@pytest.mark.parametrize(("text", "language"), UNCERTAIN)
def test_a_wrong_date_is_worse_than_none(text: str, language: str) -> None:
    assert dates.parse(text, language=language) is None


@given(st.sampled_from(sorted(months.ENGLISH)), st.text("bdfghqxz", min_size=1, max_size=5))
def test_the_first_letters_of_a_word_are_no_month(name: str, rest: str) -> None:
    assert dates.parse(f"15 {name}{rest} 2024") is None


PERSIAN_NEW_YEARS = [
    (1375, date(1996, 3, 20)),
    (1379, date(2000, 3, 20)),
    (1396, date(2017, 3, 21)),
    (1400, date(2021, 3, 21)),
    (1403, date(2024, 3, 20)),
    (1404, date(2025, 3, 21)),
    (1408, date(2029, 3, 20)),
]


@pytest.mark.parametrize(("year", "day"), PERSIAN_NEW_YEARS)
def test_the_year_of_iran_begins_in_spring(year: int, day: date) -> None:
    assert calendars.from_persian(year, 1, 1) == day
    before = calendars.from_persian(year - 1, 12, 30) or calendars.from_persian(year - 1, 12, 29)
    assert before == day - timedelta(days=1)


@pytest.mark.parametrize(
    "parts", [(1403, 13, 1), (1403, 7, 31), (1402, 12, 30), (1446, 0, 1), (1300, 1, 1)]
)
def test_what_the_calendar_of_iran_lacks_is_none(parts: tuple[int, int, int]) -> None:
    assert calendars.from_persian(*parts) is None
