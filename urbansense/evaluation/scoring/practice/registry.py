"""A registry in memory, for a city that is only practised on: devices and profiles as the gateway looks them up."""

from collections.abc import Iterable, Mapping

from device_registry.records.built_in_profiles import built_in_profiles
from domain.devices import Device, DeviceState, Profile
from domain.topics import KINDS


class PractiseRegistry:
    """An `IdentityLookup` that never changes, with the profiles that every registry starts with."""

    def __init__(self, devices: Iterable[Device], profiles: Iterable[Profile] = ()) -> None:
        found = [device for device in devices if device.state is not DeviceState.RETIRED]
        self.by_id: Mapping[str, Device] = {device.device_id: device for device in found}
        self._by_eui = {_bare(device.dev_eui): device for device in found if device.dev_eui}
        self._by_mn = {device.mn: device for device in found if device.mn}
        self._by_sparkplug = {device.sparkplug: device for device in found if device.sparkplug}
        kinds = tuple(dict.fromkeys((*KINDS, *(device.kind for device in found))))
        self._profiles = {profile.name: profile for profile in (*built_in_profiles(kinds), *profiles)}
        self.kinds = kinds

    @property
    def version(self) -> int:
        return 0

    def device(self, device_id: str) -> Device | None:
        return self.by_id.get(device_id)

    def device_by_eui(self, dev_eui: str) -> Device | None:
        return self._by_eui.get(_bare(dev_eui))

    def device_by_mn(self, mn: str) -> Device | None:
        return self._by_mn.get(mn)

    def device_by_sparkplug(self, path: str) -> Device | None:
        return self._by_sparkplug.get(path)

    def profile(self, name: str) -> Profile | None:
        return self._profiles.get(name)

    def counts_for(self, device_id: str) -> frozenset[str]:
        """What a device counts for in groups: itself, its parent, its areas, its grid and the values of its attributes."""
        device = self.by_id.get(device_id)
        if device is None:
            return frozenset()
        levels = device.area.split("/") if device.area else []
        areas = ("/".join(levels[: depth + 1]) for depth in range(len(levels)))
        named = (device.parent_id, device.grid, *map(str, device.attributes.values()))
        return frozenset((*areas, *(name for name in named if name is not None)))


def _bare(dev_eui: str) -> str:
    return dev_eui.replace("-", "").replace(":", "").lower()
