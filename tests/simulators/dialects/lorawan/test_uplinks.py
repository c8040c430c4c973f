"""LoRaWAN uplinks as two network servers publish them: bytes and fields agree, identities are of the report."""

from base64 import b64decode
from dataclasses import replace
from datetime import datetime
from struct import unpack
from typing import Any
from uuid import UUID

import cbor2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import AttributeValue, Device
from simulators.dialects import CannotSay, Dialect
from simulators.dialects.lorawan.chirpstack import ChirpStack
from simulators.dialects.lorawan.network import rfc3339
from simulators.dialects.lorawan.things_stack import ThingsStack, airtime_text, end_device_id
from tests.simulators.dialects.spoken import EVENING_MS, LIT, LORA_LAMP, SHUT, TILT, WELL, report

SERVERS = [ChirpStack(7), ThingsStack(7)]


def milesight(data: bytes) -> dict[str, Any]:
    """What Milesight's decoders for the EM310-TILT and the EM400-MUD read."""
    found: dict[str, Any] = {}
    while data:
        channel, data = data[:2], data[2:]
        match channel:
            case b"\x01\x75":
                found["battery"], data = data[0], data[1:]
            case b"\x03\xcf":
                for axis, angle in zip("xyz", unpack("<3h", data[:6]), strict=True):
                    found[f"angle_{axis}"] = angle / 100
                for bit, axis in enumerate("xyz"):
                    found[f"threshold_{axis}"] = "trigger" if data[6] >> bit & 1 else "normal"
                data = data[7:]
            case b"\x03\x67":
                found["temperature"], data = unpack("<h", data[:2])[0] / 10, data[2:]
            case b"\x04\x82":
                found["distance"], data = unpack("<H", data[:2])[0], data[2:]
            case b"\x05\x00":
                found["position"], data = ("normal", "tilt")[data[0]], data[1:]
            case _:
                raise AssertionError(channel)
    return found


def said(server: Dialect, device: Device, readings: dict[str, Any], seq: int = 41) -> tuple[bytes, dict[str, Any], Any]:
    """Bytes, fields, and the whole message."""
    (message,) = server.encode(report(device, readings, seq=seq), device)
    event = orjson.loads(message.payload)
    up = event.get("uplink_message", event)
    return b64decode(up.get("data") or up.get("frm_payload")), up.get("object") or up.get("decoded_payload"), event


@pytest.mark.parametrize("server", SERVERS)
@given(st.tuples(*[st.floats(-180, 180)] * 3), st.floats(0, 100), st.none() | st.floats(0, 90))
def test_the_bytes_of_a_tilt_sensor_say_what_its_fields_say(
    server: Dialect, angles: tuple[float, float, float], battery: float, threshold: float | None
) -> None:
    attributes: dict[str, AttributeValue] = {} if threshold is None else {"tilt_threshold_deg": threshold}
    device = Device("MH-1", "manhole_cover", TILT.profile, dev_eui=TILT.dev_eui, attributes=attributes)
    readings = {f"angle_{axis}": angle for axis, angle in zip("xyz", angles, strict=True)} | {"battery_level": battery}
    data, fields, _ = said(server, device, readings)
    assert milesight(data) == fields
    assert [fields[f"angle_{axis}"] for axis in "xyz"] == pytest.approx(angles, abs=0.005001)
    assert fields["battery"] == pytest.approx(battery, abs=0.5)


@pytest.mark.parametrize("server", SERVERS)
def test_a_level_is_told_as_the_distance_down_to_the_water(server: Dialect) -> None:
    data, fields, _ = said(server, WELL, {"water_level": 1.084, "battery_level": 91.6})
    assert milesight(data) == fields == {"battery": 92, "distance": 2116, "position": "normal"}
    bare = Device("WM-1", "water_monitor", WELL.profile, dev_eui=WELL.dev_eui)
    with pytest.raises(CannotSay, match="WM-1: an EM400-MUD tells water_level by its attribute installed_height"):
        said(server, bare, {"water_level": 1.0})


@pytest.mark.parametrize("server", SERVERS)
def test_the_example_of_the_vendor_comes_out_but_for_the_position(server: Dialect) -> None:
    data, _, _ = said(server, WELL, {"battery_level": 92, "temperature": 25.7, "distance": 2116})
    assert data.hex() == "01755c03670101048244080500" + "00"


@pytest.mark.parametrize("server", SERVERS)
def test_what_a_register_cannot_hold_is_told_as_its_limit(server: Dialect) -> None:
    beyond = {"angle_x": 400.0, "angle_y": -400.0, "angle_z": 0.0, "battery_level": 104.0}
    data, fields, _ = said(server, TILT, beyond)
    assert milesight(data) == fields
    assert (fields["angle_x"], fields["angle_y"], fields["battery"]) == (327.67, -327.68, 100)
    data, fields, _ = said(server, WELL, {"temperature": -12.3, "distance": 70_000.0})
    assert milesight(data) == fields == {"temperature": -12.3, "distance": 65_535, "position": "normal"}


