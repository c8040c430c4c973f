"""The schema of the cases, version by version: `upgrade` brings a database to the newest one.

A new version: `versions/v000N_what.py`, its `down_revision` the one before it. The table `cases_schema` holds the version
reached; the registry beside it has its own.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from accounts.ports import Database

VERSION_TABLE: Final = "cases_schema"


def upgrade(database: Database) -> None:
    """The database has the newest schema of the cases. Idempotent; all steps in one transaction.

    Raises: domain.errors.TransientFault when the database does not answer.
    """
    config = migration_config()
    newest = ScriptDirectory.from_config(config).get_current_head()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        if context.get_current_revision() == newest:
            return
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def migration_config() -> Config:
    """Alembic's configuration; whoever uses it sets `attributes["connection"]`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
