"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_BYTES = sa.LargeBinary()
_NUMBER = sa.Integer()
_TEXT = sa.Text()
_TIME = sa.BigInteger()
_YES = sa.Boolean()


def _table(name: str, primary: tuple[str, ...], columns: dict[str, Any], **options: Any) -> None:
    """Make a table; the columns whose names end in ? may be null."""
    made = [
        sa.Column(column.rstrip("?"), type_, nullable=column.endswith("?"))
        for column, type_ in columns.items()
    ]
    op.create_table(name, *made, sa.PrimaryKeyConstraint(*primary), **options)


def upgrade() -> None:
    """Make the tables."""
    _table("meta", ("name",), {"name": _KEY, "value": _TEXT})
    _gathering()
    _boilerplate()
    _grouping()
    _keeping()


def _gathering() -> None:
    _table("source", ("identity",), {"identity": _KEY, "state": _TEXT})
    columns = {
        "key": _KEY,
        "id": _KEY,
        "source": _KEY,
        "publisher": _KEY,
        "first_seen": _TIME,
        "published": _TIME,
        "revised": _TIME,
        "claim?": _TIME,
        "stamp?": _TIME,
        "gathered?": _TIME,
        "shown": _YES,
        "grouped": _YES,
        "blank": _YES,
        "title": _TEXT,
        "link": _TEXT,
        "fingerprint": _TEXT,
        "material": _TEXT,
        "variants": _TEXT,
        "content": _BYTES,
    }
    _table("entry", ("key",), columns)
    op.create_index("entry_id", "entry", ["id"], unique=True)
    op.create_index("entry_first_seen", "entry", ["first_seen"])
    op.create_index("entry_source", "entry", ["source"])
    op.create_index(
        "entry_ungrouped",
        "entry",
        ["published", "key"],
        sqlite_where=sa.text("grouped = 0"),
        postgresql_where=sa.text("NOT grouped"),
    )
    names = {"name": _KEY, "key": _KEY, "kind": _KEY, "seen": _TIME}
    _table("alias", ("name",), names, sqlite_with_rowid=False)
    op.create_index("alias_key", "alias", ["key"])


def _boilerplate() -> None:
    _table("publisher", ("id",), {"id": _KEY, "entries": _NUMBER})
    columns = {
        "publisher": _KEY,
        "hash": sa.BigInteger(),
        "entries": _NUMBER,
        "first": _TIME,
        "last": _TIME,
        "example": _KEY,
        "vetoed": _YES,
    }
    _table("block", ("publisher", "hash"), columns, sqlite_with_rowid=False)


def _grouping() -> None:
    columns = {
        "id": _KEY,
        "founder": _KEY,
        "representative": _KEY,
        "first_published": _TIME,
        "updated": _TIME,
        "published": _TIME,
        "shown": _YES,
    }
    _table("story", ("id",), columns)
    op.create_index("story_newest", "story", ["shown", "first_published", "published", "id"])
    _table("member", ("key",), {"key": _KEY, "story": _KEY, "published": _TIME, "reason": _TEXT})
    op.create_index("member_story", "member", ["story"])
    op.create_index("member_published", "member", ["published"])
    _table("feature", ("key",), {"key": _KEY, "packed": _BYTES})


def _keeping() -> None:
    _table("tombstone", ("id",), {"id": _KEY, "story": _KEY, "died": _TIME})
    op.create_index("tombstone_died", "tombstone", ["died"])
    columns = {"number": _NUMBER, "kind": _KEY, "a": _KEY, "b": _KEY, "decided": _TIME}
    _table("decision", ("number",), columns)
    _table("record", ("key",), {"key": _KEY, "story": _KEY, "first_published": _TIME})
