from dataclasses import replace

import pytest

from device_registry.records.changes import Stored, next_entry
from domain.devices import AttributeValue, Device, DeviceState
from tests.device_registry.samples import LAMP, NOW_MS

HELD = replace(LAMP, activated_at_ms=5, version=3)


@pytest.mark.parametrize(("was", "becomes"), [(1, True), (True, 1.0), (0, False), (1, "1")])
def test_a_value_of_another_type_is_a_change(was: AttributeValue, becomes: AttributeValue) -> None:
    held = replace(HELD, attributes={"value": was})

    following = next_entry(Stored(held, removed=False), replace(held, attributes={"value": becomes}), NOW_MS)

    assert following is not None
    assert following.device.version == 4


def test_the_order_of_attributes_and_the_offered_version_mean_nothing() -> None:
    offered = replace(HELD, attributes=dict(reversed(HELD.attributes.items())), version=99, activated_at_ms=0)

    assert next_entry(Stored(HELD, removed=False), offered, NOW_MS) is None


def test_keeping_the_state_leaves_a_suspended_device_suspended() -> None:
    held = replace(HELD, state=DeviceState.SUSPENDED)

    assert next_entry(Stored(held, removed=False), replace(LAMP), NOW_MS, keep={"state"}) is None
    following = next_entry(Stored(held, removed=False), replace(LAMP, name="x"), NOW_MS, keep={"state"})
    assert following is not None
    assert following.device == replace(held, name="x", version=4)


def test_a_removed_device_comes_back_with_the_next_version() -> None:
    following = next_entry(Stored(HELD, removed=True), Device("SL-1", "streetlight", "streetlight"), NOW_MS)

    assert following is not None
    assert (following.device.version, following.device.activated_at_ms) == (4, NOW_MS)
