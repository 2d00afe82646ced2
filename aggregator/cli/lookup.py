"""Finds a story or entry by id, id prefix or link."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aggregator.cli.output import SHORT, printable
from aggregator.core.errors import AggregatorError

if TYPE_CHECKING:
    from aggregator.bootstrap import Application
    from aggregator.core.model import ShownStory, StoredEntry

_ID_PREFIX = re.compile(rf"(?:urn:uuid:)?([0-9a-f][0-9a-f-]{{{SHORT - 1},35}})", re.IGNORECASE)
_MAX_IDS_SHOWN = 5  # ids in an error message


def find_entry(application: "Application", text: str) -> "StoredEntry":
    """Return the entry with an id, id prefix, link or key, or raise AggregatorError."""
    store = application.store
    if found := store.find_entry(text):
        return found
    entries, stories = _ids_with_prefix(application, text)
    if len(entries) == 1 and (found := store.find_entry(entries[0])):
        return found
    _check_one(text, entries, "entries")
    if stories:
        raise AggregatorError(
            f"{printable(text)} is the id of a story, not of an entry:"
            f" `aggregator stories show {printable(text)}` lists its entries"
        )
    raise AggregatorError(
        f"no entry has the id or the link {printable(text)}: `aggregator stories list` shows stories,"
        " `aggregator stories show STORY` their entries"
    )


def find_pair(application: "Application", a: str, b: str) -> "tuple[StoredEntry, StoredEntry]":
    """Return two entries as `find_entry` does; raise AggregatorError if both are the same one."""
    one, other = find_entry(application, a), find_entry(application, b)
    if one.key == other.key:
        raise AggregatorError(
            f"{printable(a)} and {printable(b)}: both are the same entry, give the ids of two"
        )
    return one, other


def find_story(application: "Application", text: str) -> "ShownStory":
    """Return the story with an id, or of the entry with an id or link.

    The prefix `urn:uuid:` is optional, and the first characters of an id are enough. Raises
    AggregatorError.
    """
    store = application.store
    for id_ in (text, f"urn:uuid:{text}"):
        if shown := store.stories([id_]):
            return shown[0]
    if (entry := store.find_entry(text)) and (of := store.stories_of([entry.key])):
        return store.stories([of[0].id])[0]
    entries, ids = _ids_with_prefix(application, text)
    living = list({one.story.id: one for one in store.stories(ids)}.values())
    if len(living) == 1:
        return living[0]
    _check_one(text, [one.story.id for one in living], "stories")
    _check_one(text, entries, "entries")
    if entries:
        return find_story(application, entries[0])
    raise AggregatorError(
        f"no story has the id {printable(text)}, nor an entry of one:"
        " `aggregator stories list` shows them"
    )


def _ids_with_prefix(application: "Application", text: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return the entry and story ids with this prefix, if it is long enough."""
    found = _ID_PREFIX.fullmatch(text.strip())
    return application.store.find_ids(found[1].lower()) if found else ((), ())


def _check_one(text: str, ids: Sequence[str], what: str) -> None:
    if len(ids) > 1:
        listed = ", ".join(one.removeprefix("urn:uuid:") for one in ids[:_MAX_IDS_SHOWN])
        raise AggregatorError(
            f"{printable(text)} matches several {what}: use more characters of the id ({listed})"
        )
