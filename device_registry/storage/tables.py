"""The registry's tables: SQLite by default, PostgreSQL for a city; one metadata, kept equal to the migrations by a test.

A row carries what the published record carries, and the outbox beside it: `published_version` is the version that
stands on `registry.devices`, and every change raises `version`, so a row is unpublished while the first is the smaller.
A removed row stays, marked, until its tombstone is published. There are no foreign keys: references are checked inside
the one write transaction (`device_registry.records.checks.references`), where a whole file may arrive in any order.
"""

from collections.abc import Iterator
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
    Text,
    and_,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from device_registry.records.entries import DETAIL_FIELDS, DEVICE_FIELDS, Datum
from device_registry.records.text_lengths import LENGTH
from domain.devices import DeviceState
from domain.identities import DEV_EUI, SCHEMES

metadata: Final = MetaData()

_JSON: Final[TypeEngine[Any]] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_ROW_NUMBER: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")
_STATE: Final = Enum(
    DeviceState, native_enum=False, length=16, values_callable=lambda states: [state.value for state in states]
)


_DATUM: Final = Enum(
    Datum, native_enum=False, length=16, values_callable=lambda known: [datum.value for datum in known]
)


class TagsText(TypeDecorator[tuple[str, ...]]):
    """Tags as one text, each between commas (`,new,led,`), so that `LIKE '%,led,%'` finds a tag on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:
        return f",{','.join(value)}," if value else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple(value.strip(",").split(",")) if value else ()


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


def _identities(*, in_every_file: bool) -> Iterator[Column[Any]]:
    """The columns that were there from the first migration, or those of later ones, which stand behind the outbox."""
    for scheme in SCHEMES:
        if scheme.in_every_file is in_every_file:
            yield Column(scheme.column, String(scheme.longest))


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
    *_identities(in_every_file=True),
    Column("attributes", _JSON, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("activated_at_ms", BigInteger, nullable=False),
    *_outbox(),
    Column("grid", String(LENGTH["grid"])),
    *_identities(in_every_file=False),
    Column("owner", String(LENGTH["owner"])),
    Column("maintainer", String(LENGTH["maintainer"])),
    Column("component_scheme", String(LENGTH["component_scheme"])),
    Column("source_datum", _DATUM, nullable=False, server_default=text("'wgs84'")),
    Column("source_lon", Float(53)),
    Column("source_lat", Float(53)),
    Column("tags", TagsText, nullable=False, server_default=text("''")),
    Column("identities", _JSON, nullable=False, server_default=text("'{}'")),
    Column("created_at_ms", BigInteger, nullable=False, server_default=text("0")),
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
    Column("codec", String(LENGTH["codec"])),
    Column("derived", _JSON, nullable=False, server_default=text("'[]'")),
)

areas: Final = Table(
    "areas",
    metadata,
    Column("path", _key(LENGTH["area"]), primary_key=True),
    Column("name", String(LENGTH["name"]), nullable=False),
    Column("level", String(LENGTH["level"]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("names", _JSON, nullable=False, server_default=text("'{}'")),
    Column("boundary", _JSON),
)

audit: Final = Table(
    "registry_audit",
    metadata,
    Column("number", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("subject_kind", String(16), nullable=False),
    Column("subject", _key(LENGTH["area"]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("author", String(LENGTH["author"]), nullable=False),
    Column("action", String(16), nullable=False),
    Column("changes", _JSON, nullable=False),
)
"""Who changed what, when: one row for each change of each record, written in the change's own transaction."""

credentials: Final = Table(
    "credentials",
    metadata,
    Column("username", _key(200), primary_key=True),
    Column("holder", _key(65), nullable=False),
    Column("sort", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("salt", String(64)),
    Column("secret_hash", String(128)),
    Column("iterations", Integer),
    Column("fingerprint", String(64)),
    Column("certificate_ends_at_ms", BigInteger),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("ends_at_ms", BigInteger),
    Column("ends_on_use_of", String(200)),
    Column("last_used_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
    Column("client_id", _key(200)),
)
"""What devices and services log in with at the MQTT broker. A secret stands here as its hash only."""

pending_devices: Final = Table(
    "pending_devices",
    metadata,
    Column("name", _key(64), primary_key=True),
    Column("dev_eui", String(LENGTH["dev_eui"])),
    Column("kind", String(64)),
    Column("speaker", String(64)),
    Column("topic", Text, nullable=False),
    Column("sample", Text, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("reports", Integer, nullable=False),
    Column("refused_at_ms", BigInteger),
    Column("refused_by", String(LENGTH["author"])),
)
"""Who reported without being registered, until an operator accepts or refuses it."""

DEVICE_COLUMNS: Final = tuple(devices.c[name] for name in DEVICE_FIELDS)
"""The columns of a `Device`, in the order of its fields: `Device(*row)`."""

DETAIL_COLUMNS: Final = tuple(devices.c[name] for name in DETAIL_FIELDS)
"""The columns of its `Details`, likewise."""

DEVICE_IS_UNPUBLISHED: Final = devices.c.published_version < devices.c.version
PROFILE_IS_UNPUBLISHED: Final = profiles.c.published_version < profiles.c.version

Index("ix_devices_kind", devices.c.kind, devices.c.device_id)
Index("ix_devices_area", devices.c.area)
Index("ix_devices_parent_id", devices.c.parent_id)
Index("ix_devices_place", devices.c.lat, devices.c.lon)
for _scheme in SCHEMES:
    if _scheme is not DEV_EUI:
        Index(f"ix_devices_{_scheme.column}", devices.c[_scheme.column])
Index("ix_credentials_holder", credentials.c.holder)
Index("ix_credentials_client_id", credentials.c.client_id)
Index("ix_registry_audit_subject", audit.c.subject_kind, audit.c.subject, audit.c.number)
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
