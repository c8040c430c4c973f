import base64
import json
from dataclasses import replace
from typing import Any

import cbor2
import orjson
import pytest
from structlog.testing import capture_logs

from domain.devices import Device, DeviceState, FieldMapping, Profile
from domain.identities import Identity
from domain.rejections import Reason
from domain.topics import REJECTION_HEADERS, TELEMETRY_HEADERS, Topics
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.limits import Limits
from ingest.pipeline.message_to_records import Pipeline
from streams.ports import Outgoing
from tests.golden import golden
from tests.ingest.lookup import MemoryLookup, lookup_of

RECEIVED = 1_763_772_000_410
LAMP_TOPIC = "city/320582-110/streetlight/SL-320582-000123/up"
LAMP = Device("SL-320582-000123", "streetlight", "streetlight", area="320582/110/152/102", parent_id="GW-1")
COVER = Device("MC-320582-000007", "manhole_cover", "manhole_cover", parent_id="GW-1")
GATEWAY = Device("GW-1", "gateway", "gateway")
WELL = Device("MC-320582-000042", "manhole_cover", "em400-mud", dev_eui="24E124713C140042", area="320582/110")
HUMIDITY = Device("CB-320582-000001", "cabinet", "lht65n", dev_eui="A840419EDB62011C")
PROFILES = (
    Profile(
        "em400-mud",
        "manhole_cover",
        (
            FieldMapping("battery", "battery_level", "%"),
            FieldMapping("temperature", "temperature", "Cel"),
            FieldMapping("distance", "distance", "mm"),
            FieldMapping("distance", "well_water_level", "mm", scale=-1.0, offset=3000.0),
        ),
        ignore=("position",),
    ),
    Profile("lht65n", "cabinet", (FieldMapping("BatV", "battery_voltage", "V"),)),
)
KINDS = ("streetlight", "manhole_cover", "gateway")


def registry() -> MemoryLookup:
    return lookup_of(LAMP, COVER, GATEWAY, WELL, HUMIDITY, *PROFILES, kinds=KINDS)


def pipeline(lookup: MemoryLookup | None = None, limits: Limits | None = None) -> Pipeline:
    return Pipeline(Topics(), lookup or registry(), limits)


def native(**changes: Any) -> bytes:
    return json.dumps({"ts": 1763772000123, "seq": 41, "readings": {"voltage": 229.1}, **changes}).encode()


def values(records: list[Outgoing]) -> list[dict[str, Any]]:
    return [orjson.loads(record.value or b"") for record in records]


def test_a_native_report_becomes_the_very_bytes_of_the_design() -> None:
    payload = b'{"ts":1763772000123,"seq":41,"readings":{"active_power":96.2,"voltage":229.1,"dimming_level":80}}'
    assert pipeline().records(MqttMessage(LAMP_TOPIC, payload, RECEIVED)) == [
        Outgoing(
            "telemetry.streetlight",
            b"SL-320582-000123",
            b'{"device_id":"SL-320582-000123","kind":"streetlight","observed_at_ms":1763772000123,'
            b'"received_at_ms":1763772000410,"message_id":"41","codec":"json",'
            b'"readings":{"active_power":96.2,"voltage":229.1,"dimming_level":80.0},"area":"320582/110/152/102"}',
            TELEMETRY_HEADERS,
        )
    ]


def test_what_is_refused_keeps_the_message_and_says_why() -> None:
    message = MqttMessage("city/x/streetlight/SL-9/up", b'{"readings":{"voltage":1}}', RECEIVED, "application/json")
    [record] = pipeline().records(message)
    assert (record.topic, record.key, record.headers) == ("telemetry.rejected", b"SL-9", REJECTION_HEADERS)
    assert values([record]) == [
        {
            "reason": "unknown_device",
            "detail": "device 'SL-9' is not registered",
            "topic": "city/x/streetlight/SL-9/up",
            "payload": base64.b64encode(message.payload).decode(),
            "received_at_ms": RECEIVED,
            "device_id": "SL-9",
            "content_type": "application/json",
        }
    ]


def test_a_report_in_part_gives_its_telemetry_and_one_partial_rejection() -> None:
    payload = native(readings={"voltage": 229.1, "colour": 1, "current": None})
    telemetry, rejected = values(pipeline().records(MqttMessage(LAMP_TOPIC, payload, RECEIVED)))
    assert telemetry["readings"] == {"voltage": 229.1}
    assert (rejected["reason"], rejected["partial"]) == ("bad_value", True)
    assert base64.b64decode(rejected["payload"]) == payload


