"""Kinds of columns that mean the same in SQLite and PostgreSQL."""

from typing import Final

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.types import TypeEngine

SEQUENCE: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")


def key_text(length: int) -> TypeEngine[str]:
    """Text that pages and prefixes order by: by code point, in PostgreSQL too, whatever the database's locale."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
