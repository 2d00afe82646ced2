"""The phrases that we add to an entry, in its language; add a language as one more block."""

from typing import NamedTuple

from aggregator.text import fold


class Words(NamedTuple):
    """The phrases of the list of other reports of a story, and of the page behind its links."""

    tag: str  # the language tag
    also: str  # heading of the list
    same_text: str  # after a copy
    split: str  # the link that removes a report from the story
    question: str
    report: str
    story: str
    will: str  # explains what confirming does
    agree: str
    kept: str  # shown after confirming
    apart: str
    back: str
    digest: str  # title of a digest
    publishers: str  # how many report a story, before their names
    separator: str  # between their names


_ENGLISH = Words(
    tag="en",
    also="Also reported by",
    same_text=" (same text)",
    split="not the same story",
    question="Not the same story?",
    report="This report",
    story="is part of this story",
    will="If it is about something else, take it out. The next run then gives it a story of its own,"
    " and it will not return to this one. The correction is permanent; the owner can undo it with"
    " “aggregator stories join”.",
    agree="Take it out",
    kept="Saved. The next run gives this report a story of its own; feeds show it from then on.",
    apart="This report is no longer part of that story. There is nothing to do.",
    back="To the newest stories",
    digest="{title}, {day} {month_name} {year}",
    publishers="{count} publishers: ",
    separator=", ",
)
_SIMPLIFIED = Words(
    tag="zh-Hans",
    also="其他报道",
    same_text="（文字相同）",
    split="不是同一件事",
    question="不是同一件事？",
    report="这篇报道",
    story="目前归在这件事之下",
    will="如果它讲的是另一件事，可以把它移出去。下次运行时它会自成一件事，不会再归回这里。"
    "这项更正会一直保留；管理者可以用“aggregator stories join”撤回。",
    agree="移出去",
    kept="已记下。下次运行时这篇报道会自成一件事，此后订阅源中也会如此显示。",
    apart="这篇报道已经不在那件事之下，无需再做什么。",
    back="查看最新报道",
    digest="{title}，{year}年{month}月{day}日",
    publishers="{count} 家媒体：",
    separator="、",
)
_TRADITIONAL = Words(
    tag="zh-Hant",
    also="其他報導",
    same_text="（文字相同）",
    split="不是同一件事",
    question="不是同一件事？",
    report="這篇報導",
    story="目前歸在這件事之下",
    will="如果它講的是另一件事，可以把它移出去。下次執行時它會自成一件事，不會再歸回這裡。"
    "這項更正會一直保留；管理者可以用「aggregator stories join」撤回。",
    agree="移出去",
    kept="已記下。下次執行時這篇報導會自成一件事，此後訂閱源中也會如此顯示。",
    apart="這篇報導已經不在那件事之下，無需再做什麼。",
    back="查看最新報導",
    digest="{title}，{year}年{month}月{day}日",
    publishers="{count} 家媒體：",
    separator="、",
)
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

_SAMPLE_CHARACTERS = 300  # of a text, to detect its script
_RTL_LANGUAGES = frozenset("ar ckb dv fa he iw ks nqo ps sd syr ug ur yi".split())
_RTL_SCRIPTS = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo"})


def is_right_to_left(language: str, sample: str) -> bool:
    """Return whether a text is right-to-left, by its language tag, else by a sample of it."""
    primary, *parts = language.casefold().replace("_", "-").split("-")
    script = next((part for part in parts if len(part) == 4 and part.isalpha()), "")
    if script:
        return script in _RTL_SCRIPTS
    if primary and primary != "und":
        return primary in _RTL_LANGUAGES
    return fold.script(sample) in {"Arab", "Hebr"}


def choose(language: str, title: str = "", text: str = "") -> Words:
    """Return the phrases for a language tag; without a script in the tag, title and text decide."""
    tag = language.casefold()
    if tag in {"", "zh", "und"}:
        seen = fold.script(title + text[:_SAMPLE_CHARACTERS])
        return {"Hant": _TRADITIONAL, "Hans": _SIMPLIFIED, "Hani": _SIMPLIFIED}.get(seen, _ENGLISH)
    while tag:
        if tag in _TABLE:
            return _TABLE[tag]
        tag = tag.rpartition("-")[0]
    return _ENGLISH
