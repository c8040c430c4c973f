"""What the network between a LoRaWAN device and its server adds to a frame: who received it, how well, and when."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, NamedTuple

from domain.devices import Device
from domain.telemetry import Reading
from simulators.dialects.ports import CannotSay
from simulators.noise.seeded import key_of, mixed, uniform

FREQUENCY_HZ, BANDWIDTH_HZ, SPREADING_FACTOR = 868_100_000, 125_000, 7
DATA_RATE: Final = 5
"""EU868: SF7 at 125 kHz."""


class Membership(NamedTuple):
    """What a device is known by in a network: the same in all its messages. EUIs and address in lower-case hexadecimal.

    `key` is the seed of what differs from message to message.
    """

    dev_eui: str
    dev_addr: str
    gateway_eui: str
    key: int


class Reception(NamedTuple):
    """How a gateway received a frame: dBm and dB. From the report where it has `rssi` and `snr`, else from the seed."""

    rssi_dbm: int
    snr_db: float


def reception_of(readings: Mapping[str, Reading], key: int, at_ms: int) -> Reception:
    rssi = readings.get("rssi")
    snr = readings.get("snr")
    return Reception(
        round(uniform(key, at_ms, 31, low=-115, high=-80) if rssi is None else rssi),
        round(uniform(key, at_ms, 32, low=-5, high=10), 1) if snr is None else snr,
    )


def membership_of(device: Device, seed: int, dialect: str) -> Membership:
    """A device's identifiers in the network of `seed`; one gateway to an area. Raises: CannotSay without a dev_eui.

    The address is of the block for experiments, 00000000/7.
    """
    dev_eui = dev_eui_of(device, dialect)
    key = key_of(seed, dev_eui)
    gateway = key_of(seed, "gateway", device.area or "")
    return Membership(dev_eui, f"{mixed(key, 1) & 0x01FF_FFFF:08x}", f"{gateway:016x}", key)


def dev_eui_of(device: Device, dialect: str) -> str:
    """The device's EUI as 16 lower-case hexadecimal digits. Raises: CannotSay where it has none."""
    eui = (device.dev_eui or "").lower().translate({ord(mark): None for mark in "-: "})
    if len(eui) != 16 or set(eui) - set("0123456789abcdef"):
        raise CannotSay(f"{device.device_id}: {dialect} needs dev_eui, 16 hexadecimal digits; it is {device.dev_eui!r}")
    return eui


def uuid_of(seed: int, *names: str) -> str:
    """A UUID (version 8, RFC 9562) that is the same for the same seed and names."""
    digest = bytearray(blake2b("\n".join((str(seed), *names)).encode(), digest_size=16).digest())
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def rfc3339(at_ms: int, zone: str) -> str:
    """The instant with as many fraction digits as it needs, none or three, as protobuf's JSON does; `zone` as it is."""
    seconds, milliseconds = divmod(at_ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{milliseconds:03d}{zone}" if milliseconds else f"{text}{zone}"
