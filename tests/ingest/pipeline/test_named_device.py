"""What cannot be read counts against the device that the message is of, in every dialect."""

from datetime import timedelta, timezone

import orjson
import pytest

from domain.devices import Device
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.limits import Limits
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import lookup_of

NOW = 1_763_772_000_410
EUI = "24e124713c140042"
DEVICES = (
    Device("SL-1", "streetlight", "streetlight"),
    Device("GW-1", "gateway", "gateway"),
    Device("MC-1", "manhole_cover", "manhole_cover", dev_eui=EUI),
    Device("WM-1", "water_monitor", "water_monitor", mn="010000A8900016F000169DC0"),
    Device("CB-1", "cabinet", "cabinet", sparkplug="city/edge-1"),
    Device("CB-2", "cabinet", "cabinet", sparkplug="city/edge-1/feeder"),
)
KINDS = ("streetlight", "gateway", "manhole_cover", "water_monitor", "cabinet")
IDS = b'{"end_device_ids":{"device_id":"well-7","application_ids":{"application_id":"a{p}p"},"dev_eui":"24E124713C140042",'

UNREADABLE: dict[str, tuple[str, bytes, str | None]] = {
    "a will": ("city/x/streetlight/SL-1/up", b"offline", "SL-1"),
    "JSON cut short": ("city/x/streetlight/SL-1/up", b'{"ts":1,"readings":{"volt', "SL-1"),
    "nothing": ("city/x/streetlight/SL-1/up", b"", "SL-1"),
    "on the topic of another kind": ("city/x/cabinet/SL-1/up", b"offline", "SL-1"),
    "too large": ("city/x/streetlight/SL-1/up", b"x" * 300_000, "SL-1"),
    "too many reports": ("city/x/streetlight/SL-1/up", orjson.dumps([{"readings": {}}] * 3), "SL-1"),
    "CBOR cut short": ("city/x/streetlight/SL-1/up", b"\x81\xa2\x00", "SL-1"),
    "a gateway": ("city-gateway/GW-1/up", b"offline", "GW-1"),
    "an element of a gateway's batch that names nobody": ("city-gateway/GW-1/up", b'[{"readings":{}}]', "GW-1"),
    "ChirpStack": (f"application/1/device/{EUI}/event/up", b"{", "MC-1"),
    "ChirpStack of version 3": (f"application/1/device/{EUI.upper()}/event/up", b'{"devEUI":"x"}', "MC-1"),
    "The Things Stack, called by its EUI": (f"v3/city@t/devices/eui-{EUI}/up", b"offline", "MC-1"),
    "The Things Stack, cut short behind its EUI": ("v3/city@t/devices/well-7/up", IDS + b'"join_', "MC-1"),
    "The Things Stack, simulated": (
        "v3/city@t/devices/well-7/up", IDS + b'"x":0},"simulated":true,"uplink_message":{}}', "MC-1",
    ),
    "The Things Stack, cut short before": ("v3/city@t/devices/well-7/up", IDS[:90], None),
    "HJ 212": ("hj212/010000A8900016F000169DC0/up", b"offline", "WM-1"),
    "HJ 212, too large": ("hj212/010000A8900016F000169DC0/up", b"#" * 300_000, "WM-1"),
    "Sparkplug": ("spBv1.0/city/NDATA/edge-1", b"\xff", "CB-1"),
    "Sparkplug behind a node": ("spBv1.0/city/DDATA/edge-1/feeder", b"offline", "CB-2"),
    "Sparkplug, too large": ("spBv1.0/city/DDATA/edge-1/feeder", b"\xff" * 300_000, "CB-2"),
    "a device that nobody registered": ("city/x/streetlight/SL-9/up", b"offline", None),
    "a topic that names nobody": ("city/hello", b"offline", None),
}  # fmt: skip


@pytest.mark.parametrize(("topic", "payload", "device_id"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_counts_against_its_device(topic: str, payload: bytes, device_id: str | None) -> None:
    lookup = lookup_of(*DEVICES, kinds=KINDS)
    pipeline = Pipeline(Topics(), lookup, Limits(reports=2), zone=timezone(timedelta(hours=8)))
    rejected = [orjson.loads(one.value or b"") for one in pipeline.records(MqttMessage(topic, payload, NOW))]
    assert [one.get("device_id") for one in rejected] == [device_id]


def test_a_device_that_nobody_knows_is_no_fault_of_the_one_that_its_topic_names() -> None:
    uplink = {"end_device_ids": {"device_id": f"eui-{EUI}", "dev_eui": "0000000000000001"}, "uplink_message": {}}
    message = MqttMessage(f"v3/city@t/devices/eui-{EUI}/up", orjson.dumps(uplink), NOW)
    [record] = Pipeline(Topics(), lookup_of(*DEVICES, kinds=KINDS)).records(message)
    rejected = orjson.loads(record.value or b"")
    assert (rejected["reason"], rejected.get("device_id")) == ("unknown_device", None)
