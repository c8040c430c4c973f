"""What an offered device changes in the registry: nothing, or the next version of its record."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from device_registry.records.entries import DETAIL_FIELDS, DEVICE_FIELDS, Details, DeviceEntry
from domain.devices import AttributeValue, Device, DeviceState


class Changes(NamedTuple):
    """What one call did, by key, in the order given."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


class Stored(NamedTuple):
    """A device as the table holds it; `removed` ones are only tombstones that wait to be published."""

    device: Device
    removed: bool
    details: Details = Details()


def plan_changes(
    offered: Sequence[Device | DeviceEntry], stored: Mapping[str, Stored], now_ms: int, keep: Collection[str] = ()
) -> tuple[list[DeviceEntry], Changes]:
    """The entries to write, and what writing them does. `offered` ids are distinct; rules as for `next_entry`."""
    to_write: list[DeviceEntry] = []
    created: list[str] = []
    updated: list[str] = []
    unchanged: list[str] = []
    for one in offered:
        device_id = (one.device if isinstance(one, DeviceEntry) else one).device_id
        held = stored.get(device_id)
        following = next_entry(held, one, now_ms, keep)
        if following is None:
            unchanged.append(device_id)
            continue
        to_write.append(following)
        (created if held is None or held.removed else updated).append(device_id)
    return to_write, Changes(tuple(created), tuple(updated), tuple(unchanged))


def next_entry(
    stored: Stored | None, offered: Device | DeviceEntry, now_ms: int, keep: Collection[str] = ()
) -> DeviceEntry | None:
    """The entry to store, its version raised by one; None where the offered one changes nothing.

    A bare device leaves the details of one that exists as they are. `keep` names fields (of device or details) that are
    left as they are where the device exists.
    Time: a device that becomes active is activated at `now_ms`, unless it comes with a time of its own; one that stays
    active keeps its time.
    """
    device, details = (
        offered if isinstance(offered, DeviceEntry) else (offered, stored.details if stored else Details())
    )
    if stored is None or stored.removed:
        activated_at_ms = device.activated_at_ms or (now_ms if device.state is DeviceState.ACTIVE else 0)
        version = stored.device.version + 1 if stored else 1
        details = offered.details if isinstance(offered, DeviceEntry) else Details()
        return DeviceEntry(replace(device, activated_at_ms=activated_at_ms, version=version), details)
    held = stored.device
    device, details = _kept(stored, device, details, keep)
    activated_at_ms = device.activated_at_ms or held.activated_at_ms
    becomes_active = device.state is DeviceState.ACTIVE and held.state is not DeviceState.ACTIVE
    if becomes_active and activated_at_ms == held.activated_at_ms:
        activated_at_ms = now_ms
    wanted = replace(device, activated_at_ms=activated_at_ms, version=held.version)
    if wanted == held and same_attributes(wanted.attributes, held.attributes) and details == stored.details:
        return None
    return DeviceEntry(replace(wanted, version=held.version + 1), details)


def same_attributes(one: dict[str, AttributeValue], other: dict[str, AttributeValue]) -> bool:
    """Whether both hold the same values of the same types. (To Python, 1, 1.0 and True are equal.)"""
    return one == other and (not one or _sorted_json(one) == _sorted_json(other))


def _kept(stored: Stored, device: Device, details: Details, keep: Collection[str]) -> tuple[Device, Details]:
    of_device = {name: getattr(stored.device, name) for name in DEVICE_FIELDS if name in keep}
    of_details = {name: getattr(stored.details, name) for name in DETAIL_FIELDS if name in keep}
    return (
        replace(device, **of_device) if of_device else device,
        replace(details, **of_details) if of_details else details,
    )


def _sorted_json(attributes: dict[str, AttributeValue]) -> bytes:
    return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)
