"""The messages of `tests/golden/dialects/`: for each file the call that makes it. The README files say by which clause."""

from collections.abc import Iterator
from pathlib import Path

from domain.devices import Device
from simulators.dialects import DialectName, dialects, encode_batch
from simulators.dialects.hj212.frames import Aggregate, Command, Hj212
from simulators.dialects.reports import MqttMessage, Report
from simulators.dialects.sparkplug.edge_node import edge_nodes
from simulators.dialects.sparkplug.wire import DataType, Metric, encode_payload

FOLDER = Path(__file__).parents[2] / "golden" / "dialects"
EVENING_MS = 1_780_318_800_123
"""2026-06-01T21:00:00.123+08:00."""
AREA = "320582/110/152/102"
SEED = 7

LAMP = Device("SL-320582-000001", "streetlight", "streetlight", name="Renmin Road lamp 1", area=AREA)
LORA_LAMP = Device("SL-320582-000002", "streetlight", "streetlight", area=AREA, dev_eui="A8-40-41-9E-DB-62-01-1C")
TILT = Device(
    "MH-320582-000001", "manhole_cover", "milesight-em310-tilt", name="Sewer cover 1", area=AREA,
    dev_eui="24e124713c140001", attributes={"tilt_threshold_deg": 15.0},
)  # fmt: skip
WELL = Device(
    "WM-320582-000042", "water_monitor", "milesight-em400-mud", area=AREA, dev_eui="24E124713C140042",
    attributes={"installed_height": 3.2},
)  # fmt: skip
STATION = Device("WM-320582-000007", "water_monitor", "water_monitor", area=AREA, mn="010000A8900016F000169DC0")
EDGE = Device("CB-320582-000001", "cabinet", "cabinet", area=AREA, sparkplug="zhangjiagang/cabinet-1")
EDGE_LAMP = Device(
    "SL-320582-000003", "streetlight", "streetlight", area=AREA, sparkplug="zhangjiagang/cabinet-1/lamp-3"
)
EDGE_COVER = Device(
    "MH-320582-000004", "manhole_cover", "manhole_cover", area=AREA, sparkplug="zhangjiagang/cabinet-1/cover-4"
)

LIT = {"dimming_level": 80.0, "active_power": 96.2, "voltage": 229.1, "current": 0.4516, "power_factor": 0.93}
SHUT = {"tilt_angle": 1.4, "cover_open": False, "well_water_level": 0.61, "battery_level": 87.3}
FED = {"active_power": 2885.3, "voltage": 231.2, "mains_present": True, "door_open": False}
WATER = {
    "water_temperature": 21.6, "ph": 7.42, "dissolved_oxygen": 6.85, "conductivity": 412.0, "turbidity": 18.3,
    "nh3_n": 0.62,
}  # fmt: skip
EVERY_UNIT = {
    "humidity": 71.5, "oxygen": 20.9, "battery_level": 87.3, "reactive_power": 12.5, "frequency": 50.02,
    "active_energy": 1234.5, "illuminance": 18.0, "lamp_hours": 4120.5, "gear_temperature": 41.5, "tilt_angle": 17.2,
    "vibration": 0.35, "distance": 2116, "h2s": 3.2, "ch4_lel": 4.5, "ponding_depth": 12.5, "flow_rate": 240.3,
    "pressure": 101.3, "rainfall": 7.2, "rain_rate": 14.4, "ph": 7.42, "conductivity": 412.0, "turbidity": 18.3,
    "nh3_n": 0.62, "rssi": -97, "snr": 7.5, "cover_open": True,
}  # fmt: skip


def report(device: Device, readings: dict[str, float | bool], at_ms: int = EVENING_MS, seq: int = 41) -> Report:
    return Report(device.device_id, device.kind, device.area, at_ms, seq, readings)


def spoken() -> Iterator[tuple[str, MqttMessage]]:
    """Every golden file, as `<dialect>/<file>`, with the message it holds."""
    voices = dialects(SEED)

    def one(name: DialectName, device: Device, readings: dict[str, float | bool], seq: int = 41) -> MqttMessage:
        (message,) = voices[name].encode(report(device, readings, seq=seq), device)
        return message

    yield "native/single.json", one(DialectName.NATIVE, LAMP, LIT)
    yield (
        "native/batch.json",
        encode_batch("GW-320582-0001", (report(LAMP, LIT), report(EDGE_COVER, SHUT, EVENING_MS + 40, 7))),
    )
    yield "senml-json/lamp.json", one(DialectName.SENML_JSON, LAMP, LIT)
    yield "senml-json/every_unit.json", one(DialectName.SENML_JSON, EDGE_COVER, EVERY_UNIT)
    yield "senml-cbor/lamp.cbor.hex", one(DialectName.SENML_CBOR, LAMP, LIT)
    yield "senml-cbor/cover.cbor.hex", one(DialectName.SENML_CBOR, EDGE_COVER, SHUT)
    tilted = {"angle_x": -1.25, "angle_y": 17.2, "angle_z": 0.4, "battery_level": 87.3}
    yield "chirpstack/em310_tilt.json", one(DialectName.CHIRPSTACK, TILT, tilted)
    yield "chirpstack/cbor_lamp.json", one(DialectName.CHIRPSTACK, LORA_LAMP, LIT | {"rssi": -97, "snr": 7.5})
    well = {"battery_level": 92, "temperature": 25.7, "distance": 2116}
    yield "things-stack/em400_mud_first_frame.json", one(DialectName.THINGS_STACK, WELL, well, seq=0)
    level = {"water_level": 1.084, "battery_level": 92.0, "rssi": -97, "snr": 0.0}
    yield "things-stack/em400_mud_level.json", one(DialectName.THINGS_STACK, WELL, level)
    yield from _sparkplug()
    yield from _hj212()


