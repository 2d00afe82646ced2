"""The published files in the database, each content once, so that every machine can serve them."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, delete, select

from aggregator.store import schema
from aggregator.store.database import chunks, upsert

_file = schema.edition_file.c
_content = schema.edition_content.c


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A file of the folder of the published feeds: its path in it, its content, its time in seconds."""

    path: str
    digest: str
    modified: int


def digest(content: bytes) -> str:
    """Return what a content is found by."""
    return sha256(content).hexdigest()


def load_files(connection: Connection) -> tuple[PublishedFile, ...]:
    """Return the published files, without their contents."""
    rows = connection.execute(select(schema.edition_file).order_by(_file.path))
    return tuple(
        PublishedFile(path=row.path, digest=row.digest, modified=row.modified) for row in rows
    )


def load_content(connection: Connection, name: str) -> bytes | None:
    """Return the content with this digest; None if a later edition replaced it."""
    found = connection.scalar(select(_content.content).where(_content.digest == name))
    return None if found is None else bytes(found)


def save_files(
    connection: Connection,
    changed: Iterable[tuple[PublishedFile, bytes]],
    gone: Iterable[str] = (),
) -> None:
    """Save files that changed and delete those that are gone, with contents that no file has."""
    saved = list(changed)
    contents = [{"digest": one.digest, "content": content} for one, content in saved]
    upsert(connection, schema.edition_content, contents)
    rows = [{"path": one.path, "digest": one.digest, "modified": one.modified} for one, _ in saved]
    upsert(connection, schema.edition_file, rows, update=("digest", "modified"))
    for some in chunks(gone):
        connection.execute(delete(schema.edition_file).where(_file.path.in_(some)))
    used = select(_file.digest)
    connection.execute(delete(schema.edition_content).where(_content.digest.not_in(used)))
