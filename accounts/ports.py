"""What the room needs of a database. The composition root hands it over."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection


class Database(Protocol):
    """SQLite or PostgreSQL. Safe from many threads."""

    def prepare(self, step: Callable[[], None]) -> None:
        """Run `step`, which may read and write; where the database does not answer, at each use until it succeeds."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read on. Raises: domain.errors.TransientFault when it does not answer."""

    def writing(self) -> AbstractContextManager[Connection]:
        """The one write transaction, one after the other: committed at the end, rolled back by any exception.

        Accounts and cases share one database and this one lock: a row of the audit log is appended in the transaction
        of the change that it records (`append_audit`), and its hash follows the newest row only while nobody else
        writes. So this lock must hold between processes too.

        Raises: domain.errors.TransientFault when the database does not answer or another writer holds it for too long.
        """
