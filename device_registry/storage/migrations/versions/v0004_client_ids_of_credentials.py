"""The client id that a credential is bound to at the broker."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("credentials", sa.Column("client_id", _key(200)))
    op.create_index("ix_credentials_client_id", "credentials", ["client_id"])


def downgrade() -> None:
    op.drop_index("ix_credentials_client_id", "credentials")
    op.drop_column("credentials", "client_id")
