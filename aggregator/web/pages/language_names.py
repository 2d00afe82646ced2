"""The names of languages, each in itself."""

_NAMES = dict(
    pair.split(":")
    for pair in (
        "ar:العربية bg:Български bn:বাংলা ca:Català cs:Čeština da:Dansk de:Deutsch el:Ελληνικά en:English"
        " es:Español et:Eesti fa:فارسی fi:Suomi fr:Français he:עברית hi:हिन्दी hr:Hrvatski hu:Magyar"
        " id:Indonesia it:Italiano ja:日本語 ko:한국어 lt:Lietuvių lv:Latviešu ms:Melayu nb:Norsk nl:Nederlands"
        " no:Norsk pl:Polski pt:Português ro:Română ru:Русский sk:Slovenčina sl:Slovenščina sr:Српски"
        " sv:Svenska sw:Kiswahili ta:தமிழ் th:ไทย tr:Türkçe uk:Українська ur:اردو vi:Tiếng·Việt yue:粵語 zh:中文"
    ).split(" ")
)


def language_name(tag: str) -> str:
    """Return the name of a language; the tag if it is not known."""
    return _NAMES.get(tag, tag).replace("·", " ")
