"""Whom a gateway may speak for, through the whole pipeline: by the short way and by the long one."""

from dataclasses import replace

import orjson

from domain.devices import Device, Profile
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import MemoryLookup, lookup_of

RECEIVED = 1_780_000_000_000
GATEWAY = Device("GW-1", "gateway", "gateway")
CABINET = Device("CAB-1", "cabinet", "cabinet", parent_id="GW-1")
OWN = Device("SL-1", "streetlight", "streetlight", parent_id="CAB-1")
FOREIGN = Device("SL-2", "streetlight", "streetlight", parent_id="CAB-2")


def city() -> MemoryLookup:
    return lookup_of(GATEWAY, CABINET, OWN, FOREIGN, Profile("streetlight", "streetlight"))


def outcome(pipeline: Pipeline, *device_ids: str, gateway: str = "GW-1") -> list[tuple[str, str]]:
    """(device, what became of its report: its topic, or the reason of its refusal), accepted ones first."""
    batch = [{"device_id": one, "ts": RECEIVED, "readings": {"voltage": 230.0}} for one in device_ids]
    records = pipeline.records(MqttMessage(f"city-gateway/{gateway}/up", orjson.dumps(batch), RECEIVED))
    told = [orjson.loads(record.value or b"") for record in records]
    return [(one["device_id"], one.get("reason", "accepted")) for one in told]


def test_a_gateway_speaks_for_what_hangs_below_it_and_for_nothing_else() -> None:
    pipeline = Pipeline(Topics(), city())
    assert outcome(pipeline, "SL-1") == [("SL-1", "accepted")]
    assert outcome(pipeline, "SL-1", "SL-2") == [("SL-1", "accepted"), ("SL-2", "unauthorised")]
    assert outcome(pipeline, "SL-2") == [("SL-2", "unauthorised")]
    assert outcome(pipeline, "SL-1", gateway="CAB-2") == [("SL-1", "unauthorised")]


def test_what_is_moved_away_is_refused_from_the_next_message_on() -> None:
    lookup = city()
    pipeline = Pipeline(Topics(), lookup)
    assert outcome(pipeline, "SL-1", "SL-1")[0] == ("SL-1", "accepted")
    lookup.put(replace(CABINET, parent_id="GW-2"))
    assert outcome(pipeline, "SL-1") == [("SL-1", "unauthorised")]
    lookup.put(CABINET)
    assert outcome(pipeline, "SL-1") == [("SL-1", "accepted")]


def test_a_pack_on_a_devices_own_topic_names_no_stranger() -> None:
    pipeline = Pipeline(Topics(), city())
    pack = orjson.dumps([{"bn": "SL-2/", "n": "voltage", "u": "V", "v": 230.0}])
    (record,) = pipeline.records(MqttMessage("city/a/streetlight/SL-1/up", pack, RECEIVED, "application/senml+json"))
    told = orjson.loads(record.value or b"")
    assert (told["device_id"], told["reason"]) == ("SL-2", "unauthorised")
