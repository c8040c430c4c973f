"""Where encoders and decoders meet: the gateway reads from the golden messages what the simulated devices measured."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import orjson
import pytest

from device_registry.records.built_in_profiles import built_in_profiles
from domain.devices import Device
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import MemoryLookup, lookup_of
from tests.simulators.dialects.spoken import (
    EDGE,
    EDGE_COVER,
    EDGE_LAMP,
    EVENING_MS,
    EVERY_UNIT,
    FED,
    FOLDER,
    LAMP,
    LIT,
    LORA_LAMP,
    SHUT,
    STATION,
    TILT,
    WATER,
    WELL,
)

KINDS = ("streetlight", "manhole_cover", "water_monitor", "cabinet", "gateway")
GATEWAY = Device("GW-320582-0001", "gateway", "gateway")
INDEX = orjson.loads((FOLDER / "messages.json").read_bytes())
WHOLE_S = EVENING_MS // 1000 * 1000
"""HJ 212 tells no milliseconds."""
LINK = {"rssi": -97.0, "snr": 7.5}
ANGLES = {"angle_x": -1.25, "angle_y": 17.2, "angle_z": 0.4, "battery_level": 87.0}
DEEP = {"battery_level": 92.0, "distance": 2116.0, "water_level": 1.084}
PERIOD = dict.fromkeys(("cod_cr", "cod_mn", "tn", "tp"), 2.5)

Told = tuple[Device, int, dict[str, float | bool]]

MEANT: dict[str, list[Told]] = {
    "native/single.json": [(LAMP, EVENING_MS, LIT)],
    "native/batch.json": [(LAMP, EVENING_MS, LIT), (EDGE_COVER, EVENING_MS + 40, SHUT)],
    "senml-json/lamp.json": [(LAMP, EVENING_MS, LIT)],
    "senml-json/every_unit.json": [(EDGE_COVER, EVENING_MS, EVERY_UNIT)],
    "senml-cbor/lamp.cbor.hex": [(LAMP, EVENING_MS, LIT)],
    "senml-cbor/cover.cbor.hex": [(EDGE_COVER, EVENING_MS, SHUT)],
    "chirpstack/em310_tilt.json": [(TILT, EVENING_MS, ANGLES)],
    "chirpstack/cbor_lamp.json": [(LORA_LAMP, EVENING_MS, LIT | LINK)],
    "things-stack/em400_mud_first_frame.json": [(WELL, EVENING_MS, DEEP | {"temperature": 25.7})],
    "things-stack/em400_mud_level.json": [(WELL, EVENING_MS, DEEP | {"rssi": -97.0, "snr": 0.0})],
    "sparkplug/05_ddata_lamp.hex": [(EDGE_LAMP, EVENING_MS + 1_000, LIT)],
    "sparkplug/06_ddata_cover.hex": [(EDGE_COVER, EVENING_MS + 2_000, SHUT)],
    "sparkplug/07_ndata.hex": [(EDGE, EVENING_MS + 3_000, FED)],
    "sparkplug/08_ddata_lamp_historical.hex": [(EDGE_LAMP, EVENING_MS - 59_000, LIT | {"active_power": 95.8})],
    "sparkplug/10_nbirth_again.hex": [(EDGE, EVENING_MS + 3_000, FED)],
    "sparkplug/11_dbirth_lamp_again.hex": [(EDGE_LAMP, EVENING_MS + 1_000, LIT)],
    "sparkplug/12_dbirth_cover_again.hex": [(EDGE_COVER, EVENING_MS + 2_000, SHUT)],
    "sparkplug/13_dbirth_lamp_new_metric.hex": [(EDGE_LAMP, EVENING_MS + 1_000, LIT)],
    "sparkplug/14_ddata_lamp_new_metric.hex": [(EDGE_LAMP, EVENING_MS + 5_000, {"lamp_failure": True})],
    "hj212/standards_page.txt": [(STATION, 1_780_286_400_000, WATER)],
    "hj212/real_time.txt": [(STATION, WHOLE_S, WATER)],  # w00000 is read only where a profile names its unit
    "hj212/minute.txt": [(STATION, WHOLE_S - 600_000, WATER)],
    "hj212/hour_part_2.txt": [(STATION, WHOLE_S - 3_600_000, WATER | PERIOD)],
}
"""What each message tells, and every other one does not: births without values, deaths, commands, a first part."""


def registry() -> MemoryLookup:
    behind = [replace(device, parent_id=GATEWAY.device_id) for device in (LAMP, EDGE_COVER)]
    return lookup_of(GATEWAY, *behind, LORA_LAMP, TILT, WELL, STATION, EDGE, EDGE_LAMP, *built_in_profiles(KINDS))


def messages(folder: str) -> Iterator[tuple[str, MqttMessage]]:
    for name in (name for name in INDEX if name.startswith(f"{folder}/")):
        content = (FOLDER / name).read_bytes()
        payload = bytes.fromhex(content.decode()) if name.endswith(".hex") else content
        received_ms = EVENING_MS + 10_000
        yield name, MqttMessage(INDEX[name]["topic"], payload, received_ms, INDEX[name].get("content_type"))


@pytest.mark.parametrize("folder", [folder for folder, _ in groupby(name.split("/")[0] for name in INDEX)])
def test_the_gateway_reads_what_the_devices_measured(folder: str) -> None:
    gateway = Pipeline(Topics(), registry())
    for name, message in messages(folder):
        records = gateway.records(message)
        told = [orjson.loads(record.value or b"") for record in records if record.topic != "telemetry.rejected"]
        meant = MEANT.get(name, [])
        assert [(one["device_id"], one["observed_at_ms"]) for one in told] == [
            (device.device_id, at_ms) for device, at_ms, _ in meant
        ], name
        for one, (_, _, readings) in zip(told, meant, strict=True):
            heard = {quantity: one["readings"][quantity] for quantity in readings}
            assert heard == pytest.approx(readings, rel=1e-12), name
            assert not one["readings"].keys() - readings.keys() - LINK.keys(), name
