from dataclasses import replace

import pytest

from device_registry.records.problems import InvalidRecords
from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from tests.device_registry.samples import CABINET, NOW_MS

R, A, S, X = DeviceState.REGISTERED, DeviceState.ACTIVE, DeviceState.SUSPENDED, DeviceState.RETIRED
LEGAL = {(R, A), (R, X), (A, S), (A, X), (S, A), (S, X), (X, R), (X, A)} | {(one, one) for one in DeviceState}


@pytest.mark.parametrize("before", DeviceState)
def test_only_legal_steps_are_taken_and_a_device_may_begin_anywhere(registry: Registry, before: DeviceState) -> None:
    for after in DeviceState:
        device = replace(CABINET, device_id=f"C-{after.value}", state=before)
        registry.upsert_devices([device], now_ms=NOW_MS)
        if (before, after) in LEGAL:
            registry.upsert_devices([replace(device, state=after)], now_ms=NOW_MS)
            expected = after
        else:
            with pytest.raises(InvalidRecords, match=f"{after.value} cannot follow {before.value}"):
                registry.upsert_devices([replace(device, state=after)], now_ms=NOW_MS)
            expected = before
        stored = registry.get_device(device.device_id)
        assert stored is not None
        assert stored.state is expected


def test_a_device_that_was_removed_may_begin_anywhere_again(registry: Registry) -> None:
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    registry.remove_devices(["CAB-1"], now_ms=NOW_MS)

    assert registry.upsert_devices([replace(CABINET, state=R)], now_ms=NOW_MS).created == ("CAB-1",)
