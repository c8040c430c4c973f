"""Run by Alembic inside the transaction that `upgrade` holds."""

from cases.storage.migrations.upgrading import SCHEMA
from cases.storage.tables import metadata

SCHEMA.run_migrations(metadata)
