"""The schema of the accounts, version by version: `upgrade` brings a database to the newest one.

A new version: `versions/v000N_what.py`, its `down_revision` the one before it. The table `accounts_schema` holds the
version reached; the registry and the cases beside it have their own.
"""

from pathlib import Path
from typing import Final

from accounts.ports import Database
from accounts.storage.versioned_schema import VersionedSchema

SCHEMA: Final = VersionedSchema(Path(__file__).parent, "accounts_schema")


def upgrade(database: Database) -> None:
    """The database has the newest schema of the accounts. Idempotent; a database that has it already is only read.

    Tables that the cases made before accounts had a history are adopted with their rows.
    Raises: domain.errors.TransientFault when the database does not answer; domain.errors.ConfigurationError where it
    holds a table of ours with other columns.
    """
    SCHEMA.upgrade(database)
