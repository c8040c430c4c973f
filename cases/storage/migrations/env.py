"""Run by Alembic inside the transaction that `cases.storage.migrations.upgrade` holds."""

from alembic import context

from cases.storage.migrations import VERSION_TABLE
from cases.storage.tables import metadata


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
