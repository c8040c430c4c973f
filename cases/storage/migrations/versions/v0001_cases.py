"""Cases, their history and outbox, the events and keys they came from, numbers and positions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", _key(36), primary_key=True),
        sa.Column("number", _key(16), nullable=False, unique=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("problem", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("department", sa.String(64)),
        sa.Column("area", _key(64)),
        sa.Column("subject", sa.String(128)),
        sa.Column("reported_at_ms", sa.BigInteger, nullable=False),
        sa.Column("due_at_ms", sa.BigInteger),
        sa.Column("closed_at_ms", sa.BigInteger),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index(
        "ix_cases_open_by_reported",
        "cases",
        ["ended", "reported_at_ms", "case_id", "area", "severity", "problem", "words"],
    )
    op.create_index("ix_cases_open_by_due", "cases", ["ended", "due_at_ms", "case_id"])
    op.create_index("ix_cases_state", "cases", ["state", "reported_at_ms", "case_id"])
    op.create_index("ix_cases_department", "cases", ["department", "ended", "reported_at_ms", "case_id"])
    op.create_index("ix_cases_problem", "cases", ["problem", "reported_at_ms"])
    op.create_table(
        "cases_history",
        sa.Column(
            "sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("case_id", _key(36), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("transition", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cases_history_case", "cases_history", ["case_id", "revision"], unique=True)
    op.create_index("ix_cases_history_steps", "cases_history", ["case_id", "revision", "transition", "at_ms"])
    op.create_index(
        "ix_cases_history_unpublished",
        "cases_history",
        ["sequence"],
        sqlite_where=sa.text("published = 0"),
        postgresql_where=sa.text("published = false"),
    )
    op.create_table(
        "cases_events",
        sa.Column("event_id", _key(36), primary_key=True),
        sa.Column("case_id", _key(36), nullable=False),
    )
    op.create_index("ix_cases_events_case", "cases_events", ["case_id"])
    op.create_table(
        "cases_held",
        sa.Column("event_id", _key(36), primary_key=True),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_cases_held_until", "cases_held", ["until_ms"])
    op.create_table(
        "cases_absorbed",
        sa.Column("event_id", _key(36), primary_key=True),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_cases_absorbed_rule", "cases_absorbed", ["rule"])
    op.create_table(
        "cases_keys",
        sa.Column("reporter", _key(100), primary_key=True),
        sa.Column("key", _key(200), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("case_id", _key(36), nullable=False),
    )
    op.create_table(
        "cases_numbers",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "cases_positions",
        sa.Column("follower", _key(100), primary_key=True),
        sa.Column("topic", _key(200), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "cases_attachments",
        sa.Column("attachment_id", _key(36), primary_key=True),
        sa.Column("case_id", _key(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_cases_attachments_case", "cases_attachments", ["case_id", "content"], unique=True)


def downgrade() -> None:
    for table in (
        "cases_attachments",
        "cases_positions",
        "cases_numbers",
        "cases_keys",
        "cases_absorbed",
        "cases_held",
        "cases_events",
        "cases_history",
        "cases",
    ):
        op.drop_table(table)