@pytest.mark.parametrize("server", SERVERS)
def test_a_device_that_got_another_eui_is_known_by_it(server: Dialect) -> None:
    said(server, TILT, {"battery_level": 50.0})
    (message,) = server.encode(report(TILT, {"battery_level": 50.0}), replace(TILT, dev_eui="24e124713c1400ff"))
    assert b"24e124713c1400ff" in message.payload.lower()


@pytest.mark.parametrize("server", SERVERS)
def test_a_model_without_a_format_sends_a_cbor_map_of_what_it_measured(server: Dialect) -> None:
    data, fields, _ = said(server, LORA_LAMP, LIT | SHUT | {"rssi": -97.0, "snr": 7.5})
    assert cbor2.loads(data) == fields == LIT | SHUT


def test_the_gateway_tells_how_it_heard_the_frame() -> None:
    heard = LIT | {"rssi": -97.0, "snr": 7.5}
    _, _, event = said(ChirpStack(7), LORA_LAMP, heard)
    assert (event["rxInfo"][0]["rssi"], event["rxInfo"][0]["snr"]) == (-97, 7.5)
    _, _, up = said(ThingsStack(7), LORA_LAMP, heard)
    assert (up["uplink_message"]["rx_metadata"][0]["rssi"], up["uplink_message"]["rx_metadata"][0]["snr"]) == (-97, 7.5)


def test_what_is_zero_or_empty_is_left_out_by_the_things_stack() -> None:
    _, _, first = said(ThingsStack(7), LORA_LAMP, {"voltage": 0.0, "snr": 0.0, "rssi": -90.0}, seq=0)
    assert "f_cnt" not in first["uplink_message"]
    assert "snr" not in first["uplink_message"]["rx_metadata"][0]
    assert first["uplink_message"]["decoded_payload"] == {"voltage": 0.0}

    def hollow(item: Any) -> bool:
        if isinstance(item, dict):
            return any(hollow(value) for name, value in item.items() if name != "decoded_payload")
        return any(map(hollow, item)) if isinstance(item, list) and item else item in (0, "", False, [])

    assert not hollow(first)


def test_a_deduplication_id_is_of_the_report_and_of_the_seed() -> None:
    def identity(seed: int, seq: int) -> str:
        _, _, event = said(ChirpStack(seed), TILT, {"battery_level": 50.0}, seq)
        return str(UUID(event["deduplicationId"]))

    assert identity(7, 1) == identity(7, 1)
    assert len({identity(7, 1), identity(7, 2), identity(8, 1)}) == 3


@pytest.mark.parametrize("server", SERVERS)
def test_the_time_told_is_that_of_observation(server: Dialect) -> None:
    _, _, event = said(server, TILT, {"battery_level": 50.0})
    text = event.get("time") or event["uplink_message"]["rx_metadata"][0]["time"]
    assert round(datetime.fromisoformat(text).timestamp() * 1000) == EVENING_MS
    assert rfc3339(EVENING_MS - 123, "Z") == "2026-06-01T13:00:00Z"


@pytest.mark.parametrize("server", SERVERS)
def test_what_a_model_has_no_field_for_is_named(server: Dialect) -> None:
    with pytest.raises(
        CannotSay, match="MH-320582-000001: milesight-em310-tilt has no word for cover_open, tilt_angle"
    ):
        said(server, TILT, {"tilt_angle": 3.0, "cover_open": False, "battery_level": 50.0})
    assert server.unsayable({"tilt_angle", "rssi", "angle_x"}, TILT) == {"tilt_angle"}
    with pytest.raises(CannotSay, match="give angle_x, angle_y, angle_z"):
        said(server, TILT, {"angle_x": 1.0})
    with pytest.raises(CannotSay, match="do not fit a LoRaWAN frame of 222"):
        said(server, LORA_LAMP, {f"a_quantity_with_a_long_name_{number}": 1.5 for number in range(9)})


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("eui", [None, "", "24e124", "24e124713c14000g"])
def test_a_device_without_an_eui_says_what_it_needs(server: Dialect, eui: str | None) -> None:
    device = Device("MH-9", "manhole_cover", "manhole_cover", dev_eui=eui)
    with pytest.raises(CannotSay, match=r"MH-9: .* needs dev_eui, 16 hexadecimal digits"):
        said(server, device, {"tilt_angle": 1.0})


@pytest.mark.parametrize(
    ("device_id", "name"),
    [("SL-320582-000123", "sl-320582-000123"), ("A:b..C_9", "a-b-c-9"), ("x" * 35 + "-y", "x" * 35)],
)
def test_device_ids_are_made_fit_for_the_things_stack(device_id: str, name: str) -> None:
    assert end_device_id(device_id) == name


def test_airtime_is_that_of_semtechs_formula() -> None:
    # 22 bytes at SF7 and 125 kHz: 55.25 symbols of 1.024 ms, as in The Things Stack's own example
    assert airtime_text(22 - 13) == "0.056576s"
