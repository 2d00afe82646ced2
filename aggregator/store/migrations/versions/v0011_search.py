"""Which entries the search finds and which it has still to index; digests that were published."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; `search_index` fills them later, so that an old folder opens at once."""
    op.create_table(
        "search_entry",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("search_entry_key", "search_entry", ["key"], unique=True)
    op.create_table(
        "search_due",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "news_digest",
        sa.Column("feed", _KEY, nullable=False),
        sa.Column("period", _KEY, nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "period"),
    )
