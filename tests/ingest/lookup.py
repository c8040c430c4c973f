"""A registry in memory, for tests of the stages that look devices up."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.devices import Device, DeviceState, Profile
from domain.identities import Identity, IdentityScheme


@dataclass
class MemoryLookup:
    """A DeviceLookup to fill by hand; every change moves `version`."""

    devices: dict[str, Device] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    version: int = 0

    def put(self, *items: Device | Profile) -> "MemoryLookup":
        for item in items:
            if isinstance(item, Device):
                self.devices[item.device_id] = item
            else:
                self.profiles[item.name] = item
        self.version += 1
        return self

    def device(self, device_id: str) -> Device | None:
        return _in_service(self.devices.get(device_id))

    def find(self, identity: Identity) -> Device | None:
        scheme, value = identity
        return _in_service(next((d for d in self.devices.values() if _has(d, scheme, value)), None))

    def profile(self, name: str) -> Profile | None:
        return self.profiles.get(name)


def lookup_of(*items: Device | Profile, kinds: Iterable[str] = ()) -> MemoryLookup:
    """A registry of these devices and profiles, with the built-in profiles of `kinds` beside them."""
    return MemoryLookup().put(*items, *(Profile(kind, kind) for kind in kinds))


def _has(device: Device, scheme: IdentityScheme, value: str) -> bool:
    held = getattr(device, scheme.column)
    return held is not None and scheme.normalise(held) == scheme.normalise(value)


def _in_service(device: Device | None) -> Device | None:
    return None if device is None or device.state is DeviceState.RETIRED else device
