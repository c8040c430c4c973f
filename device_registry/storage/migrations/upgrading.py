"""The registry's schema, version by version: `upgrade` brings a database to the newest one.

A new version: `versions/v000N_what.py`, its `down_revision` the one before it. The table `registry_schema` holds the
version reached, so other parts may keep their own migrations in the same database.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from device_registry.storage.database import open_engine, reading, writing

VERSION_TABLE: Final = "registry_schema"


def upgrade(database_url: str) -> None:
    """The database at that address has the newest schema. Idempotent; safe from several processes at once.

    Raises: domain.errors.TransientFault when the database does not answer; domain.errors.ConfigurationError for an
    address that is none.
    """
    engine = open_engine(database_url)
    try:
        upgrade_engine(engine)
    finally:
        engine.dispose()


def upgrade_engine(engine: Engine) -> None:
    """`upgrade` over an engine that is open already. All steps in one transaction: a failed one leaves nothing."""
    config = migration_config()
    newest = ScriptDirectory.from_config(config).get_current_head()
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        if context.get_current_revision() == newest:
            return
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def migration_config() -> Config:
    """Alembic's configuration; whoever uses it sets `attributes["connection"]`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