def _sparkplug() -> Iterator[tuple[str, MqttMessage]]:
    told = {EDGE.device_id: FED, EDGE_LAMP.device_id: LIT, EDGE_COVER.device_id: SHUT}
    node = edge_nodes(told, (EDGE, EDGE_LAMP, EDGE_COVER))["zhangjiagang/cabinet-1"]
    node.open_session(EVENING_MS - 60_000)
    at_ms = EVENING_MS
    yield "sparkplug/01_will.hex", node.open_session(at_ms)
    for name, message in zip(("02_nbirth", "03_dbirth_lamp", "04_dbirth_cover"), node.births(at_ms + 50), strict=True):
        yield f"sparkplug/{name}.hex", message
    (lamp,) = node.encode(report(EDGE_LAMP, LIT, at_ms + 1_000), EDGE_LAMP)
    yield "sparkplug/05_ddata_lamp.hex", lamp
    (cover,) = node.encode(report(EDGE_COVER, SHUT, at_ms + 2_000), EDGE_COVER)
    yield "sparkplug/06_ddata_cover.hex", cover
    (cabinet,) = node.encode(report(EDGE, FED, at_ms + 3_000), EDGE)
    yield "sparkplug/07_ndata.hex", cabinet
    (late,) = node.encode(report(EDGE_LAMP, LIT | {"active_power": 95.8}, at_ms - 59_000), EDGE_LAMP)
    yield "sparkplug/08_ddata_lamp_historical.hex", late
    command = rebirth_request(at_ms + 4_000)
    yield "sparkplug/09_ncmd_rebirth.hex", command
    births = node.answer(command.topic, command.payload, at_ms + 4_050)
    for name, message in zip(("10_nbirth", "11_dbirth_lamp", "12_dbirth_cover"), births, strict=True):
        yield f"sparkplug/{name}_again.hex", message
    new, data = node.encode(report(EDGE_LAMP, {"lamp_failure": True}, at_ms + 5_000), EDGE_LAMP)
    yield "sparkplug/13_dbirth_lamp_new_metric.hex", new
    yield "sparkplug/14_ddata_lamp_new_metric.hex", data
    yield "sparkplug/15_ndeath.hex", node.death(at_ms + 6_000)


def rebirth_request(at_ms: int) -> MqttMessage:
    """What a host sends (Sparkplug 3.0, chapter 5, "Rebirth Request")."""
    metric = Metric(at_ms, True, "Node Control/Rebirth", datatype=DataType.BOOLEAN)
    return MqttMessage("spBv1.0/zhangjiagang/NCMD/cabinet-1", encode_payload(at_ms, (metric,), None), qos=0)


def _hj212() -> Iterator[tuple[str, MqttMessage]]:
    noon_ms = 1_780_286_400_123
    (page,) = Hj212(ack=True).encode(report(STATION, WATER, noon_ms), STATION)
    yield "hj212/standards_page.txt", page
    station = Hj212()
    (real_time,) = station.encode(report(STATION, WATER | {"flow_rate": 240.3}), STATION)
    yield "hj212/real_time.txt", real_time
    spans = {name: Aggregate(value - 0.1, value, value + 0.15) for name, value in WATER.items()}
    (minute,) = station.encode_period(Command.MINUTE, EVENING_MS - 600_123, spans, STATION, sent_at_ms=EVENING_MS)
    yield "hj212/minute.txt", minute
    more = spans | {name: Aggregate(1.25, 2.5, 4.75) for name in ("cod_cr", "cod_mn", "tn", "tp", "flow_rate")}
    hours = Hj212(longest_segment=512).encode_period(
        Command.HOUR, EVENING_MS - 3_600_123, more, STATION, sent_at_ms=EVENING_MS
    )
    for number, message in enumerate(hours, start=1):
        yield f"hj212/hour_part_{number}.txt", message
