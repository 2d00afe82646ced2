"""Dumps, one text a member in the shape that a folder of dumps has, in one zip file."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import escape

from aggregator import text
from aggregator.model import Edition, StoredEntry
from aggregator.renderers import _content

EXTENSION = "dumps.zip"
MEDIA_TYPE = "application/zip"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same for all, so that the same entries give the same bytes


def render(edition: Edition) -> bytes:
    """Return a zip file that, unpacked into a folder, is a source of the same entries."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in dict(documents(edition)).items():
            folder.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def documents(edition: Edition) -> Iterator[tuple[str, bytes]]:
    """Yield file name and content for each member of each story."""
    for shown in edition.stories:
        for stored in shown.entries:
            yield f"{_file_name(stored)}.txt", _dump(stored).encode()


def _file_name(stored: StoredEntry) -> str:
    publisher = stored.entry.publisher.id.casefold()[:60]
    kept = "".join(letter if letter.isalnum() else "-" for letter in publisher)
    return text.xml_safe(f"{kept.strip('-') or 'entry'}_{stored.key[:16]}")


def _dump(stored: StoredEntry) -> str:
    """Return the text: stamp, title and link, rule, date and authors, cleaned HTML."""
    entry = stored.entry
    gathered = entry.gathered or stored.first_seen
    stamp = (gathered - _EPOCH) // _MILLISECOND
    title = _content.plain_title(entry.title)
    authors = "".join(f"<address>{escape(one.name)}</address>" for one in entry.authors)
    written = f'<time datetime="{stored.published.isoformat()}">{stored.published:%Y-%m-%d}</time>'
    head = f"<!--{stamp}-->\n[{title}]({_content.uri(entry.link)})\n------\n\n"
    return text.xml_safe(f"{head}{authors}{written}{entry.html}\n")
