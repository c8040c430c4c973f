"""Devices, profiles and areas, with the outbox that feeds registry.devices."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _key(length: int) -> sa.types.TypeEngine[Any]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _outbox() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("published_version", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("device_id", _key(64), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("area", _key(200)),
        sa.Column("lon", sa.Float(53)),
        sa.Column("lat", sa.Float(53)),
        sa.Column("parent_id", sa.String(64)),
        sa.Column("component_code", sa.String(32)),
        sa.Column("department", sa.String(100)),
        sa.Column("report_interval_s", sa.Integer, nullable=False),
        sa.Column("dev_eui", sa.String(16)),
        sa.Column("mn", sa.String(24)),
        sa.Column("attributes", _json(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("activated_at_ms", sa.BigInteger, nullable=False),
        *_outbox(),
    )
    op.create_table(
        "profiles",
        sa.Column("name", _key(64), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("fields", _json(), nullable=False),
        sa.Column("ignore", _json(), nullable=False),
        sa.Column("report_interval_s", sa.Integer, nullable=False),
        sa.Column("attributes", _json(), nullable=False),
        *_outbox(),
    )
    op.create_table(
        "areas",
        sa.Column("path", _key(200), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_devices_kind", "devices", ["kind", "device_id"])
    op.create_index("ix_devices_area", "devices", ["area"])
    op.create_index("ix_devices_parent_id", "devices", ["parent_id"])
    _create_partial_index("uq_devices_dev_eui", "dev_eui", "state <> 'retired'", unique=True)
    _create_partial_index("ix_devices_unpublished", "device_id", "published_version < version")


def downgrade() -> None:
    op.drop_table("areas")
    op.drop_table("profiles")
    op.drop_table("devices")


def _create_partial_index(name: str, column: str, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, "devices", [column], unique=unique, sqlite_where=condition, postgresql_where=condition)
