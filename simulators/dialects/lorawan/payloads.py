"""What a LoRaWAN device puts into its frames, and what the network server's codec makes of these bytes.

The object holds exactly what the bytes do: a battery of 87.3 % is 87 in both. `rssi` and `snr` are in neither: the gateway
that receives the frame measures them.
"""

from collections.abc import Callable, Iterable, Mapping
from struct import pack
from typing import Final, NamedTuple

from domain.devices import Device
from domain.telemetry import Reading
from simulators.dialects.cbor import encode_cbor
from simulators.dialects.ports import CannotSay, refuse

MEASURED_BY_GATEWAY: Final = frozenset({"rssi", "snr"})
_LONGEST: Final = 222
"""Bytes of a frame's payload at spreading factor 7 (LoRaWAN regional parameters RP002, EU868 DR5, repeater-safe)."""
_MILESIGHT_PORT, _CBOR_PORT = 85, 2


class Uplink(NamedTuple):
    """The application's part of a frame: port, bytes, and the fields that a codec finds in them."""

    f_port: int
    data: bytes
    fields: dict[str, float | bool | str]


Readings = Mapping[str, Reading]


class _Format(NamedTuple):
    quantities: frozenset[str] | None
    encode: Callable[[Readings, Device], Uplink]


def uplink_of(readings: Readings, device: Device) -> Uplink:
    """The frame of a device by its profile: a Milesight model's own format, else a CBOR map of quantities.

    Raises: CannotSay where the format has no field for a reading, or the device lacks what the format needs.
    """
    if missing := unsayable(readings, device):
        raise refuse(device, device.profile, missing)
    return _format_of(device).encode({n: v for n, v in readings.items() if n not in MEASURED_BY_GATEWAY}, device)


def unsayable(quantities: Iterable[str], device: Device) -> frozenset[str]:
    """Those of `quantities` that the payload format of the device's profile has no field for."""
    known = _format_of(device).quantities
    return frozenset() if known is None else frozenset(quantities) - known - MEASURED_BY_GATEWAY


def _format_of(device: Device) -> _Format:
    return _FORMATS.get(device.profile, _CBOR)


def _em310_tilt(readings: Readings, device: Device) -> Uplink:
    """Battery `01 75`, three angles `03 cf` in hundredths of a degree, little-endian, then which thresholds are passed.

    Attribute `tilt_threshold_deg`: the alarm threshold set in the device; without it none is.
    """
    data, fields = _battery(readings)
    if angles := [axis for axis in "xyz" if f"angle_{axis}" in readings]:
        if len(angles) < 3:
            raise CannotSay(f"{device.device_id}: an EM310-TILT tells all three angles; give angle_x, angle_y, angle_z")
        hundredths = [_int16(readings[f"angle_{axis}"] * 100) for axis in "xyz"]
        threshold_deg = float(device.attributes.get("tilt_threshold_deg", 360))
        passed = [abs(angle) >= threshold_deg * 100 for angle in hundredths]
        data += b"\x03\xcf" + pack("<3hB", *hundredths, sum(on << bit for bit, on in enumerate(passed)))
        fields |= {f"angle_{axis}": angle / 100 for axis, angle in zip("xyz", hundredths, strict=True)}
        fields |= {f"threshold_{axis}": "trigger" if on else "normal" for axis, on in zip("xyz", passed, strict=True)}
    return Uplink(_MILESIGHT_PORT, data, fields)


def _em400_mud(readings: Readings, device: Device) -> Uplink:
    """Battery `01 75`, tenths of a degree Celsius `03 67`, millimetres `04 82`, little-endian, and position `05 00`.

    A `water_level` is sent as the distance down to it, by the attribute `installed_height` (m), as the profile reads it.
    """
    data, fields = _battery(readings)
    if (temperature := readings.get("temperature")) is not None:
        tenths = _int16(temperature * 10)
        data += b"\x03\x67" + pack("<h", tenths)
        fields["temperature"] = tenths / 10
    distance = readings.get("distance")
    if distance is None and "water_level" in readings:
        if "installed_height" not in device.attributes:
            raise CannotSay(f"{device.device_id}: an EM400-MUD tells water_level by its attribute installed_height (m)")
        distance = (float(device.attributes["installed_height"]) - readings["water_level"]) * 1000
    if distance is not None:
        millimetres = min(max(round(distance), 0), 0xFFFF)
        data += b"\x04\x82" + pack("<H", millimetres)
        fields["distance"] = millimetres
    return Uplink(_MILESIGHT_PORT, data + b"\x05\x00\x00", fields | {"position": "normal"})


def _int16(value: float) -> int:
    return min(max(round(value), -0x8000), 0x7FFF)


def _battery(readings: Readings) -> tuple[bytes, dict[str, float | bool | str]]:
    if (level := readings.get("battery_level")) is None:
        return b"", {}
    percent = min(max(round(level), 0), 100)
    return bytes((0x01, 0x75, percent)), {"battery": percent}


def _cbor_map(readings: Readings, device: Device) -> Uplink:
    """A CBOR map from quantity to value (RFC 8949), for models without a format of their own."""
    data = encode_cbor(readings)
    if len(data) > _LONGEST:
        raise CannotSay(f"{device.device_id}: {len(data)} bytes do not fit a LoRaWAN frame of {_LONGEST}; say less")
    return Uplink(_CBOR_PORT, data, dict(readings))


_CBOR: Final = _Format(None, _cbor_map)
_FORMATS: Final = {
    # Milesight-IoT/SensorDecoders: EM310-TILT_Decoder.js, and the README of EM400-MUD
    "milesight-em310-tilt": _Format(frozenset({"battery_level", "angle_x", "angle_y", "angle_z"}), _em310_tilt),
    "milesight-em400-mud": _Format(frozenset({"battery_level", "temperature", "distance", "water_level"}), _em400_mud),
}
