"""The schema of the cases, version by version: `upgrade` brings a database to the newest one.

A new version: `versions/v000N_what.py`, its `down_revision` the one before it. The table `cases_schema` holds the version
reached; the registry and the accounts beside it have their own.
"""

from pathlib import Path
from typing import Final

from accounts.ports import Database
from accounts.storage.migrations.upgrading import upgrade as upgrade_accounts
from accounts.storage.versioned_schema import VersionedSchema

SCHEMA: Final = VersionedSchema(Path(__file__).parent, "cases_schema")


def upgrade(database: Database) -> None:
    """The database has the newest schemas of the accounts, then of the cases, which write the accounts' audit log.

    Idempotent; a database that has them already is only read.
    Raises: domain.errors.TransientFault when the database does not answer; domain.errors.ConfigurationError where it
    holds a table of the accounts with other columns.
    """
    upgrade_accounts(database)
    SCHEMA.upgrade(database)
