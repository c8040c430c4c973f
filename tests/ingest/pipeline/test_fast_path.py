"""The short way must never say anything else than the long one, and must be the way of what is plainly good."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.devices import Device, FieldMapping, Profile
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.mapping.resolve import DeviceResolver
from ingest.pipeline.clockless import ClocklessDevices
from ingest.pipeline.fast_path import FastPath
from ingest.pipeline.limits import Limits
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import lookup_of

RECEIVED = 1_763_772_000_410
PARENT = Device("GW-1", "gateway", "gateway")
PLAIN = Device("SL-1", "streetlight", "streetlight", area="320582/110", parent_id="GW-1")
MAPPED = Device("SL-2", "streetlight", "model", parent_id="GW-1")
MODEL = Profile(
    "model",
    "streetlight",
    (
        FieldMapping("U", "voltage", "mV", scale=10.0),
        FieldMapping("T", "gear_temperature", "K", scale=0.1, offset=-1.0),
        FieldMapping("T2", "gear_temperature", "Cel"),
        FieldMapping("E", "active_energy", "J"),
        FieldMapping("R", "relay_closed", "1"),
        FieldMapping("F", "mains_present", "1", scale=-1.0, offset=1.0),
        FieldMapping("D", "distance", "m"),
        FieldMapping("D", "well_water_level", "m"),
        FieldMapping("X", "colour", "1"),
    ),
    ignore=("I",),
)
LOOKUP = lookup_of(PARENT, PLAIN, MAPPED, MODEL, kinds=("streetlight", "gateway"))


class LongWay(Pipeline):
    """The pipeline without its short way."""

    def __init__(self) -> None:
        super().__init__(Topics(), LOOKUP)
        self._fast_path.records = lambda message: None  # type: ignore[method-assign]


NUMBERS = st.floats(0, 100) | st.integers(0, 100) | st.sampled_from([-0.0, 0, 0.1, 99.99])
READINGS_OF = {
    "SL-1": st.fixed_dictionaries(
        {"rssi": st.integers(-120, 0) | st.floats(-120, 0)},
        optional={"voltage": NUMBERS, "gear_temperature": NUMBERS, "relay_closed": st.booleans()},
    ),
    "SL-2": st.fixed_dictionaries(
        {"U": NUMBERS}, optional={"E": NUMBERS, "R": st.booleans(), "T": st.floats(2500, 3000), "snr": NUMBERS}
    ),
}
DEVICES = st.sampled_from(list(READINGS_OF))


def plain_report(device_id: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"device_id": st.just(device_id), "readings": READINGS_OF[device_id]},
        optional={
            "ts": st.integers(RECEIVED - 30 * 86_400_000, RECEIVED + 300_000),
            "seq": st.integers(-9, 2**63) | st.sampled_from(["", "a", "中"]),
        },
    )


NAMES = ["voltage", "gear_temperature", "relay_closed", "colour", "U", "T", "T2", "E", "R", "F", "D", "X", "I", "rssi"]
VALUES: st.SearchStrategy[Any] = (
    NUMBERS | st.floats() | st.integers() | st.booleans() | st.none() | st.text(max_size=3) | st.just({}) | st.just([1])
)
TIMES = st.integers(RECEIVED - 31 * 86_400_000, RECEIVED + 400_000) | st.sampled_from(
    [RECEIVED - 30 * 86_400_000 - 1, RECEIVED + 300_001, float(RECEIVED), RECEIVED + 0.5, None, True, 0, "now", 2**64]
)
ODD_REPORTS = st.fixed_dictionaries(
    {"readings": st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)},
    optional={
        "ts": TIMES,
        "seq": VALUES | st.just("x" * 129),
        "device_id": st.sampled_from(["SL-1", "SL-2", "GW-1", "SL-9"]),
        "extra": VALUES,
    },
)
OWN_TOPIC, GATEWAY_TOPIC = "city/a/streetlight/{}/up", "city-gateway/{}/up"
TOPICS = st.sampled_from(
    [OWN_TOPIC.format("SL-1"), OWN_TOPIC.format("SL-2"), "city/a/cabinet/SL-1/up", GATEWAY_TOPIC.format("GW-1")]
)
REPORTS = DEVICES.flatmap(plain_report)
ALONE = DEVICES.flatmap(lambda d: st.tuples(st.just(OWN_TOPIC.format(d)), plain_report(d)))
BATCH = DEVICES.flatmap(
    lambda d: st.tuples(st.just(OWN_TOPIC.format(d)), st.lists(plain_report(d), min_size=1, max_size=4))
)
SPOKEN = st.tuples(
    st.sampled_from([GATEWAY_TOPIC.format(name) for name in ("GW-1", "GW-1", "GW-1", "GW-2", "SL-1")]),
    st.lists(REPORTS, min_size=1, max_size=4),
)
ODD = st.tuples(TOPICS, ODD_REPORTS | VALUES | st.lists(REPORTS | ODD_REPORTS | VALUES, max_size=3))
SENT = ALONE | BATCH | SPOKEN | ODD


def same_either_way(message: MqttMessage) -> None:
    short, long = Pipeline(Topics(), LOOKUP), LongWay()
    assert short.records(message) == long.records(message)
    assert short.records(message) == long.records(message)  # with its memory warm
    assert (short.accepted, short.rejected, short.rejected_in_part) == (
        long.accepted,
        long.rejected,
        long.rejected_in_part,
    )


@settings(max_examples=500, deadline=None)
@given(SENT, st.sampled_from([(",", ":"), (", ", ": ")]))
@example((OWN_TOPIC.format("SL-1"), {"ts": RECEIVED, "readings": {"voltage": 1, "I": 2}}), (",", ":"))
@example((OWN_TOPIC.format("SL-2"), {"ts": RECEIVED, "readings": {"T": 3000, "T2": 20}}), (",", ":"))
@example((OWN_TOPIC.format("SL-1"), [{"ts": RECEIVED, "readings": {"voltage": 1}}, {"readings": {}}]), (",", ":"))
@example((GATEWAY_TOPIC.format("GW-2"), [{"device_id": "SL-1", "readings": {"voltage": 1}}]), (",", ":"))
def test_both_ways_give_the_same_records_and_the_same_counts(
    sent: tuple[str, Any], separators: tuple[str, str]
) -> None:
    topic, document = sent
    same_either_way(MqttMessage(topic, json.dumps(document, separators=separators).encode(), RECEIVED))


TWICE = [
    b'{"ts":1763772000123,"readings":{"voltage":1,"voltage":2}}',
    b'{"ts":1763772000123,"ts":1763772000124,"readings":{"voltage":1}}',
    b'{"ts":1763772000123,"readings":{"voltage":9},"readings":{"voltage":1}}',
    b'{"ts":1763772000123,"readings":{"voltage":1,"volta\\u0067e":2}}',
    b'[{"ts":1763772000123,"readings":{"voltage":1}},{"ts":1763772000123,"readings":{"voltage":1,"voltage":1}}]',
    b'{"ts":1763772000123,"seq":"a:b","readings":{"voltage":1}}',
    b'{"ts":1763772000123,"note":{"a":1},"readings":{"voltage":1}}',
    b'{"ts":1763772000123,"note":{},"readings":{"voltage":1}}',
    b'{"ts" :1763772000123 ,"readings"\n:\t{"voltage": 1 }}',
]


@pytest.mark.parametrize("payload", TWICE)
def test_a_key_told_twice_and_a_colon_in_a_text_come_out_the_same_either_way(payload: bytes) -> None:
    same_either_way(MqttMessage("city/a/streetlight/SL-1/up", payload, RECEIVED))


def records_by_shortcut(topic: str, document: object) -> int:
    shortcut = FastPath(LOOKUP, DeviceResolver(Topics(), LOOKUP), Limits(), ClocklessDevices())
    return len(shortcut.records(MqttMessage(topic, json.dumps(document).encode(), RECEIVED)) or [])


REPORT = {"ts": RECEIVED, "seq": 1, "readings": {"voltage": 229.1, "dimming_level": 80, "relay_closed": True}}


def test_what_is_plainly_good_goes_the_short_way() -> None:
    assert records_by_shortcut("city/a/streetlight/SL-1/up", REPORT) == 1
    assert records_by_shortcut("city/a/streetlight/SL-1/up", {"readings": {"voltage": 1}}) == 1
    assert records_by_shortcut("city/a/streetlight/SL-1/up", [REPORT] * 50) == 50
    assert (
        records_by_shortcut("city/a/streetlight/SL-2/up", {"ts": RECEIVED, "readings": {"U": 22_910, "R": True}}) == 1
    )
    assert records_by_shortcut("city-gateway/GW-1/up", [{"device_id": "SL-1", **REPORT}] * 50) == 50


def test_the_memory_of_senders_does_not_grow_with_devices_nobody_knows() -> None:
    shortcut = FastPath(LOOKUP, DeviceResolver(Topics(), LOOKUP), Limits(), ClocklessDevices())
    for i in range(100):
        shortcut.records(MqttMessage(f"city/a/streetlight/{i}/up", json.dumps(REPORT).encode(), RECEIVED))
        shortcut.records(
            MqttMessage("city-gateway/GW-1/up", json.dumps([{"device_id": f"{i}", **REPORT}]).encode(), RECEIVED)
        )
    assert shortcut._known == {}
