"""What English words need before they are compared: no function words, one form for many, names."""

import re

_FUNCTION = frozenset(
    "a about above after again against ago all almost along already also although always am among an "
    "and another any anyone anything are around as at away back be became because become been before "
    "began behind being below best better between both but by came can cannot come could day days did "
    "do does doing done down during each early either else end enough even ever every everyone far few "
    "first five for four from full gave get give given go goes going gone good got had has have having he "
    "her here hers herself him himself his how however i if in including inside instead into is it its "
    "itself just keep kept kind know known last late later least left less let like likely little long "
    "look made make makes making man many may me mean might mine month months more most much must my "
    "myself near need never new next no nobody none nor not nothing now of off often old on once one "
    "only onto or other others our ours ourselves out outside over own part past people per perhaps place "
    "point put quite rather really right said same saw say saying says second see seem seemed seems seen "
    "several shall she should show showed side since six so some someone something soon still such "
    "take taken tell ten than that the their theirs them themselves then there these they thing things "
    "think third this those though three through time times to today together told too took toward "
    "towards tuesday turn twice two under until up upon us use used using very want wanted was way we "
    "week weeks well went were what when where whether which while who whole whom whose why will with "
    "within without would year years yes yesterday yet you your yours yourself monday wednesday thursday "
    "friday saturday sunday according don isn wasn didn doesn couldn wouldn re ve ll mr mrs ms via "
    "report reports reported news latest update updates video photos story read click".split()
)
_VOWEL = re.compile(r"[aeiouy]")
_NAME = re.compile(r"(?<=[a-z,;)’'A-Z]\s)[A-Z][^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]{2,}")


def stem(word: str) -> str:
    """Return a lower-case word without its commonest endings; '' for a function word."""
    if word in _FUNCTION:
        return ""
    if len(word) < 5 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s"):
        root = word.removesuffix(ending)
        long_enough = len(root) >= 3 and _VOWEL.search(root)
        if root != word and long_enough and not (ending == "s" and root.endswith("s")):
            return root.removesuffix("e")
    return word.removesuffix("e")


def names(title: str, body: str) -> frozenset[str]:
    """Return the lower-case words that are written with a capital inside sentences.

    A title in which nearly every word has one tells nothing.
    """
    found = {word.lower() for word in _NAME.findall(body)}
    title_words = _WORD.findall(title)
    raised = sum(word[0].isupper() for word in title_words)
    if raised * 10 <= len(title_words) * 6:
        found.update(word.lower() for word in _NAME.findall(title))
    return frozenset(stem(word) for word in found - _FUNCTION)
