from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from device_registry.records.checks.references import Known, Relative, reference_problems
from device_registry.records.city_tables import load_city_tables
from domain.devices import Device, DeviceState
from domain.identities import DEV_EUI
from domain.topics import KINDS
from tests.device_registry.samples import CABINET

PROFILES = {kind: kind for kind in KINDS}
TABLES = load_city_tables()
NAMES = [f"D{number}" for number in range(8)]


def _device(device_id: str, parent_id: str | None = None, **facts: object) -> Device:
    return replace(CABINET, device_id=device_id, parent_id=parent_id, **facts)  # type: ignore[arg-type]


def _problems(batch: list[Device], known: Known) -> list[tuple[str, str]]:
    return [(problem.subject, problem.column) for problem in reference_problems(batch, known, TABLES)]


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES) | st.none()), st.sets(st.sampled_from(NAMES)))
def test_exactly_the_devices_on_a_circle_or_with_a_missing_parent_are_named(
    parent_of: dict[str, str | None], in_registry: set[str]
) -> None:
    batch = [_device(name, parent) for name, parent in parent_of.items() if name not in in_registry]
    held = {name: Relative("cabinet", parent) for name, parent in parent_of.items() if name in in_registry}

    def comes_back(name: str) -> bool:
        at = parent_of.get(name)
        for _ in NAMES:
            if at == name:
                return True
            at = parent_of.get(at) if at else None
        return False

    expected = {
        device.device_id
        for device in batch
        if device.parent_id not in (None, device.device_id)
        and (device.parent_id not in parent_of or comes_back(device.device_id))
    }
    found = _problems(batch, Known(PROFILES, held))
    assert sorted(found) == sorted((device_id, "parent_id") for device_id in expected)


def test_a_very_long_chain_of_parents_is_no_circle() -> None:
    chain = [_device(f"N{number}", f"N{number + 1}") for number in range(20_000)] + [_device("N20000")]

    assert _problems(chain, Known(PROFILES)) == []


def test_a_retired_device_asks_for_no_eui() -> None:
    eui = "a840419edb62011c"
    active, retired = _device("A", dev_eui=eui), _device("B", dev_eui=eui, state=DeviceState.RETIRED)

    assert _problems([active, retired], Known(PROFILES)) == []
    assert _problems([retired], Known(PROFILES, holders={DEV_EUI: {eui: "C"}})) == []
    assert _problems([active], Known(PROFILES, holders={DEV_EUI: {eui: "C"}})) == [("A", "dev_eui")]
