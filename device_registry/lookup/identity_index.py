"""Which device answers to an identity, in memory, while the records of several partitions come in no common order."""

from collections.abc import Callable, Mapping

from domain.devices import Device


class IdentityIndex:
    """The devices by one of their identities, `value_of`, among the devices of the table that owns this index."""

    def __init__(self, devices: Mapping[str, Device], value_of: Callable[[Device], str | None]) -> None:
        self._devices = devices
        self._value_of = value_of
        self._id_by_value: dict[str, str] = {}
        self._displaced: dict[str, list[str]] = {}

    def find(self, value: str) -> Device | None:
        device_id = self._id_by_value.get(value)
        return self._devices.get(device_id) if device_id else None

    def hold(self, device: Device) -> None:
        """The device answers to its identity; whoever did so before is kept in mind.

        Partitions have no common order, so for a while two devices may seem to have one identity. Which of them lets go
        is known from a record that is still to come.
        """
        value = self._value_of(device)
        if value is None:
            return
        before = self._id_by_value.get(value, device.device_id)
        if before != device.device_id:
            self._displaced.setdefault(value, []).append(before)
        self._id_by_value[value] = device.device_id

    def forget(self, device: Device, following: Device | None = None) -> None:
        """The device has its identity no more; `following` is what it becomes, None where it goes."""
        value = self._value_of(device)
        if value is None or (following is not None and self._value_of(following) == value):
            return
        if self._id_by_value.get(value) != device.device_id:
            return
        del self._id_by_value[value]
        for device_id in self._displaced.pop(value, ()):
            other = self._devices.get(device_id)
            if other is not None and other is not device and self._value_of(other) == value:
                self._id_by_value[value] = device_id
