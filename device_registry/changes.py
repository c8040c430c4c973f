"""What an offered device changes in the registry: nothing, or the next version of its record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

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


def plan_changes(
    offered: Sequence[Device], stored: Mapping[str, Stored], now_ms: int, keep_state: bool = False
) -> tuple[list[Device], Changes]:
    """The devices to write, and what writing them does. `offered` ids are distinct; rules as for `next_device`."""
    to_write: list[Device] = []
    created: list[str] = []
    updated: list[str] = []
    unchanged: list[str] = []
    for device in offered:
        held = stored.get(device.device_id)
        following = next_device(held, device, now_ms, keep_state)
        if following is None:
            unchanged.append(device.device_id)
            continue
        to_write.append(following)
        (created if held is None or held.removed else updated).append(device.device_id)
    return to_write, Changes(tuple(created), tuple(updated), tuple(unchanged))


def next_device(stored: Stored | None, offered: Device, now_ms: int, keep_state: bool = False) -> Device | None:
    """The device to store, its version raised by one; None where the offered one changes nothing.

    Time: a device that becomes active is activated at `now_ms`, unless it comes with a time of its own; one that stays
    active keeps its time. `keep_state` leaves the state of a device that exists as it is.
    """
    if stored is None or stored.removed:
        activated_at_ms = offered.activated_at_ms or (now_ms if offered.state is DeviceState.ACTIVE else 0)
        version = stored.device.version + 1 if stored else 1
        return replace(offered, activated_at_ms=activated_at_ms, version=version)
    held = stored.device
    state = held.state if keep_state else offered.state
    activated_at_ms = offered.activated_at_ms or held.activated_at_ms
    becomes_active = state is DeviceState.ACTIVE and held.state is not DeviceState.ACTIVE
    if becomes_active and activated_at_ms == held.activated_at_ms:
        activated_at_ms = now_ms
    wanted = replace(offered, state=state, activated_at_ms=activated_at_ms, version=held.version)
    if wanted == held and same_attributes(wanted.attributes, held.attributes):
        return None
    return replace(wanted, version=held.version + 1)


def same_attributes(one: dict[str, AttributeValue], other: dict[str, AttributeValue]) -> bool:
    """Whether both hold the same values of the same types. (To Python, 1, 1.0 and True are equal.)"""
    return one == other and (not one or _sorted_json(one) == _sorted_json(other))


def _sorted_json(attributes: dict[str, AttributeValue]) -> bytes:
    return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)
