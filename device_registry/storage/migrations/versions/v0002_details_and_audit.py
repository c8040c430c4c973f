"""Details of devices, derived readings of profiles, boundaries of areas, and who changed what."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    for column in (
        sa.Column("grid", sa.String(32)),
        sa.Column("sparkplug", sa.String(200)),
        sa.Column("owner", sa.String(100)),
        sa.Column("maintainer", sa.String(100)),
        sa.Column("component_scheme", sa.String(32)),
        sa.Column("source_datum", sa.String(16), nullable=False, server_default=sa.text("'wgs84'")),
        sa.Column("source_lon", sa.Float(53)),
        sa.Column("source_lat", sa.Float(53)),
        sa.Column("tags", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("identities", _json(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    ):
        op.add_column("devices", column)
    op.execute("UPDATE devices SET created_at_ms = updated_at_ms")
    op.add_column("profiles", sa.Column("codec", sa.String(64)))
    op.add_column("profiles", sa.Column("derived", _json(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("areas", sa.Column("names", _json(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("areas", sa.Column("boundary", _json()))
    op.create_table(
        "registry_audit",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column(
            "subject", sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("changes", _json(), nullable=False),
    )
    op.create_index("ix_devices_place", "devices", ["lat", "lon"])
    op.create_index("ix_devices_mn", "devices", ["mn"])
    op.create_index("ix_devices_sparkplug", "devices", ["sparkplug"])
    op.create_index("ix_registry_audit_subject", "registry_audit", ["subject_kind", "subject", "number"])


def downgrade() -> None:
    op.drop_table("registry_audit")
    for index in ("ix_devices_place", "ix_devices_mn", "ix_devices_sparkplug"):
        op.drop_index(index, "devices")
    for table, columns in (
        ("areas", ("boundary", "names")),
        ("profiles", ("derived", "codec")),
        (
            "devices",
            (
                "created_at_ms", "identities", "tags", "source_lat", "source_lon", "source_datum", "component_scheme",
                "maintainer", "owner", "sparkplug", "grid",
            ),
        ),
    ):
        for column in columns:
            op.drop_column(table, column)
