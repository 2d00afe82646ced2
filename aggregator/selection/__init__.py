"""Which stories a feed holds, and what is one entry of it: a story, its copies, or an entry alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from aggregator import text
from aggregator.model import ShownStory, Source, StoredEntry
from aggregator.selection.units import alone, copies
from aggregator.selection.words import Haystack, Matcher, matcher
from aggregator.settings import FeedSpec

_READ_MOST = 20_000  # stories looked at, so that a filter that fits nothing costs no more
_SPAN = timedelta(days=7)  # longer than a story goes on growing
_REGIONS = {
    "zh-cn": "zh-hans",
    "zh-sg": "zh-hans",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
}


def select(
    stories: Iterable[ShownStory],
    spec: FeedSpec,
    *,
    now: datetime,
    sources: Sequence[Source] = (),
    narrow: Sequence[FeedSpec] = (),
) -> tuple[ShownStory, ...]:
    """Return what the feed holds, in the order given; stops reading when it is full.

    `sources` say which stored identities and categories the names in the specification mean.
    A story has to meet the conditions of each specification in `narrow` as well.
    Raises ConfigError for an expression that cannot be used.
    """
    wanted = [_filter(one, sources) for one in (spec, *narrow)]
    recent = _recent(stories, spec, now)
    fitting = (shown for shown in recent if all(fits(shown) for fits in wanted))
    if spec.group == "stories":
        return tuple(islice(fitting, spec.limit))
    cut = copies if spec.group == "duplicates" else alone
    # Twice the limit: a latecomer in an older story is newer than what stands before it.
    units = list(islice((unit for story in fitting for unit in cut(story)), 2 * spec.limit))
    units.sort(key=_newest_first)
    return tuple(units[: spec.limit])


def check(spec: FeedSpec) -> None:
    """Raise ConfigError if a word or an expression of the feed cannot be used."""
    for key, words in (("include", spec.include), ("exclude", spec.exclude)):
        for word in words:
            matcher(word, key=key)


def _recent(stories: Iterable[ShownStory], spec: FeedSpec, now: datetime) -> Iterator[ShownStory]:
    """Yield the stories of the last `max_age`; the order says when no more can follow."""
    for shown in islice(stories, _READ_MOST):
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
        """Say whether the story meets every condition; the cheap ones first."""
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
        return any(text.fold(name) in self.categories for name in named)

    def _speaks(self, stored: StoredEntry) -> bool:
        tag = _language(stored.entry.language)
        return any(tag == wanted or tag.startswith(wanted + "-") for wanted in self.languages)

    def _includes(self, stored: StoredEntry) -> bool:
        shown = Haystack(stored.entry.title, stored.entry.text)
        return any(fits(shown) for fits in self.include)

    def _excludes(self, shown: ShownStory) -> bool:
        """Judge what the reader would see: every headline, and the text that is shown."""
        titles = "\n".join(one.entry.title for one in shown.entries)
        seen = Haystack(titles, shown.lead.entry.text)
        return any(fits(seen) for fits in self.exclude)


def _filter(spec: FeedSpec, sources: Sequence[Source]) -> _Filter:
    identity = {source.id: source.identity for source in sources}
    return _Filter(
        identities=frozenset(identity.get(one, one) for one in spec.sources),
        categories=frozenset(text.fold(one) for one in spec.categories),
        category_of={source.identity: source.category for source in sources},
        languages=tuple(_language(one) for one in spec.languages),
        include=tuple(matcher(word, key="include") for word in spec.include),
        exclude=tuple(matcher(word, key="exclude") for word in spec.exclude),
        publishers=spec.min_publishers,
    )


def _language(tag: str) -> str:
    tag = tag.casefold().replace("_", "-")
    return _REGIONS.get(tag, tag)


def _newest_first(unit: ShownStory) -> tuple[float, float, str]:
    story = unit.story
    published = min(one.published for one in unit.entries)
    return -story.first_published.timestamp(), -published.timestamp(), story.id
