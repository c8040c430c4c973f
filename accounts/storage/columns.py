"""Kinds of columns, and the metadata that the tables of accounts and cases share until accounts have their own."""

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData, String
from sqlalchemy.types import TypeEngine

metadata: Final = MetaData()


SEQUENCE: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")


def key_text(length: int) -> TypeEngine[str]:
    """Text that pages and prefixes order by: by code point, in PostgreSQL too, whatever the database's locale."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
