"""Make labelled streams of news written from formulas, and measure grouping on them.

    python -m benchmarks.formulas make --entries 1000 [--held-out] [--seed 1] > formulas.jsonl
    python -m benchmarks.formulas measure [--entries 100,1000,10000] [--held-out]

Every bulletin is an event of its own, however alike two are. One in four is copied by another
publisher with small edits; a copy reports the same event.
"""

import argparse
import json
import random
import re
import string
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from benchmarks.grammars import (
    CHINESE_WORDS,
    ENGLISH_WORDS,
    HELD_OUT,
    LEARNED,
    SYNONYMS,
    Grammar,
)
from benchmarks.processes import peak_megabytes

Row = dict[str, Any]
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
SPAN = timedelta(hours=60)
COPIED = 0.25  # of bulletins
_HOMES, _PUBLISHERS = 2, 24  # publishers that a formula is of; those that copy
_DIGITS = re.compile(r"\d")

_ONSETS = "B,Br,C,Cal,D,Dor,El,F,Gr,H,Har,K,L,Mar,N,Nor,P,R,S,St,T,Tar,V,W,Win,Y,Z".split(",")
_MIDDLES = "a,e,i,o,u,an,ar,el,en,er,il,in,on,or,um".split(",")
_ENDS = (
    "bury,by,den,dorf,field,ford,ham,holm,land,ley,low,mouth,port,stad,ton,vik,wick,worth".split(
        ","
    )
)
_FIRMS = "Holdings,Group,Energy,Pharma,Motors,Foods,Bank,Semiconductor,Logistics,Systems".split(",")
_KNOWN = {
    "company": "Apple,Tesla,Nvidia,Amazon,Siemens,Toyota,Samsung,Nestle,Shell,Boeing,Intel,Pfizer",
    "place": "Harwich,Leeds,Naples,Valencia,Fresno,Osaka,Izmir,Quito,Perth,Cork,Bergen,Gdansk",
    "team": "Arsenal,Everton,Juventus,Sevilla,Ajax,Porto,Celtic,Lyon,Napoli,Benfica,Leeds,Monaco",
    "product": "Firefox,Blender,PostgreSQL,nginx,Django,Redis,Grafana,VLC,Krita,OpenSSL",
}
_HAN_PLACES = "临安长清云石平江宁海丰和永泉南北东西新阳山川林桥沙河青龙白水金沧岚岭湖溪"
_HAN_NAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗"
_HAN_GIVEN = "伟芳娜敏静强磊军洋勇艳杰娟涛明超秀霞平刚建国志文晓红海玉春"
_HAN_FIRMS = "科技,股份,电子,医药,能源,汽车,银行,证券,材料,智能,生物,重工".split(",")
_HAN_KNOWN = {
    "company": "贵州茅台,五粮液,比亚迪,宁德时代,招商银行,中国平安,美的集团,格力电器,小米集团,腾讯控股",
    "place": "四川宜宾,云南大理,新疆阿克苏,台湾花莲,青海玉树,西藏那曲,河北唐山,甘肃张掖",
    "team": "山东泰山,上海海港,北京国安,成都蓉城,浙江队,天津津门虎,河南队,武汉三镇",
    "product": "麒麟,鸿蒙,飞桨,欧拉,深度,统信,昆仑",
}


def _english_name(chance: random.Random) -> str:
    return chance.choice(_ONSETS) + chance.choice(_MIDDLES) + chance.choice(_ENDS)


def _known_or(known: Mapping[str, str], kind: str, make: Callable[[random.Random], str]) -> Any:
    """Return a maker of names that takes every other one from those known."""
    names = known[kind].split(",")
    return lambda chance: chance.choice(names) if chance.random() < 0.3 else make(chance)


def _han(chance: random.Random, letters: str, count: int) -> str:
    return "".join(chance.sample(letters, count))


def _numbers(chance: random.Random, kind: str) -> str:
    """Return what fills a slot of numbers."""
    made = {
        "pct": lambda: str(chance.randint(2, 240)),
        "amount": lambda: str(chance.randint(101, 999)),
        "small": lambda: f"{chance.uniform(0.1, 9.9):.2f}",
        "magnitude": lambda: f"{chance.uniform(2.5, 6.9):.1f}",
        "km": lambda: str(chance.randint(2, 120)),
        "depth": lambda: str(chance.randint(5, 90)),
        "goals": lambda: str(chance.randint(0, 5)),
        "minute": lambda: str(chance.randint(5, 90)),
        "draw": lambda: str(chance.randint(2026001, 2026365)),
        "ball": lambda: str(chance.randint(1, 49)),
        "index": lambda: f"{chance.uniform(2000, 30000):.2f}",
        "count": lambda: str(chance.randint(2, 60)),
        "age": lambda: str(chance.randint(18, 99)),
        "case": lambda: f"{chance.choice('ABCDEFG')}{chance.randint(10000, 99999)}",
        "version": lambda: ".".join(str(chance.randint(0, 20)) for _ in range(3)),
        "cve": lambda: f"CVE-2026-{chance.randint(1000, 49999)}",
    }
    return made[kind]() if kind in made else ""


