"""The format of the times that a model of device sends."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("profiles", sa.Column("time", sa.String(16)))


def downgrade() -> None:
    op.drop_column("profiles", "time")
