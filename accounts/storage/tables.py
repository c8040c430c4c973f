"""The tables of the accounts; kept equal to the migrations by a test."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

from accounts.storage.columns import SEQUENCE, key_text

metadata: Final = MetaData()

departments: Final = Table(
    "people_departments",
    metadata,
    Column("name", key_text(64), primary_key=True),
    Column("title_en", String(200), nullable=False),
    Column("title_zh", String(200), nullable=False),
    Column("active", Boolean, nullable=False),
)

users: Final = Table(
    "people_users",
    metadata,
    Column("username", key_text(64), primary_key=True),
    Column("display_name", String(200), nullable=False),
    Column("email", String(320)),
    Column("phone", String(32)),
    Column("roles", Text, nullable=False),
    Column("departments", Text, nullable=False),
    Column("areas", Text, nullable=False),
    Column("password_hash", String(256)),
    Column("oidc_subject", key_text(400), unique=True),
    Column("active", Boolean, nullable=False),
    Column("failed_logins", Integer, nullable=False, default=0),
    Column("locked_until_ms", BigInteger),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)
"""`roles`, `departments` and `areas` are JSON arrays. `oidc_subject` is `<issuer> <sub>` of who comes by a provider.

`failed_logins` and `locked_until_ms` are of releases that shut an account; nothing reads them, and an earlier release finds
them as it expects.
"""

sessions: Final = Table(
    "people_sessions",
    metadata,
    Column("secret_hash", key_text(64), primary_key=True),
    Column("username", key_text(64), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger, nullable=False),
    Column("ends_at_ms", BigInteger, nullable=False),
)
Index("ix_people_sessions_username", sessions.c.username)

tokens: Final = Table(
    "people_tokens",
    metadata,
    Column("token_id", key_text(16), primary_key=True),
    Column("username", key_text(64), nullable=False),
    Column("label", String(200), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger),
    Column("ends_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
)
Index("ix_people_tokens_username", tokens.c.username)
"""API tokens: `scopes` is a JSON array; of the secret only its SHA-256 is kept, since it is 256 random bits."""

audit: Final = Table(
    "people_audit",
    metadata,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_people_audit_actor", audit.c.actor, audit.c.sequence)
Index("ix_people_audit_subject", audit.c.subject, audit.c.sequence)
"""Append-only: `hash` covers the row and `previous`, the hash of the row before."""