def _english(chance: random.Random, kind: str) -> str:
    makers: dict[str, Callable[[random.Random], str]] = {
        "company": _known_or(_KNOWN, "company", lambda c: f"{_english_name(c)} {c.choice(_FIRMS)}"),
        "place": _known_or(_KNOWN, "place", _english_name),
        "team": _known_or(
            _KNOWN,
            "team",
            lambda c: _english_name(c) + c.choice((" City", " United", " Rovers", "")),
        ),
        "product": _known_or(_KNOWN, "product", lambda c: _english_name(c).lower()),
        "person": lambda c: (
            f"{c.choice('Anna Ben Carla David Emma Frank Grace Hugo Ines Jack'.split())} "
            f"{_english_name(c)}"
        ),
        "clock": lambda c: f"{c.randint(0, 23):02}:{c.randint(0, 59):02}",
        "day": lambda c: str(c.randint(1, 28)),
    }
    if kind in makers:
        return makers[kind](chance)
    return chance.choice(ENGLISH_WORDS[kind].split(","))


def _chinese(chance: random.Random, kind: str) -> str:
    makers: dict[str, Callable[[random.Random], str]] = {
        "company": _known_or(
            _HAN_KNOWN, "company", lambda c: _han(c, _HAN_PLACES, 2) + c.choice(_HAN_FIRMS)
        ),
        "place": _known_or(
            _HAN_KNOWN, "place", lambda c: _han(c, _HAN_PLACES, 2) + c.choice("市县区镇")
        ),
        "team": _known_or(_HAN_KNOWN, "team", lambda c: _han(c, _HAN_PLACES, 2) + "队"),
        "product": _known_or(_HAN_KNOWN, "product", lambda c: _han(c, _HAN_PLACES, 2) + "系统"),
        "person": lambda c: c.choice(_HAN_NAMES) + _han(c, _HAN_GIVEN, c.choice((1, 2))),
        "clock": lambda c: f"{c.randint(0, 23)}时{c.randint(0, 59)}分",
        "day": lambda c: f"{c.randint(1, 28)}日",
        "month": lambda c: f"{c.randint(1, 12)}月",
    }
    if kind in makers:
        return makers[kind](chance)
    return chance.choice(CHINESE_WORDS[kind].split(","))


@cache
def _traditional() -> Any:
    import opencc  # noqa: PLC0415  its tables take a while

    return opencc.OpenCC("s2t")


def fill(grammar: Grammar, chance: random.Random) -> tuple[str, str]:
    """Return the title and the text of one bulletin."""
    values: dict[str, str] = {}
    for _, name, _, _ in string.Formatter().parse(grammar.title + grammar.text):
        if name and name not in values:
            kind = name.rstrip("2345")
            own = _english if grammar.lang == "en" else _chinese
            values[name] = _numbers(chance, kind) or own(chance, kind)
    title, text = (part.format(**values) for part in (grammar.title, grammar.text))
    if grammar.lang == "zh-Hant":
        return _traditional().convert(title), _traditional().convert(text)
    return title, text


def copy(title: str, text: str, lang: str, chance: random.Random) -> tuple[str, str]:
    """Return a bulletin as another publisher copies it: the facts stay, a word or two changes."""
    edits = chance.sample(("synonym", "tail", "mark", "cut", "space"), chance.randint(0, 2))
    if "synonym" in edits:
        for word, other in SYNONYMS.items():
            if word in title:
                title = title.replace(word, other, 1)
                break
    if "tail" in edits:
        title += " - Daily Wire" if lang == "en" else "_每日快讯"
    if "mark" in edits:
        title = ("UPDATE: " if lang == "en" else "快讯｜") + title
    if "cut" in edits:
        end = max(text.find(". "), text.find("。")) + 1
        text = text[: end or len(text)]
    if "space" in edits:
        title = title.replace("%", " percent") if lang == "en" else title.replace("，", " ")
    return title, text