def test_a_gateways_batch_gives_a_record_for_each_device_and_refuses_only_what_is_bad() -> None:
    good = {"ts": 1763772000123, "seq": 7, "readings": {"battery_level": 80}}
    batch = [
        {"device_id": COVER.device_id, **good},
        {"device_id": "SL-9", **good},
        {"device_id": GATEWAY.device_id, **good},
        "nothing",
        {"device_id": WELL.device_id, **good},
        {"device_id": LAMP.device_id, **good, "ts": 0},
    ]
    records = pipeline().records(MqttMessage("city-gateway/GW-1/up", json.dumps(batch).encode(), RECEIVED))
    assert [(record.topic, record.key) for record in records] == [
        ("telemetry.manhole_cover", b"MC-320582-000007"),
        ("telemetry.gateway", b"GW-1"),
        ("telemetry.rejected", b"SL-9"),
        ("telemetry.rejected", b"city-gateway/GW-1/up"),
        ("telemetry.rejected", b"MC-320582-000042"),
        ("telemetry.rejected", b"SL-320582-000123"),
    ]
    assert [value["reason"] for value in values(records)[2:]] == [
        "unknown_device", "unparseable", "unauthorised", "bad_time",
    ]  # fmt: skip


def test_an_uplink_of_the_things_stack_becomes_telemetry_by_the_profile() -> None:
    message = MqttMessage("v3/drains@city/devices/well-0042/up", golden("things_stack/em400_mud.json"), RECEIVED + 3000)
    assert values(pipeline().records(message)) == [
        {
            "device_id": "MC-320582-000042",
            "kind": "manhole_cover",
            "observed_at_ms": 1763772003387,
            "received_at_ms": RECEIVED + 3000,
            "message_id": "AXA50tHUGUucuzS/bCGMNw==/0",
            "codec": "things-stack",
            "readings": {
                "battery_level": 92.0, "temperature": 25.7, "distance": 2116.0, "well_water_level": pytest.approx(0.884),
                "rssi": -97.0, "snr": 0.0,
            },
            "area": "320582/110",
        }
    ]  # fmt: skip


def test_an_uplink_of_chirpstack_becomes_telemetry_by_the_profile() -> None:
    topic = "application/00000000-0000-4000-8000-000000000003/device/a840419edb62011c/event/up"
    [telemetry] = values(pipeline().records(MqttMessage(topic, golden("chirpstack/lht65n.json"), 1787841585000)))
    assert (telemetry["device_id"], telemetry["observed_at_ms"]) == ("CB-320582-000001", 1787841584530)
    assert telemetry["readings"] == {"battery_voltage": 3.297, "rssi": -102.0, "snr": -12.0}


@pytest.mark.parametrize("content_type", [None, "application/senml+cbor"])
def test_a_senml_pack_in_cbor_becomes_telemetry_in_canonical_units(content_type: str | None) -> None:
    pack = [{-3: 1763772000.123, 0: "voltage", 1: "mV", 2: 229_100}, {0: "dimming_level", 1: "/", 2: 0.8}]
    [telemetry] = values(pipeline().records(MqttMessage(LAMP_TOPIC, cbor2.dumps(pack), RECEIVED, content_type)))
    assert (telemetry["codec"], telemetry["observed_at_ms"]) == ("senml+cbor", 1763772000123)
    assert telemetry["readings"] == {"voltage": 229.1, "dimming_level": 80.0}


def test_a_replayed_message_marks_its_telemetry_and_its_rejections() -> None:
    payload = native(readings={"voltage": 229.1, "colour": 1})
    message = MqttMessage(LAMP_TOPIC, payload, RECEIVED, replay_of="telemetry.rejected/3/17")
    assert [value["replay_of"] for value in values(pipeline().records(message))] == ["telemetry.rejected/3/17"] * 2


def test_a_change_of_the_registry_counts_from_the_next_message_on() -> None:
    lookup = registry()
    of_city = pipeline(lookup)
    message = MqttMessage(LAMP_TOPIC, native(), RECEIVED)

    def outcome() -> str | None:
        [value] = values(of_city.records(message))
        return value.get("reason") or value.get("area")

    assert outcome() == "320582/110/152/102"
    lookup.put(replace(LAMP, area="320582/111"))
    assert outcome() == "320582/111"
    lookup.put(replace(LAMP, state=DeviceState.SUSPENDED))
    assert outcome() == "unauthorised"
    lookup.put(Device(LAMP.device_id, "cabinet", "streetlight"))
    assert outcome() == "wrong_kind"
    lookup.put(LAMP)
    assert outcome() == "320582/110/152/102"


