"""The few words that we add to an entry, in its own language; one line adds a language."""

from typing import NamedTuple

from aggregator import text


class Words(NamedTuple):
    """What stands over the list of the other publishers, and the mark behind a copy."""

    also: str
    same_text: str


_ENGLISH = Words("Also reported by", " (same text)")
_SIMPLIFIED = Words("其他报道", "（文字相同）")
_TRADITIONAL = Words("其他報導", "（文字相同）")
_TABLE = {
    "en": _ENGLISH,
    "zh": _SIMPLIFIED,
    "zh-hans": _SIMPLIFIED,
    "zh-cn": _SIMPLIFIED,
    "zh-sg": _SIMPLIFIED,
    "zh-hant": _TRADITIONAL,
    "zh-tw": _TRADITIONAL,
    "zh-hk": _TRADITIONAL,
    "zh-mo": _TRADITIONAL,
    "yue": _TRADITIONAL,
}


def choose(language: str, sample: str) -> Words:
    """Return the words for a language tag; a sample of the text decides what the tag leaves open."""
    tag = language.casefold()
    if tag in {"", "zh", "und"}:
        seen = text.script(sample)
        return {"Hant": _TRADITIONAL, "Hans": _SIMPLIFIED, "Hani": _SIMPLIFIED}.get(seen, _ENGLISH)
    while tag:
        if tag in _TABLE:
            return _TABLE[tag]
        tag = tag.rpartition("-")[0]
    return _ENGLISH
