"""The schema of one room, version by version, in a database that several rooms share.

Each room keeps a folder of migrations and a version table of its own, so that none waits for another's versions.
"""

from dataclasses import dataclass
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from accounts.ports import Database


@dataclass(frozen=True, slots=True)
class VersionedSchema:
    """`folder` holds `env.py` and `versions/`; `version_table` holds the version that the database has reached."""

    folder: Path
    version_table: str

    def upgrade(self, database: Database) -> None:
        """The database has the newest version. Idempotent; all steps in one transaction, none where it is the newest.

        Safe from several processes at once: who waited for the write transaction finds the versions of the other.
        Raises: domain.errors.TransientFault when the database does not answer; whatever a migration raises.
        """
        config = self.config()
        newest = ScriptDirectory.from_config(config).get_current_head()
        with database.reading() as connection:
            reached = MigrationContext.configure(connection, opts={"version_table": self.version_table})
            if reached.get_current_revision() == newest:
                return
        with database.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def config(self) -> Config:
        """Alembic's configuration; whoever uses it sets `attributes["connection"]`."""
        config = Config()
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        return config

    def run_migrations(self, metadata: MetaData) -> None:
        """What `env.py` does, within the transaction that the configuration's connection holds."""
        context.configure(
            connection=context.config.attributes["connection"],
            target_metadata=metadata,
            version_table=self.version_table,
            include_name=lambda name, sort, _parents: sort != "table" or name in metadata.tables,
            render_as_batch=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
