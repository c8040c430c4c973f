"""Credentials of devices and services, and unknown devices that wait to be accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("username", _key(200), primary_key=True),
        sa.Column("holder", _key(65), nullable=False),
        sa.Column("sort", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("salt", sa.String(64)),
        sa.Column("secret_hash", sa.String(128)),
        sa.Column("iterations", sa.Integer),
        sa.Column("fingerprint", sa.String(64)),
        sa.Column("certificate_ends_at_ms", sa.BigInteger),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger),
        sa.Column("ends_on_use_of", sa.String(200)),
        sa.Column("last_used_at_ms", sa.BigInteger),
        sa.Column("revoked_at_ms", sa.BigInteger),
    )
    op.create_index("ix_credentials_holder", "credentials", ["holder"])
    op.create_table(
        "pending_devices",
        sa.Column("name", _key(64), primary_key=True),
        sa.Column("dev_eui", sa.String(16)),
        sa.Column("kind", sa.String(64)),
        sa.Column("speaker", sa.String(64)),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("sample", sa.Text, nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("reports", sa.Integer, nullable=False),
        sa.Column("refused_at_ms", sa.BigInteger),
        sa.Column("refused_by", sa.String(100)),
    )


def downgrade() -> None:
    op.drop_table("pending_devices")
    op.drop_index("ix_credentials_holder", "credentials")
    op.drop_table("credentials")
