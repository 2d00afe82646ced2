# /// script
# requires-python = ">=3.11"
# dependencies = ["babel==2.19.0"]
# ///
"""Write aggregator/text/dates/months.txt: the names of months in many languages, from CLDR.

    uv run tools/months.py          (or any Python that has babel)

The names are data of the Unicode CLDR, which babel carries: Unicode License v3, whose text
(LICENSE.unicode) stands beside the table.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import babel
from babel.localedata import locale_identifiers

OUTPUT = Path(__file__).parent.parent / "aggregator" / "text" / "dates" / "months.txt"
LANGUAGES = frozenset(
    """
    af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fil fo fr fy ga gl gu ha
    he hi hr hu hy id is it ka kk km kn ku ky lb lo lt lv mk ml mr ms mt my nb ne nl nn no or pa
    pl ps pt ro ru rw si sk sl so sq sr sv sw ta te tg th tk tr tt uk ur uz zu
    """.split()
)
# Common forms that CLDR does not have, by language, January first.
MORE = {
    "en": "jan feb mar apr may jun jul aug sep/sept oct nov dec",
    "de": "jän/januar feb/feber mär/mrz apr mai jun jul aug sep okt nov dez",
    "fr": "janv/jan fév/févr mars/mar avr mai juin juil/jul août/aoû/aou sept/sep oct nov déc",
    "it": "gen/genn feb/febb mar apr mag giu lug ago set/sett ott nov dic",
    "el": "ιαν φεβ μαρ/μάρ απρ μαϊ/μαι/μάι ιουν/ιον ιουλ/ιολ αυγ/αύγ σεπ/σεπτ οκτ νοε δεκ",
    "hu": "jan febr márc ápr máj jún júl aug szept okt nov dec",
    "ru": "янв фев/февр мар апр май/мая июн июл авг сен/сент окт ноя/нояб дек",
    "pl": "sty lut mar kwi/kwie maj cze/czerw lip/lipc sie/sierp wrz/wrześ paź/paźdz lis/listop gru/grudz",
    "vi": "tháng_một/tháng_giêng tháng_hai tháng_ba tháng_tư tháng_năm tháng_sáu tháng_bảy"
    " tháng_tám tháng_chín tháng_mười tháng_mười_một tháng_mười_hai/tháng_chạp",
}


def bare(name: str) -> str:
    """Return a name as the reader of dates compares it; it has the same function."""
    parts = unicodedata.normalize("NFD", name.lower().replace("ı", "i").replace("’", "'"))
    return "".join(char for char in parts if not unicodedata.combining(char)).strip(" .")


def forms(language: str, name: str) -> Iterator[str]:
    """Yield the forms in which a name stands in dates of a language."""
    short = name.strip(" .'")
    yield short
    if language == "ca":  # the preposition is read apart
        yield short.removeprefix("de ").removeprefix("d'")
    elif language == "he":
        yield f"ב{short}"
    elif language == "eu" and short.endswith("a"):
        yield f"{short}ren"


def found() -> dict[str, dict[int, set[str]]]:
    """Return the languages of each name by the month that it means there."""
    names: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for identifier in locale_identifiers():
        language = identifier.split("_")[0]
        if language not in LANGUAGES:
            continue
        months = babel.Locale.parse(identifier).months
        for width in ("wide", "abbreviated"):
            for context in months.values():
                for month, name in context.get(width, {}).items():
                    for form in forms(language, bare(name)):
                        names[form][month].add(language)
    for language, line in MORE.items():
        for month, several in enumerate(line.split(), 1):
            for name in several.split("/"):
                names[bare(name).replace("_", " ")][month].add(language)
    return names


def _fit(name: str) -> bool:
    """Say whether a name can be told from other words: no numbers, no words of two letters."""
    if any(char.isdigit() or ord(char) > 0xFFFF for char in name):
        return False
    return len(name) > 2 or (len(name) == 2 and not name.isascii())


def main() -> None:
    """Write the table: the names of each month, then those that mean several."""
    names = {name: months for name, months in sorted(found().items()) if _fit(name)}
    lines = [
        f"# Names of months without accents: Unicode CLDR (babel {babel.__version__}); tools/months.py",
        "# Copyright Unicode, Inc. SPDX-License-Identifier: Unicode-3.0 (unicode.org/license.txt)",
    ]
    for month in range(1, 13):
        own = [name.replace(" ", "_") for name, months in names.items() if set(months) == {month}]
        lines.append(f"{month}\t{' '.join(own)}")
    for name, months in names.items():
        if len(months) > 1:
            said = " ".join(
                f"{one}={m}" for m, whose in sorted(months.items()) for one in sorted(whose)
            )
            lines.append(f"{name.replace(' ', '_')}\t{said}")
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
