"""Run by Alembic inside the transaction that `device_registry.storage.migrations.upgrading.upgrade` holds."""

from alembic import context

from device_registry.storage.migrations.upgrading import VERSION_TABLE
from device_registry.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
