from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from device_registry.lookup.device_table import DeviceTable
from device_registry.records.encoding import DEVICE_HEADERS, PROFILE_HEADERS, encode_device, encode_profile
from domain.devices import Device, DeviceState, FieldMapping, Profile
from domain.identities import DEV_EUI
from domain.topics import Headers
from tests.device_registry.records.devices_strategy import devices
from tests.device_registry.samples import CABINET, LAMP, lamp


@dataclass(frozen=True)
class Written:
    """A record of the topic."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = DEVICE_HEADERS
    topic: str = "registry.devices"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0


def _of(device: Device) -> Written:
    return Written(device.device_id.encode(), encode_device(device))


def _table(*records: Written) -> DeviceTable:
    table = DeviceTable()
    table.apply(records)
    return table


@given(devices())
def test_a_device_survives_the_way_over_the_topic(device: Device) -> None:
    assert _table(_of(device)).device(device.device_id) == device


def test_a_profile_survives_the_way_over_the_topic() -> None:
    profile = Profile("acme", "cabinet", (FieldMapping("a", "voltage", "mV", 0.5, 1.0),), ("b",), 60, {"c": True})

    assert _table(Written(b"profile/acme", encode_profile(profile), PROFILE_HEADERS)).profile("acme") == profile
    assert _table(Written(b"profile/acme", None, PROFILE_HEADERS)).profile("acme") is None


def test_the_version_grows_when_something_changed_and_only_then() -> None:
    table = _table(_of(CABINET))
    first = table.version

    table.apply([_of(CABINET)])
    table.apply([Written(b"nobody", None)])
    assert table.version == first
    table.apply([_of(replace(CABINET, version=2))])
    assert table.version > first


def test_the_tables_of_equal_things_are_held_once() -> None:
    table = _table(*(_of(lamp(number)) for number in range(3)))

    held = list(table.devices())
    assert held[0].attributes is held[1].attributes is held[2].attributes
    assert held[0].area is held[2].area
    assert held[0].parent_id is held[2].parent_id


def test_values_of_different_types_are_not_taken_for_equal() -> None:
    table = _table(_of(lamp(1, attributes={"on": True})), _of(lamp(2, attributes={"on": 1})))

    assert [device.attributes["on"] is True for device in table.devices()] == [True, False]


def test_a_record_that_cannot_be_read_is_logged_and_the_next_one_taken() -> None:
    with capture_logs() as lines:
        table = _table(Written(b"BAD-1", b"{"), Written(b"BAD-2", b"[]"), Written(b"BAD-3", b"{}"), _of(LAMP))

    assert [line["key"] for line in lines] == ["b'BAD-1'", "b'BAD-2'", "b'BAD-3'"]
    assert table.device("SL-1") == LAMP


def test_what_a_later_version_writes_is_skipped_and_what_it_adds_is_ignored() -> None:
    later: Headers = (("schema", b"device/2"),)
    added = orjson.dumps({**orjson.loads(encode_device(LAMP)), "tags": ["new"]})

    table = _table(Written(b"CAB-1", encode_device(CABINET), later), Written(b"SL-1", added))

    assert table.device("CAB-1") is None
    assert table.device("SL-1") == LAMP


def test_a_record_that_misses_a_field_takes_its_default() -> None:
    short = {"device_id": "X", "kind": "cabinet", "profile": "cabinet", "state": "active"}

    assert _table(Written(b"X", orjson.dumps(short))).device("X") == Device("X", "cabinet", "cabinet")


@given(st.permutations([0, 1, 2, 3]))
def test_an_eui_that_changed_hands_is_found_in_whatever_order_partitions_are_read(order: list[int]) -> None:
    """Two devices exchange EUIs; the records of each keep their order, those of different devices have none."""
    one, two = lamp(1), lamp(2)
    histories = [[_of(one), _of(replace(one, dev_eui=two.dev_eui))], [_of(two), _of(replace(two, dev_eui=one.dev_eui))]]
    table = DeviceTable()
    for step in order:
        table.apply([histories[step % 2].pop(0)])

    for device_id, eui in [("SL-1", two.dev_eui), ("SL-2", one.dev_eui)]:
        found = table.find(DEV_EUI.of(eui or ""))
        assert found is not None
        assert found.device_id == device_id


def test_retired_devices_are_let_go() -> None:
    table = _table(_of(LAMP), _of(replace(LAMP, state=DeviceState.RETIRED)))

    assert table.device("SL-1") is None
    assert table.find(DEV_EUI.of(LAMP.dev_eui or "")) is None
    assert len(table) == 0
