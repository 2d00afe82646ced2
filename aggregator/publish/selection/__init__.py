"""Selects the contents of a feed: stories, groups of copies, or single entries."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import nlargest
from itertools import islice

from aggregator.core.model import ShownStory, Source, StoredEntry
from aggregator.core.ports import StoryReader
from aggregator.core.settings import FeedSpec
from aggregator.publish.selection.expressions import Haystack, Matcher, matcher
from aggregator.publish.selection.ranking import arranger, score
from aggregator.publish.selection.units import unit_of
from aggregator.text import fold

_MAX_STORIES_READ = 20_000  # so that a filter that matches nothing stays cheap
_TOP_AGE = timedelta(days=3)  # of a feed of what matters most, unless it says otherwise
_SPAN = timedelta(days=7)  # longer than a story keeps growing


def choose(
    reader: StoryReader,
    spec: FeedSpec,
    *,
    now: datetime,
    sources: Sequence[Source] = (),
    narrow: Sequence[FeedSpec] = (),
    most: int = _MAX_STORIES_READ,
) -> tuple[ShownStory, ...]:
    """Return the stories of the feed, newest first; reads no more than needed, and at most `most`.

    `sources` map the names in the specification to stored identities and categories.
    A story must also meet the conditions of each specification in `narrow`; if it does, a feed of
    entries contains all its entries. Raises ConfigError for an expression that cannot be used.
    """
    fits = conditions((spec, *narrow), sources)
    if spec.group == "stories":
        found = map(arranger(spec, sources), islice(reader.newest_stories(), most))
        if spec.order == "top":
            return _top(filter(fits, _recent(found, _bounded(spec), now)), spec, sources)
        return tuple(islice(filter(fits, _recent(found, spec, now)), spec.limit))
    reports = islice(reader.newest_entries(), most)
    pieces = (unit_of(shown, id_, spec.group) for id_, shown in reports if fits(shown))
    units = (piece.shown for piece in pieces if piece.first)
    return tuple(islice(_recent(units, spec, now), spec.limit))


def _top(
    stories: Iterable[ShownStory], spec: FeedSpec, sources: Sequence[Source]
) -> tuple[ShownStory, ...]:
    """Return the stories that matter most, those first."""
    priorities = {source.identity: source.priority for source in sources}
    return tuple(nlargest(spec.limit, stories, key=lambda shown: score(shown, priorities)))


def _bounded(spec: FeedSpec) -> FeedSpec:
    """Give a feed of what matters most an age, for it reads every story that is young enough."""
    return replace(spec, max_age=spec.max_age or _TOP_AGE)


def expiries(spec: FeedSpec, selected: Iterable[ShownStory]) -> Iterator[datetime]:
    """Yield when each selected story becomes too old for the feed; nothing without `max_age`."""
    age = _bounded(spec).max_age if spec.order == "top" else spec.max_age
    if age is not None and spec.digest is None:
        for shown in selected:
            yield max(one.published for one in shown.entries) + age
            yield shown.story.first_published + age + _SPAN


def conditions(
    specs: Iterable[FeedSpec], sources: Sequence[Source]
) -> Callable[[ShownStory], bool]:
    """Return a predicate: does a story meet the conditions of all specifications?"""
    wanted = [_filter(one, sources) for one in specs]
    return lambda shown: all(fits(shown) for fits in wanted)


def categories_of(sources: Iterable[Source]) -> dict[str, str]:
    """Return the configured categories, by the identity of their source."""
    return {source.identity: source.category for source in sources if source.category}


def check(spec: FeedSpec) -> None:
    """Raise ConfigError if a word or an expression of the feed cannot be used."""
    for key, words in (("include", spec.include), ("exclude", spec.exclude)):
        for word in words:
            matcher(word, key=key)


def _recent(stories: Iterable[ShownStory], spec: FeedSpec, now: datetime) -> Iterator[ShownStory]:
    """Yield the stories of the last `max_age`; stop when no more can follow in this order."""
    for shown in stories:
        if spec.max_age is None:
            yield shown
            continue
        oldest = now - spec.max_age
        if shown.story.first_published < oldest - _SPAN:
            return
        if max(one.published for one in shown.entries) >= oldest:
            yield shown


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    """All conditions of a feed; a story has to meet each."""

    identities: frozenset[str]
    categories: frozenset[str]
    category_of: Mapping[str, str]
    languages: tuple[str, ...]
    include: tuple[Matcher, ...]
    exclude: tuple[Matcher, ...]
    publishers: int

    def __call__(self, shown: ShownStory) -> bool:
        """Return whether the story meets every condition; cheap ones are tested first."""
        return (
            self._has_publishers(shown)
            and (not self.identities or any(self._of_source(one) for one in shown.entries))
            and (not self.categories or any(self._of_category(one) for one in shown.entries))
            and (not self.languages or any(self._speaks(one) for one in shown.entries))
            and (not self.include or any(map(self._includes, shown.entries)))
            and not (self.exclude and self._excludes(shown))
        )

    def _has_publishers(self, shown: ShownStory) -> bool:
        if self.publishers < 2:
            return True
        return len({one.entry.publisher.id for one in shown.entries}) >= self.publishers

    def _of_source(self, stored: StoredEntry) -> bool:
        return stored.source_id in self.identities

    def _of_category(self, stored: StoredEntry) -> bool:
        named = (self.category_of.get(stored.source_id, ""), *stored.entry.categories)
        return any(fold.fold(name) in self.categories for name in named)

    def _speaks(self, stored: StoredEntry) -> bool:
        tag = fold.language_key(stored.entry.language)
        return any(tag == wanted or tag.startswith(wanted + "-") for wanted in self.languages)

    def _includes(self, stored: StoredEntry) -> bool:
        shown = Haystack(stored.entry.title, stored.entry.text)
        return any(fits(shown) for fits in self.include)

    def _excludes(self, shown: ShownStory) -> bool:
        """Match what the reader sees: every headline, and the shown text."""
        titles = "\n".join(one.entry.title for one in shown.entries)
        seen = Haystack(titles, shown.lead.entry.text)
        return any(fits(seen) for fits in self.exclude)


def _filter(spec: FeedSpec, sources: Sequence[Source]) -> _Filter:
    identity = {source.id: source.identity for source in sources}
    return _Filter(
        identities=frozenset(identity.get(one, one) for one in spec.sources),
        categories=frozenset(fold.fold(one) for one in spec.categories),
        category_of=categories_of(sources),
        languages=tuple(fold.language_key(one) for one in spec.languages),
        include=tuple(matcher(word, key="include") for word in spec.include),
        exclude=tuple(matcher(word, key="exclude") for word in spec.exclude),
        publishers=spec.min_publishers,
    )
