"""Departments, users, sessions, tokens and the audit log: created, or adopted from the history of the cases.

Until this version the second revision of `cases_schema` made these tables. A table that is there is compared by the names
of its columns and left as it is, with its rows; one that is absent is created with its indexes.
"""

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from domain.errors import ConfigurationError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _key(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _departments() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("name", _key(64), primary_key=True),
        sa.Column("title_en", sa.String(200), nullable=False),
        sa.Column("title_zh", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )


def _users() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("username", _key(64), primary_key=True),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(320)),
        sa.Column("phone", sa.String(32)),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("departments", sa.Text, nullable=False),
        sa.Column("areas", sa.Text, nullable=False),
        sa.Column("password_hash", sa.String(256)),
        sa.Column("oidc_subject", _key(400), unique=True),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("failed_logins", sa.Integer, nullable=False),
        sa.Column("locked_until_ms", sa.BigInteger),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )


def _sessions() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("secret_hash", _key(64), primary_key=True),
        sa.Column("username", _key(64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger, nullable=False),
        sa.Column("ends_at_ms", sa.BigInteger, nullable=False),
    )


def _tokens() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("token_id", _key(16), primary_key=True),
        sa.Column("username", _key(64), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger),
        sa.Column("ends_at_ms", sa.BigInteger),
        sa.Column("revoked_at_ms", sa.BigInteger),
    )


def _audit() -> tuple[sa.Column[Any], ...]:
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return (
        sa.Column("sequence", sequence, primary_key=True, autoincrement=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(400), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


_TABLES: Final[dict[str, Callable[[], tuple[sa.Column[Any], ...]]]] = {
    "people_departments": _departments,
    "people_users": _users,
    "people_sessions": _sessions,
    "people_tokens": _tokens,
    "people_audit": _audit,
}
_INDEXES: Final = {
    "people_sessions": {"ix_people_sessions_username": ["username"]},
    "people_tokens": {"ix_people_tokens_username": ["username"]},
    "people_audit": {
        "ix_people_audit_actor": ["actor", "sequence"],
        "ix_people_audit_subject": ["subject", "sequence"],
    },
}


def upgrade() -> None:
    """Looked at inside the write transaction, so that who waited for its lock sees what the other made."""
    present = sa.inspect(op.get_bind())
    names = set(present.get_table_names())
    problems = []
    for table, columns_of in _TABLES.items():
        columns = columns_of()
        if table not in names:
            _create(table, columns)
            continue
        expected, found = {column.name for column in columns}, {one["name"] for one in present.get_columns(table)}
        if found != expected:
            problems.append(_difference(table, expected, found))
    if problems:
        raise ConfigurationError(problems)


def _create(table: str, columns: tuple[sa.Column[Any], ...]) -> None:
    op.create_table(table, *columns, sqlite_autoincrement=table == "people_audit")
    for index, names in _INDEXES.get(table, {}).items():
        op.create_index(index, table, names)


def _difference(table: str, expected: set[str], found: set[str]) -> str:
    missing, unknown = sorted(expected - found), sorted(found - expected)
    parts = [f"lacks {', '.join(missing)}"] if missing else []
    parts += [f"has {', '.join(unknown)}, which urbansense does not know"] if unknown else []
    return f"the table {table} of the database {' and '.join(parts)}: restore it, or use another database"


def downgrade() -> None:
    """Nothing is dropped: the tables may be older than this history, and their rows nobody else's to lose."""
