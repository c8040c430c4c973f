"""Every device in memory, built from the records of `registry.devices` one after another.

Lean, since a county has 300,000 devices and every worker holds them all: what devices share (kind, profile, area,
department, parent, whole sets of attributes) is held once.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from operator import attrgetter
from sys import intern
from typing import Any, Final

import orjson
import structlog

from device_registry.lookup.identity_index import IdentityIndex
from device_registry.records.encoding import (
    DEVICE_HEADERS,
    PROFILE_HEADERS,
    PROFILE_PREFIX,
    device_from_record,
    device_key,
    profile_from_record,
    profile_key,
)
from domain.devices import AttributeValue, Device, DeviceState, Profile
from domain.identities import OWN_ID, SCHEMES, Identity
from domain.topics import header
from streams.ports import Record

_SHARED_TEXTS: Final = ("kind", "profile", "area", "department", "parent_id", "grid")
_MOST_SHARED_ATTRIBUTES: Final = 50_000
_DEVICE_SCHEMA: Final = DEVICE_HEADERS[0][1]
_PROFILE_SCHEMA: Final = PROFILE_HEADERS[0][1]

_log = structlog.get_logger()


class DeviceTable:
    """A domain.devices.IdentityLookup that knows what `apply` was given.

    Devices that it returns share their attributes: never write into them.
    """

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._by_scheme = {one: IdentityIndex(self._devices, attrgetter(one.column)) for one in SCHEMES}
        self._indexes = tuple(self._by_scheme.values())
        self._profiles: dict[str, Profile] = {}
        self._attributes: dict[bytes, dict[str, AttributeValue]] = {}
        self._version = 0

    @property
    def version(self) -> int:
        return self._version

    def __len__(self) -> int:
        """How many devices are known; retired ones are not."""
        return len(self._devices)

    def device(self, device_id: str) -> Device | None:
        return self._devices.get(device_id)

    def find(self, identity: Identity) -> Device | None:
        scheme, value = identity
        if scheme is OWN_ID:
            return self._devices.get(value)
        index = self._by_scheme[scheme]
        return index.find(value) or index.find(scheme.normalise(value))

    def profile(self, name: str) -> Profile | None:
        return self._profiles.get(name)

    def devices(self) -> Iterator[Device]:
        """Every known device, in no order; apply nothing while iterating."""
        return iter(self._devices.values())

    def profiles(self) -> Iterator[Profile]:
        """Every known profile, likewise."""
        return iter(self._profiles.values())

    def apply(self, records: Iterable[Record]) -> None:
        """Take the records over, the newest of a key last. `version` grows if any of them changed something.

        A record that cannot be read is left out with a line in the log; keys and schemas of later versions are skipped.
        """
        changed = False
        for record in records:
            try:
                changed = self._apply(record.key or b"", record.value, record.headers) or changed
            except (ValueError, KeyError, TypeError) as error:
                _log.error(
                    "unreadable registry record", topic=record.topic, key=repr(record.key), offset=record.offset,
                    partition=record.partition, error=repr(error),
                )  # fmt: skip
        if changed:
            self._version += 1

    def take(self, profiles: Iterable[Any], devices: Iterable[Any]) -> None:
        """Take these parsed records over. Raises: ValueError, KeyError or TypeError where one is none."""
        for profile in profiles:
            self._take_profile(profile)
        for device in devices:
            self._hold(self._lean(device))
        self._version += 1

    def retain(self, keys: Set[bytes]) -> None:
        """Forget every device and profile whose key on the topic is not among `keys`."""
        strays = [device_id for device_id in self._devices if device_key(device_id) not in keys]
        unnamed = [name for name in self._profiles if profile_key(name) not in keys]
        for device_id in strays:
            self._drop(device_id)
        for name in unnamed:
            del self._profiles[name]
        if strays or unnamed:
            self._version += 1

    def _apply(self, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> bool:
        if key.startswith(PROFILE_PREFIX):
            if value is None:
                return self._profiles.pop(key[len(PROFILE_PREFIX) :].decode(), None) is not None
            if header(tuple(headers), "schema") != _PROFILE_SCHEMA:
                return False
            return self._take_profile(orjson.loads(value))
        if value is None:
            return self._drop(key.decode())
        if header(tuple(headers), "schema") != _DEVICE_SCHEMA:
            return False
        return self._hold(self._lean(orjson.loads(value)))

    def _take_profile(self, record: Any) -> bool:
        profile = profile_from_record(record)
        changed = self._profiles.get(profile.name) != profile
        self._profiles[profile.name] = profile
        return changed

    def _hold(self, device: Device) -> bool:
        if device.state is DeviceState.RETIRED:
            return self._drop(device.device_id)
        held = self._devices.get(device.device_id)
        if held == device:
            return False
        for index in self._indexes:
            if held is not None:
                index.forget(held, device)
        self._devices[device.device_id] = device
        for index in self._indexes:
            index.hold(device)
        return True

    def _drop(self, device_id: str) -> bool:
        held = self._devices.pop(device_id, None)
        if held is not None:
            for index in self._indexes:
                index.forget(held)
        return held is not None

    def _lean(self, record: Any) -> Device:
        if not isinstance(record, dict):
            raise TypeError("a device record is a JSON object")
        for name in _SHARED_TEXTS:
            text = record.get(name)
            if text is not None:
                record[name] = intern(text)
        attributes = record.get("attributes") or {}
        if len(self._attributes) >= _MOST_SHARED_ATTRIBUTES:
            self._attributes.clear()
        record["attributes"] = self._attributes.setdefault(orjson.dumps(attributes), attributes)
        return device_from_record(record)