def make(
    entries: int, *, grammars: Sequence[Grammar] = LEARNED, seed: int = 1, copied: float = COPIED
) -> list[Row]:
    """Return a labelled stream in order of time; the same arguments give the same stream."""
    chance = random.Random(seed)
    rows: list[Row] = []
    seen: set[str] = set()
    while len(rows) < entries:
        number = len(rows)
        chosen = (
            number % len(grammars) if entries <= len(grammars) else chance.randrange(len(grammars))
        )
        grammar = grammars[chosen]
        title, text = fill(grammar, chance)
        if title in seen:
            continue
        seen.add(title)
        # Services send bulletins in bursts: many at one minute.
        when = START + SPAN * chance.random()
        if chance.random() < 0.5:
            when = when.replace(minute=0, second=0, microsecond=0)
        home = f"home{chosen}-{chance.randrange(_HOMES)}.example"
        more = {"lang": grammar.lang, "event": f"e{number}", "formula": f"{grammar.kind}{chosen}"}
        rows.append(_row(number, (title, text), home, when, **more))
        if chance.random() < copied and len(rows) < entries:
            other = f"p{chance.randrange(_PUBLISHERS)}.example"
            later = when + timedelta(minutes=chance.randint(1, 240))
            told = copy(title, text, grammar.lang, chance)
            rows.append(_row(len(rows), told, other, later, **more))
    return sorted(rows, key=lambda row: str(row["published"]))


def _row(number: int, told: tuple[str, str], source: str, when: datetime, **more: str) -> Row:
    title, text = told
    return {
        "id": f"f{number}",
        "title": title,
        "text": text,
        "link": f"https://{source}/{number}",
        "published": when.isoformat(),
        "source": source,
        **more,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well formulas were held apart and copies joined."""

    entries: int
    formula_pairs: int  # two events of one formula
    merged: int  # of these in one story
    copies: int
    joined: int
    largest: int  # members of the largest story

    @property
    def apart(self) -> float:
        """The share of formula pairs that are in two stories."""
        return 1 - self.merged / self.formula_pairs if self.formula_pairs else 1.0

    @property
    def copies_joined(self) -> float:
        """The share of true copies that are in the story of their original."""
        return self.joined / self.copies if self.copies else 1.0


def figures(rows: Iterable[Row], stories: Mapping[str, str]) -> Figures:
    """Compare stories, by id of the entry, with the labels."""
    rows = list(rows)
    by_formula = Counter(row["formula"] for row in rows)
    by_event = Counter(row["event"] for row in rows)
    cells = Counter((row["formula"], stories[row["id"]]) for row in rows)
    same = Counter((row["event"], stories[row["id"]]) for row in rows)
    copies, joined = _pairs(by_event.values()), _pairs(same.values())
    return Figures(
        entries=len(rows),
        formula_pairs=_pairs(by_formula.values()) - copies,
        merged=_pairs(cells.values()) - joined,
        copies=copies,
        joined=joined,
        largest=max(Counter(stories.values()).values(), default=0),
    )


def _pairs(counts: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in counts)


def wrong(rows: Iterable[Row], stories: Mapping[str, str]) -> Iterator[list[Row]]:
    """Yield the entries of each story that holds two events."""
    by_story: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_story[stories[row["id"]]].append(row)
    for some in by_story.values():
        if len({row["event"] for row in some}) > 1:
            yield some


def measure(sizes: Sequence[int], grammars: Sequence[Grammar], seed: int, show: int) -> None:
    """Print figures for streams of some sizes."""
    from aggregator.cli import streams  # noqa: PLC0415
    from aggregator.group.learning.evaluate import evaluate  # noqa: PLC0415

    for size in sizes:
        rows = make(size, grammars=grammars, seed=seed)
        entries = streams.entries(rows)
        started = time.process_time()
        done = evaluate(entries)
        spent = time.process_time() - started
        stories = {one.id: done.stories[one.stored.key] for one in entries}
        found = figures(rows, stories)
        memory = peak_megabytes()
        agreement = done.counts.agreement()
        print(
            f"{size:>6} entries: {found.apart:.4f} of {found.formula_pairs} formula pairs apart, "
            f"{found.copies_joined:.4f} of {found.copies} copies joined, pair P "
            f"{agreement.pair_precision:.3f} F1 {agreement.pair_f1:.3f}, largest story "
            f"{found.largest}; {len(done.pairs) / size:.1f} pairs an entry, {spent:.1f} s, {memory:,.0f} MB",
            flush=True,
        )
        for some in list(wrong(rows, stories))[:show]:
            print(
                "  --",
                *(f"\n     {row['event']} {row['source']} {row['title']}" for row in some[:6]),
            )


def main() -> None:
    """Run what the command line asks for."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("command", choices=("make", "measure"))
    options.add_argument("--entries", default="100,1000,10000")
    options.add_argument(
        "--held-out", action="store_true", help="grammars that are never learned from"
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--show", type=int, default=0, help="stories of several events to print")
    given = options.parse_args()
    grammars = HELD_OUT if given.held_out else LEARNED
    sizes = [int(size) for size in given.entries.split(",")]
    if given.command == "measure":
        measure(sizes, grammars, given.seed, given.show)
        return
    for row in make(sizes[-1], grammars=grammars, seed=given.seed):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
