"""How a device or a profile stands on `registry.devices`: JSON of the dataclass, under its id or `profile/<name>`.

A reader skips keys and schemas it does not know, and takes defaults for fields it misses, so later versions may add both.
"""

from dataclasses import fields
from typing import Any, Final

import orjson

from domain.devices import DerivedReading, Device, DeviceState, FieldMapping, Profile
from domain.topics import Headers

DEVICE_HEADERS: Final[Headers] = (("schema", b"device/1"),)
PROFILE_HEADERS: Final[Headers] = (("schema", b"profile/1"),)
PROFILE_PREFIX: Final = b"profile/"
"""Device ids hold no slash, so no device can stand under a profile's key."""

_DEVICE_FIELDS: Final = frozenset(field.name for field in fields(Device))
_PROFILE_FIELDS: Final = frozenset(field.name for field in fields(Profile))


def device_key(device_id: str) -> bytes:
    return device_id.encode()


def profile_key(name: str) -> bytes:
    return PROFILE_PREFIX + name.encode()


def encode_device(device: Device) -> bytes:
    return orjson.dumps(device)


def encode_profile(profile: Profile) -> bytes:
    return orjson.dumps(profile)


def device_from_record(record: dict[str, Any]) -> Device:
    """The device of a parsed record. Raises: ValueError, KeyError or TypeError where it is none."""
    _check_object(record)
    if not record.keys() <= _DEVICE_FIELDS:
        record = {name: value for name, value in record.items() if name in _DEVICE_FIELDS}
    return Device(**{**record, "state": DeviceState(record["state"])})


def profile_from_record(record: dict[str, Any]) -> Profile:
    """The profile of a parsed record. Raises: ValueError, KeyError or TypeError where it is none."""
    _check_object(record)
    known = {name: value for name, value in record.items() if name in _PROFILE_FIELDS}
    mappings = tuple(FieldMapping(**mapping) for mapping in record["fields"])
    derived = tuple(DerivedReading(**reading) for reading in record.get("derived", ()))
    return Profile(**{**known, "fields": mappings, "ignore": tuple(record["ignore"]), "derived": derived})


def _check_object(record: object) -> None:
    if not isinstance(record, dict):
        raise TypeError(f"a JSON object belongs here, not {type(record).__name__}")
