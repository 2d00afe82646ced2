"""Dumps: a zip file with one text for each member, as in a folder of dumps."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import escape

from aggregator.core.model import Edition, StoredEntry
from aggregator.publish.renderers import _writable
from aggregator.text import fold

EXTENSION = "dumps.zip"
MEDIA_TYPE = "application/zip"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))  # that occurs in no text
_LEVEL = 3  # compression: level 6 takes half as long again and saves a tenth
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # constant, so that the same entries give the same bytes


def render(edition: Edition) -> bytes:
    """Return a zip file that, unpacked, is a folder source of the same entries."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        for name, content in dict(documents(edition)).items():
            folder.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED, _LEVEL)
    return packed.getvalue()


def documents(edition: Edition) -> Iterator[tuple[str, bytes]]:
    """Yield file name and content for each member of each story."""
    for shown in edition.stories:
        for stored in shown.entries:
            content = _dump(stored).encode("utf-8", "replace").translate(None, _CONTROLS)
            yield f"{_prefix(stored.entry.publisher.id)}_{stored.key[:16]}.txt", content


@lru_cache(maxsize=1024)
def _prefix(publisher: str) -> str:
    """Return a publisher id as part of a file name."""
    kept = "".join(one if one.isalnum() else "-" for one in publisher.casefold()[:60])
    return fold.xml_safe(kept.strip("-")) or "entry"


def _dump(stored: StoredEntry) -> str:
    """Return the text: stamp, title and link, rule, date and authors, cleaned HTML."""
    entry = stored.entry
    gathered = entry.gathered or stored.first_seen
    stamp = (gathered - _EPOCH) // _MILLISECOND
    title = _writable.plain_title(entry.title)
    authors = "".join(f"<address>{escape(one.name)}</address>" for one in entry.authors)
    written = f'<time datetime="{stored.published.isoformat()}">{stored.published:%Y-%m-%d}</time>'
    head = f"<!--{stamp}-->\n[{title}]({_writable.uri(entry.link)})\n------\n\n"
    return f"{head}{authors}{written}{entry.html}\n"
