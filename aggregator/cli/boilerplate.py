"""Learned boilerplate of a source: the repeated blocks of its entries, with their text."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.core.errors import AggregatorError
from aggregator.core.model import StoredEntry
from aggregator.gather.cleaning.text_blocks import block_hash, texts

if TYPE_CHECKING:
    from aggregator.core.ports import Store

_MAX_STORIES_SEARCHED = 5_000  # the newest, to find the text of a block
_MAX_TEXT_CHARS = 200


def learned(store: "Store", identity: str) -> list[dict[str, str]]:
    """Return the learned blocks of a source's publishers: publisher, block and its text."""
    entries = list(_entries(store, identity))
    publishers = {one.entry.publisher.id for one in entries} | {identity}
    found = {
        (publisher, block): ""
        for publisher, blocks in store.learned_blocks(publishers).items()
        for block in blocks
    }
    for one in entries if found else ():
        for text in texts(one.entry.html):
            place = one.entry.publisher.id, block_hash(text)
            if found.get(place) == "":
                found[place] = text[:_MAX_TEXT_CHARS]
    return [
        {"publisher": publisher, "block": f"{block:x}", "text": text}
        for (publisher, block), text in sorted(found.items())
    ]


def pick(rows: list[dict[str, str]], block: str) -> tuple[str, int]:
    """Return publisher and hash of a listed block, or raise AggregatorError."""
    for row in rows:
        if row["block"] == block.lower():
            return row["publisher"], int(row["block"], 16)
    raise AggregatorError(
        f"{block} is not a learned block of this source: `aggregator sources show ID` lists them"
    )


def _entries(store: "Store", identity: str) -> Iterator[StoredEntry]:
    for shown in islice(store.newest_stories(), _MAX_STORIES_SEARCHED):
        yield from (one for one in shown.entries if one.source_id == identity)
