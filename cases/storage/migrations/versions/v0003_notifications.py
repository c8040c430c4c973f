"""Notification about the cases: the outbox, the buckets, the watches, and what people prefer."""

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
        "notify_messages",
        sa.Column(
            "sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("message_id", _key(36), nullable=False, unique=True),
        sa.Column("case_id", _key(36), nullable=False),
        sa.Column("occasion", sa.String(32), nullable=False),
        sa.Column("critical", sa.Boolean, nullable=False),
        sa.Column("channel", _key(64), nullable=False),
        sa.Column("address", _key(320), nullable=False),
        sa.Column("person", sa.String(64)),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger, nullable=False),
        sa.Column("delivery_id", _key(36)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("first_tried_at_ms", sa.BigInteger),
        sa.Column("ended_at_ms", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notify_messages_state", "notify_messages", ["state", "channel", "address"])
    op.create_index("ix_notify_messages_case", "notify_messages", ["case_id"])
    op.create_index("ix_notify_messages_delivery", "notify_messages", ["delivery_id"])
    op.create_index("ix_notify_messages_ended", "notify_messages", ["state", "ended_at_ms"])
    op.create_table(
        "notify_buckets",
        sa.Column("channel", _key(64), primary_key=True),
        sa.Column("address", _key(320), primary_key=True),
        sa.Column("full_at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notify_watches",
        sa.Column("case_id", _key(36), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("since_revision", sa.Integer, nullable=False),
        sa.Column("steps_told", sa.Integer, nullable=False),
        sa.Column("deadline_told", sa.String(200), nullable=False),
        sa.Column("next_ms", sa.BigInteger),
    )
    op.create_index("ix_notify_watches_next", "notify_watches", ["next_ms"])
    op.create_table(
        "notify_preferences",
        sa.Column("username", _key(64), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("notify_preferences", "notify_watches", "notify_buckets", "notify_messages"):
        op.drop_table(table)
