"""Values → validated models; each section is validated alone, so one error does not hide others."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from aggregator.config import addresses, validation
from aggregator.config.models import ConfigModel, FeedModel, SourceModel
from aggregator.config.problems import Problem
from aggregator.config.yaml_tree import Tree, Where
from aggregator.core import plugins

_ITEM_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {
    "sources": TypeAdapter(SourceModel),
    "feeds": TypeAdapter(FeedModel),
}
# An empty variable counts as leaving these keys out: container setups often pass empty variables.
_MAY_BE_EMPTY = frozenset(
    {"category", "hub", "language", "proxy", "timezone", "title", "user_agent"}
)
_CONFIG_ADAPTER: TypeAdapter[Any] = TypeAdapter(ConfigModel)


@dataclass(slots=True)
class Checked:
    """The valid parts, each with its place in the file, and all problems."""

    parts: dict[str, Any] = field(default_factory=dict)
    sources: dict[Where, SourceModel] = field(default_factory=dict)
    feeds: dict[Where, FeedModel] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def model(self) -> ConfigModel:
        """Return the model of the complete file, defaults included."""
        sources, feeds = tuple(self.sources.values()), tuple(self.feeds.values())
        return ConfigModel.model_construct(sources=sources, feeds=feeds, **self.parts)


def check(tree: Tree) -> Checked:
    """Validate all values of a file against the schema and against each other."""
    checked = Checked(problems=list(tree.problems))
    value = {} if tree.value is None else tree.value
    if not isinstance(value, dict):
        checked.problems.append(Problem(text="must be a mapping: sources:, feeds: and so on"))
        return checked
    for key, part in value.items():
        if key in _ITEM_ADAPTERS:
            _check_list(tree, key, part, checked)
        elif sound := _validate(_CONFIG_ADAPTER, {key: part}, (), checked):
            checked.parts[key] = getattr(sound, key)
    checked.problems.extend(_cross_checks(tree, checked))
    empty = list(_empty_variables(tree))
    reported = {problem.where for problem in empty}
    checked.problems = empty + [one for one in checked.problems if one.where not in reported]
    return checked


def _empty_variables(tree: Tree) -> Iterator[Problem]:
    """Yield the values that an empty environment variable would silently change.

    An empty token would make a private feed public. Only a value that consists of one variable,
    for a key in `_MAY_BE_EMPTY`, counts as left out; all others are errors.
    """
    for where, name in tree.unset.items():
        whole = tree.written[where].strip() == f"${{{name}}}"
        if not (whole and where[-1] in _MAY_BE_EMPTY and "headers" not in where):
            text = f"the environment variable {name} is empty: set it, or leave the key out"
            yield Problem(where=where, text=text)


def _validate(adapter: TypeAdapter[Any], value: Any, where: Where, checked: Checked) -> Any:
    sound, problems = validation.validate(adapter, value, where)
    checked.problems.extend(problems)
    return sound


def _check_list(tree: Tree, key: str, values: Any, checked: Checked) -> None:
    if not isinstance(values, list):
        text = "must be a list: each line below it begins with -"
        checked.problems.append(Problem(where=(key,), text=text))
        return
    for number, value in enumerate(values):
        where: Where = (key, number)
        bare = key == "sources" and isinstance(value, str)
        sound = _validate(_ITEM_ADAPTERS[key], {"url": value} if bare else value, where, checked)
        if bare and sound is None:  # a bare URL has no key `url` to point at
            *checked.problems, last = checked.problems
            checked.problems.append(replace(last, where=where))
        if isinstance(sound, SourceModel):
            checked.sources[where] = _with_id(tree, where, sound)
        elif sound is not None:
            checked.feeds[where] = sound


def _with_id(tree: Tree, where: Where, source: SourceModel) -> SourceModel:
    if source.id:
        return source
    place = "url" if source.url else "path"
    written = tree.written.get((*where, place)) or tree.written.get(where)
    made = addresses.source_id(written or getattr(source, place))
    return source.model_copy(update={"id": made})


def _cross_checks(tree: Tree, checked: Checked) -> Iterator[Problem]:
    """Yield problems between sections: duplicate names and ids, references to unknown sources."""
    yield from _duplicate_sources(tree, checked.sources)
    names = ((where, feed.name.casefold()) for where, feed in checked.feeds.items())
    for where, first in _duplicates(names):
        text = f"is the name of two feeds (first in line {tree.line(first)}): rename one"
        yield Problem(where=(*where, "name"), text=text)
    known = {source.id for source in checked.sources.values()}
    for where, feed in checked.feeds.items():
        for number, one in enumerate(feed.sources):
            if one not in known and not _has_faults(checked, "sources"):
                text = f"no source has the id {one!r}{plugins.did_you_mean(one, known)}"
                yield Problem(where=(*where, "sources", number), text=text)


def _has_faults(checked: Checked, section: str) -> bool:
    return any(problem.where[:1] == (section,) for problem in checked.problems)


def _duplicate_sources(tree: Tree, sources: Mapping[Where, SourceModel]) -> Iterator[Problem]:
    ids = set[Where]()
    for where, first in _duplicates((where, source.id) for where, source in sources.items()):
        ids.add(where)
        line = tree.line(first)
        if sources[where].url and sources[where].url == sources[first].url:
            text = f"the same URL as in line {line}: remove one, or give each its own id"
        else:
            text = f"is the id of two sources (first in line {line}): rename one"
        yield Problem(where=(*where, "id"), text=text)
    claims = [
        (where, old)
        for where, source in sources.items()
        if where not in ids
        for old in dict.fromkeys((source.id, *source.formerly))
    ]
    for where, first in _duplicates(claims):
        text = f"an id, current or former, that the source in line {tree.line(first)} also has"
        yield Problem(where=(*where, "formerly"), text=text)


def _duplicates(claims: Iterable[tuple[Where, str]]) -> Iterator[tuple[Where, Where]]:
    """Yield each place whose word was used before, with the place of its first use."""
    first: dict[str, Where] = {}
    seen = defaultdict[Where, set[str]](set)
    for where, word in claims:
        if first.setdefault(word, where) != where and word not in seen[where]:
            seen[where].add(word)
            yield where, first[word]
