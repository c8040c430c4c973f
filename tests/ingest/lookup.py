"""A registry in memory, for tests of the stages that look devices up."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.devices import Device, DeviceState, Profile


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

    def device_by_eui(self, dev_eui: str) -> Device | None:
        return _in_service(
            next((d for d in self.devices.values() if d.dev_eui and _bare(d.dev_eui) == _bare(dev_eui)), None)
        )

    def device_by_mn(self, mn: str) -> Device | None:
        return _in_service(next((d for d in self.devices.values() if d.mn == mn), None))

    def device_by_sparkplug(self, path: str) -> Device | None:
        return _in_service(next((d for d in self.devices.values() if d.sparkplug == path), None))

    def profile(self, name: str) -> Profile | None:
        return self.profiles.get(name)


def lookup_of(*items: Device | Profile, kinds: Iterable[str] = ()) -> MemoryLookup:
    """A registry of these devices and profiles, with the built-in profiles of `kinds` beside them."""
    return MemoryLookup().put(*items, *(Profile(kind, kind) for kind in kinds))


def _bare(dev_eui: str) -> str:
    return dev_eui.lower().replace("-", "").replace(":", "")


def _in_service(device: Device | None) -> Device | None:
    return None if device is None or device.state is DeviceState.RETIRED else device