def test_a_payload_beyond_the_limit_is_refused_with_its_beginning_kept_and_one_at_the_limit_is_not() -> None:
    padded = native() + b" " * (1024 - len(native()))
    of_city = pipeline(limits=Limits(payload_bytes=1024))
    assert of_city.records(MqttMessage(LAMP_TOPIC, padded, RECEIVED))[0].topic == "telemetry.streetlight"
    [rejected] = values(of_city.records(MqttMessage(LAMP_TOPIC, padded + b" ", RECEIVED)))
    assert (rejected["reason"], rejected["detail"]) == ("too_large", "1025 bytes; a message may have 1024")


def test_a_megabyte_gives_a_record_that_kafka_takes() -> None:
    payload = b'{"readings":{"voltage":1},"pad":"%s"}' % (b"x" * 1024 * 1024)
    [record] = pipeline().records(MqttMessage(LAMP_TOPIC, payload, RECEIVED))
    [rejected] = values([record])
    assert (rejected["reason"], rejected["truncated"]) == ("too_large", True)
    assert payload.startswith(base64.b64decode(rejected["payload"]))
    assert len(record.value or b"") < 1_000_000


@pytest.mark.parametrize("element", [b"0", native()])
def test_a_batch_of_too_many_reports_is_refused_as_one(element: bytes) -> None:
    of_city = pipeline(limits=Limits(reports=10))
    [rejected] = values(of_city.records(MqttMessage(LAMP_TOPIC, b"[" + b",".join([element] * 11) + b"]", RECEIVED)))
    assert (rejected["reason"], rejected["detail"]) == ("too_large", "11 reports; a message may have 10")
    assert len(of_city.records(MqttMessage(LAMP_TOPIC, b"[" + b",".join([element] * 10) + b"]", RECEIVED))) == 10


def test_many_bad_elements_of_a_large_batch_do_not_multiply_it_and_the_first_keeps_it_whole() -> None:
    payload = b"[" + b",".join([b"0"] * 5_000) + b" " * 200_000 + b"]"
    records = pipeline().records(MqttMessage(LAMP_TOPIC, payload, RECEIVED))
    assert len(records) == 5_000
    assert sum(len(record.value or b"") for record in records) < 4_000_000
    first, *_, last = values(records)
    assert base64.b64decode(first["payload"]) == payload
    assert (last["payload"], last["truncated"]) == ("", True)


def test_reports_are_counted_by_what_became_of_them() -> None:
    of_city = pipeline()
    for payload in (native(), native(readings={"voltage": 1, "x": 1}), native(ts=0), b"?", b"[%s,1]" % native()):
        of_city.records(MqttMessage(LAMP_TOPIC, payload, RECEIVED))
    assert of_city.accepted == 3
    assert {reason: n for reason, n in of_city.rejected.items() if n} == {Reason.BAD_TIME: 1, Reason.UNPARSEABLE: 2}
    assert {reason: n for reason, n in of_city.rejected_in_part.items() if n} == {Reason.UNKNOWN_QUANTITY: 1}


def test_a_bug_rejects_its_message_and_is_logged_once_and_the_next_message_is_served() -> None:
    class BrokenOnce(MemoryLookup):
        broken = True

        def find(self, identity: Identity) -> Device | None:
            if self.broken:
                self.broken = False
                raise KeyError("a bug")
            return super().find(identity)

    of_city = pipeline(BrokenOnce(registry().devices, registry().profiles))
    with capture_logs() as logs:
        [rejected] = values(of_city.records(MqttMessage(LAMP_TOPIC, native(), RECEIVED)))
    assert (rejected["reason"], rejected["detail"]) == ("unparseable", "internal error: KeyError: 'a bug'")
    assert [(entry["log_level"], entry["topic"]) for entry in logs] == [("error", LAMP_TOPIC)]
    assert of_city.rejected[Reason.UNPARSEABLE] == 1
    assert of_city.records(MqttMessage(LAMP_TOPIC, native(), RECEIVED))[0].topic == "telemetry.streetlight"
