"""The reports of a story: a page that several feeds of one publisher carry is one."""

from collections.abc import Iterator
from functools import lru_cache

from aggregator.core.model import ShownStory, StoredEntry
from aggregator.text import urls

_page_of = lru_cache(maxsize=16_384)(urls.same_key)  # asked for each edition of each feed


def reports(shown: ShownStory) -> Iterator[StoredEntry]:
    """Yield the entries of a story, the shown one first, and each page of a publisher once."""
    seen = set[tuple[str, str]]()
    for stored in shown.entries:
        page = page_of(stored)
        place = stored.entry.publisher.id, page
        if not page or place not in seen:
            seen.add(place)
            yield stored


def page_of(stored: StoredEntry) -> str:
    """Return a key that is equal for all URLs of the page that an entry links to; '' without a link."""
    return _page_of(stored.entry.canonical or stored.entry.link)
