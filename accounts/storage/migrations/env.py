"""Run by Alembic inside the transaction that `upgrade` holds."""

from accounts.storage.migrations.upgrading import SCHEMA
from accounts.storage.tables import metadata

SCHEMA.run_migrations(metadata)
