"""What names a logged change beyond its number, and the features from before it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("feature_change", sa.Column("token", sa.BigInteger(), nullable=True))
    op.add_column("feature_change", sa.Column("before", sa.LargeBinary(), nullable=True))
