"""What the room needs of a database. The composition root hands it over."""

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection


class Database(Protocol):
    """SQLite or PostgreSQL. Safe from many threads."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read on. Raises: domain.errors.TransientFault when it does not answer."""

    def writing(self) -> AbstractContextManager[Connection]:
        """The one write transaction, one after the other: committed at the end, rolled back by any exception.

        Raises: domain.errors.TransientFault when the database does not answer or another writer holds it for too long.
        """
