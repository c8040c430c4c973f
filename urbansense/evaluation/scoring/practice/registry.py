"""A registry in memory, for a city that is only practised on: devices and profiles as the gateway looks them up."""

from collections.abc import Iterable, Mapping

from device_registry.records.built_in_profiles import built_in_profiles
from domain.devices import Device, DeviceState, Profile
from domain.identities import OWN_ID, SCHEMES, Identity
from domain.topics import KINDS


class PractiseRegistry:
    """An `IdentityLookup` that never changes, with the profiles that every registry starts with."""

    def __init__(self, devices: Iterable[Device], profiles: Iterable[Profile] = ()) -> None:
        found = [device for device in devices if device.state is not DeviceState.RETIRED]
        self.by_id: Mapping[str, Device] = {device.device_id: device for device in found}
        self._by_identity = {
            scheme.of(scheme.normalise(value)): device
            for scheme in SCHEMES
            for device in found
            if (value := getattr(device, scheme.column))
        }
        kinds = tuple(dict.fromkeys((*KINDS, *(device.kind for device in found))))
        self._profiles = {profile.name: profile for profile in (*built_in_profiles(kinds), *profiles)}
        self.kinds = kinds

    @property
    def version(self) -> int:
        return 0

    def device(self, device_id: str) -> Device | None:
        return self.by_id.get(device_id)

    def find(self, identity: Identity) -> Device | None:
        scheme, value = identity
        return self.by_id.get(value) if scheme is OWN_ID else self._by_identity.get(scheme.of(scheme.normalise(value)))

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
