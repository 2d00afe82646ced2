"""Warnings about a valid configuration: sources in no feed, categories that no source has."""

from collections.abc import Iterator

from aggregator.config import serving
from aggregator.config.config import Config
from aggregator.config.problems import Problem
from aggregator.core import plugins
from aggregator.core.model import Source
from aggregator.core.settings import FeedSpec
from aggregator.text import fold


def warnings(config: Config) -> Iterator[Problem]:
    """Yield likely mistakes, each with its place in the file."""
    if not config.sources:
        text = "no sources: add one with `aggregator sources add URL`"
        yield Problem(where=("sources",), text=text)
    for number, source in enumerate(config.sources):
        if config.feeds and not source.paused and (key := _excluding_key(source, config.feeds)):
            yield Problem(where=("sources", number, key), text=_WARNINGS[key](source))
    by_category = any(feed.categories for feed in config.feeds)
    named = [source.category for source in config.sources if source.category and by_category]
    known = [fold.fold(category) for category in named]
    for number, feed in enumerate(config.feeds if config.sources else ()):
        yield from _unknown_categories(feed, number, config.sources, known)
        yield from _unknown_languages(feed, number, config.sources)
    yield from _port(config)


_WARNINGS = {
    "category": lambda source: (
        f"no feed has the category {source.category!r}: entries of {source.id} appear in no feed,"
        " unless they name another category; add it to categories: of a feed"
        if source.category
        else f"has no category, and every feed requires one: entries of {source.id} may appear in"
        " no feed"
    ),
    "language": lambda source: (
        f"no feed has the language {source.language!r}: entries of {source.id} appear in no feed;"
        " add it to languages: of a feed"
    ),
    "id": lambda source: (
        f"no feed has the source {source.id!r}: add it to sources: of a feed, or pause it"
    ),
}


def _excluding_key(source: Source, feeds: tuple[FeedSpec, ...]) -> str:
    """Return the key that keeps a source out of every feed; '' if a feed includes it."""
    reasons = [_excluded_by(source, feed) for feed in feeds]
    return "" if "" in reasons else max(set(reasons), key=("id", "language", "category").index)


def _excluded_by(source: Source, feed: FeedSpec) -> str:
    if feed.sources and source.id not in feed.sources:
        return "id"
    if (
        feed.languages
        and source.language
        and not _matches_language(source.language, feed.languages)
    ):
        return "language"
    wanted = {fold.fold(one) for one in feed.categories}
    return "category" if wanted and fold.fold(source.category) not in wanted else ""


def _matches_language(language: str, wanted: tuple[str, ...]) -> bool:
    tag = fold.language_key(language)
    keys = [fold.language_key(one) for one in wanted]
    return any(tag == key or tag.startswith(f"{key}-") for key in keys)


def _unknown_categories(
    feed: FeedSpec, number: int, sources: tuple[Source, ...], known: list[str]
) -> Iterator[Problem]:
    names = sorted({source.category for source in sources if source.category})
    for place, category in enumerate(feed.categories):
        if fold.fold(category) not in known:
            near = plugins.did_you_mean(category, names)
            text = f"no source has the category {category!r}{near}"
            yield Problem(where=("feeds", number, "categories", place), text=text)


def _unknown_languages(
    feed: FeedSpec, number: int, sources: tuple[Source, ...]
) -> Iterator[Problem]:
    """Yield languages that no source has; a source without a language may publish in any."""
    if not all(source.language for source in sources):
        return
    for place, language in enumerate(feed.languages):
        if not any(_matches_language(source.language, (language,)) for source in sources):
            spoken = ", ".join(sorted({source.language for source in sources}))
            text = f"no source has the language {language!r}; known: {spoken}"
            yield Problem(where=("feeds", number, "languages", place), text=text)


def _port(config: Config) -> Iterator[Problem]:
    if text := serving.port_warning(config.public_url):
        yield Problem(where=("public_url",), text=text)
