"""What workers on several machines share: due sources, roles, published files."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "due_source",
        sa.Column("identity", _KEY, nullable=False),
        sa.Column("host", _KEY, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.BigInteger(), nullable=True),
        sa.Column("claimed", sa.BigInteger(), nullable=True),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("aside", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("identity"),
    )
    op.create_index("due_source_due", "due_source", ["due"])
    op.create_index("due_source_host", "due_source", ["host"])
    op.create_table(
        "role",
        sa.Column("name", _KEY, nullable=False),
        sa.Column("holder", _KEY, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "edition_content",
        sa.Column("digest", _KEY, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "edition_file",
        sa.Column("path", _KEY, nullable=False),
        sa.Column("digest", _KEY, nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )
