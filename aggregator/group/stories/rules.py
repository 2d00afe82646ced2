"""The user's corrections: pairs of entries that are joined, split or kept apart."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from aggregator.core import ids
from aggregator.core.model import Decision, StoredEntry
from aggregator.core.settings import StorySettings
from aggregator.group.features.features import wide_hash
from aggregator.text import urls

Kind = Literal["join", "split", "never"]
_ALWAYS = datetime(
    1970, 1, 1, tzinfo=UTC
)  # corrections in the configuration are older than any command


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The correction in effect for each pair of entries."""

    pairs: Mapping[frozenset[str], tuple[Kind, str]]  # the kind, and the entry that a split removes
    undone: Mapping[frozenset[str], tuple[Kind, str]] = field(default_factory=dict)
    _of: Mapping[str, tuple[tuple[str, Kind], ...]] = field(default_factory=dict)

    def forbids(self, key: str, members: Iterable[str]) -> bool:
        """Return whether an entry must not be in a story with these members."""
        barred = {other for other, kind in self._of.get(key, ()) if kind != "join"}
        return bool(barred) and not barred.isdisjoint(members)

    def between(self, a: str, b: str) -> str:
        """Return the kind of correction of two entries, '' for none."""
        return self.pairs.get(frozenset((a, b)), ("", ""))[0]

    def partners(self, key: str) -> tuple[str, ...]:
        """Return the entries that the user joined with this one."""
        return tuple(other for other, kind in self._of.get(key, ()) if kind == "join")

    def __bool__(self) -> bool:
        return bool(self.pairs)


class NamedEntries:
    """The entries that corrections name, by command or in the configuration."""

    def __init__(self, settings: StorySettings, decisions: Iterable[Decision]) -> None:
        pairs = (*settings.join, *settings.split, *settings.never)
        names = {name for pair in pairs for name in pair}
        self._names = names | {urls.canonical(name) for name in names if urls.is_web(name)}
        self._keys = {key for one in decisions for key in (one.a, one.b)}

    def includes(self, stored: StoredEntry) -> bool:
        """Return whether a correction names the entry by key, id or link."""
        if stored.key in self._keys:
            return True
        spoken = (stored.key, ids.entry_id(stored.key), stored.entry.canonical)
        return bool(self._names) and not self._names.isdisjoint(spoken)


def from_decisions(decisions: Iterable[Decision]) -> Rules:
    """Return the rules that follow from decisions, later ones over earlier ones.

    After an undo the previous correction applies again; those of the configuration stay.
    """
    said: dict[frozenset[str], list[Decision]] = {}
    undone: dict[frozenset[str], tuple[Kind, str]] = {}
    for decision in decisions:
        if decision.a != decision.b:
            pair = frozenset((decision.a, decision.b))
            stack = said.pop(pair, [])
            said[pair] = stack
            undone.pop(pair, None)
            if decision.kind != "undo":
                stack.append(decision)
            elif stack and stack[-1].when != _ALWAYS:
                undone[pair] = _rule(stack.pop())
    pairs = {pair: _rule(stack[-1]) for pair, stack in said.items() if stack}
    of: dict[str, list[tuple[str, Kind]]] = defaultdict(list)
    for pair, (kind, _) in pairs.items():
        a, b = sorted(pair)
        of[a].append((b, kind))
        of[b].append((a, kind))
    known = {key: tuple(found) for key, found in of.items()}
    return Rules(pairs=pairs, undone=undone, _of=known)


def _rule(decision: Decision) -> tuple[Kind, str]:
    kind = decision.kind
    if kind == "undo":  # never on a stack
        raise ValueError(kind)
    return kind, decision.b


def configured_decisions(
    settings: StorySettings, entries: Iterable[tuple[str, int]]
) -> Iterator[Decision]:
    """Yield the corrections of the configuration whose entries are known, as (key, hash of URL)."""
    wanted: list[tuple[Kind, tuple[str, str]]] = [
        *(("join", pair) for pair in settings.join),
        *(("split", pair) for pair in settings.split),
        *(("never", pair) for pair in settings.never),
    ]
    if not wanted:
        return
    names: dict[str | int, str] = {}
    for key, url in entries:
        names[ids.entry_id(key)] = names[key] = key
        names.setdefault(url, key)
    for kind, (a, b) in wanted:
        one, other = (_find(name, names) for name in (a, b))
        if one and other:
            yield Decision(kind=kind, a=one, b=other, when=_ALWAYS)


def _find(name: str, names: Mapping[str | int, str]) -> str:
    return names.get(name) or names.get(wide_hash(urls.canonical(name)) or -1, "")
