"""Run by Alembic inside the transaction that `cases.storage.migrations.upgrading.upgrade` holds."""

from alembic import context

from accounts.storage.columns import metadata
from cases.storage.migrations.upgrading import VERSION_TABLE


def _is_ours(name: str | None, sort: str, _parents: object) -> bool:
    return sort != "table" or name in metadata.tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    include_name=_is_ours,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
