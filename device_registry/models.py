"""The registry's tables: SQLite by default, PostgreSQL for a city; one metadata, kept equal to the migrations by a test.

A row carries what the published record carries, and the outbox beside it: `published_version` is the version that
stands on `registry.devices`, and every change raises `version`, so a row is unpublished while the first is the smaller.
A removed row stays, marked, until its tombstone is published. There are no foreign keys: references are checked inside
the one write transaction (`device_registry.references`), where a whole file may arrive in any order.
"""

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Enum,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from device_registry.validation import LENGTH
from domain.devices import Device, DeviceState

metadata: Final = MetaData()

_JSON: Final[TypeEngine[Any]] = JSON().with_variant(JSONB(), "postgresql")
_STATE: Final = Enum(
    DeviceState, native_enum=False, length=16, values_callable=lambda states: [state.value for state in states]
)


def _key(length: int) -> TypeEngine[str]:
    """Text that pages and prefixes order by: by code point, in PostgreSQL too, whatever the database's locale."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def _outbox() -> tuple[Column[Any], ...]:
    return (
        Column("version", Integer, nullable=False),
        Column("published_version", Integer, nullable=False, server_default=text("0")),
        Column("removed", Boolean, nullable=False, server_default=false()),
        Column("updated_at_ms", BigInteger, nullable=False),
    )


devices: Final = Table(
    "devices",
    metadata,
    Column("device_id", _key(64), primary_key=True),
    Column("kind", String(LENGTH["kind"]), nullable=False),
    Column("profile", String(LENGTH["profile"]), nullable=False),
    Column("name", String(LENGTH["name"]), nullable=False),
    Column("area", _key(LENGTH["area"])),
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("parent_id", String(LENGTH["parent_id"])),
    Column("component_code", String(LENGTH["component_code"])),
    Column("department", String(LENGTH["department"])),
    Column("report_interval_s", Integer, nullable=False),
    Column("dev_eui", String(LENGTH["dev_eui"])),
    Column("mn", String(LENGTH["mn"])),
    Column("attributes", _JSON, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("activated_at_ms", BigInteger, nullable=False),
    *_outbox(),
)

profiles: Final = Table(
    "profiles",
    metadata,
    Column("name", _key(64), primary_key=True),
    Column("kind", String(LENGTH["kind"]), nullable=False),
    Column("fields", _JSON, nullable=False),
    Column("ignore", _JSON, nullable=False),
    Column("report_interval_s", Integer, nullable=False),
    Column("attributes", _JSON, nullable=False),
    *_outbox(),
)

areas: Final = Table(
    "areas",
    metadata,
    Column("path", _key(LENGTH["area"]), primary_key=True),
    Column("name", String(LENGTH["name"]), nullable=False),
    Column("level", String(LENGTH["level"]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
)

DEVICE_COLUMNS: Final = tuple(devices.c[field.name] for field in fields(Device))
"""The columns of a `Device`, in the order of its fields: `Device(*row)`."""

DEVICE_IS_UNPUBLISHED: Final = devices.c.published_version < devices.c.version
PROFILE_IS_UNPUBLISHED: Final = profiles.c.published_version < profiles.c.version

Index("ix_devices_kind", devices.c.kind, devices.c.device_id)
Index("ix_devices_area", devices.c.area)
Index("ix_devices_parent_id", devices.c.parent_id)
Index(
    "uq_devices_dev_eui",
    devices.c.dev_eui,
    unique=True,
    sqlite_where=devices.c.state != DeviceState.RETIRED,
    postgresql_where=devices.c.state != DeviceState.RETIRED,
)
Index(
    "ix_devices_unpublished",
    devices.c.device_id,
    sqlite_where=and_(DEVICE_IS_UNPUBLISHED),
    postgresql_where=and_(DEVICE_IS_UNPUBLISHED),
)
