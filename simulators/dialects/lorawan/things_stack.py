"""The Things Stack v3 uplinks, on `v3/<application>@<tenant>/devices/<device id>/up`.

The server leaves out what is zero, false or empty: the first frame of a session has no `f_cnt`.
Source: The Things Stack documentation, "Data Formats" and "MQTT Server"; protobuf's JSON mapping.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from re import sub
from typing import Any

import orjson

from domain.devices import Device
from simulators.dialects.lorawan.network import (
    BANDWIDTH_HZ,
    FREQUENCY_HZ,
    SPREADING_FACTOR,
    Membership,
    membership_of,
    reception_of,
    rfc3339,
    uuid_of,
)
from simulators.dialects.lorawan.payloads import unsayable, uplink_of
from simulators.dialects.reports import MqttMessage, Report
from simulators.noise.seeded import mixed

_JOIN_EUI = "24E124C0002A0001"
_DEDUPLICATION_MS = 200
"""How long the server waits for other gateways before it passes an uplink on."""


@dataclass(slots=True)
class ThingsStack:
    """A server of one application and tenant; its identifiers come from `seed`. What it keeps is only a cache.

    Time: the gateway has a GPS clock, and its time of reception is the time of observation; the server's own are later.
    """

    seed: int = 0
    application: str = "city"
    tenant: str = "ttn"
    _known: dict[str, tuple[Device, Membership, str]] = field(default_factory=dict)

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        known = self._known.get(device.device_id)
        if known is None or known[0] is not device:
            member = membership_of(device, self.seed, "things-stack")
            known = self._known[device.device_id] = (device, member, end_device_id(device.device_id))
        _, member, name = known
        uplink = uplink_of(report.readings, device)
        observed = rfc3339(report.observed_at_ms, "Z")
        received = rfc3339(report.observed_at_ms + _DEDUPLICATION_MS, "Z")
        ticks = mixed(member.key, report.observed_at_ms) & 0xFFFF_FFFF
        message = {
            "session_key_id": b64encode(member.key.to_bytes(8, "big")).decode(),
            "f_port": uplink.f_port,
            "f_cnt": report.seq & 0xFFFF_FFFF,
            "frm_payload": b64encode(uplink.data).decode(),
            "decoded_payload": uplink.fields,
            "rx_metadata": [_reception(report, member, observed, ticks)],
            "settings": {
                "data_rate": {"lora": {"bandwidth": BANDWIDTH_HZ, "spreading_factor": SPREADING_FACTOR}},
                "coding_rate": "4/5",
                "frequency": str(FREQUENCY_HZ),
                "timestamp": ticks,
                "time": observed,
            },
            "received_at": received,
            "consumed_airtime": airtime_text(len(uplink.data)),
        }
        identity = uuid_of(self.seed, member.dev_eui, str(report.observed_at_ms), str(report.seq))
        up = {
            "end_device_ids": {
                "device_id": name,
                "application_ids": {"application_id": self.application},
                "dev_eui": member.dev_eui.upper(),
                "join_eui": _JOIN_EUI,
                "dev_addr": member.dev_addr.upper(),
            },
            "correlation_ids": [f"as:up:{identity}"],
            "received_at": received,
            "uplink_message": _filled(message),
        }
        return (MqttMessage(f"v3/{self.application}@{self.tenant}/devices/{name}/up", orjson.dumps(up)),)

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        return unsayable(quantities, device)


def end_device_id(device_id: str) -> str:
    """A device id as The Things Stack allows them: lower-case letters, digits and single dashes, at most 36 of them.

    Source: The Things Stack API, `^[a-z0-9](?:[-]?[a-z0-9]){2,}$`.
    """
    return sub(r"[^a-z0-9]+", "-", device_id.lower())[:36].strip("-")


def airtime_text(payload_bytes: int) -> str:
    """The time on air of a frame with 13 bytes of LoRaWAN around its payload, as protobuf writes a duration.

    Source: Semtech AN1200.13, for a coding rate of 4/5, an explicit header and eight symbols of preamble.
    """
    symbol_s = (1 << SPREADING_FACTOR) / BANDWIDTH_HZ
    bits = 8 * (payload_bytes + 13) - 4 * SPREADING_FACTOR + 28 + 16
    symbols = 8 + 4.25 + 8 + max(-(-bits // (4 * SPREADING_FACTOR)) * 5, 0)
    return f"{symbol_s * symbols:.6f}s"


def _reception(report: Report, member: Membership, observed: str, ticks: int) -> dict[str, Any]:
    reception = reception_of(report.readings, member.key, report.observed_at_ms)
    return _filled(
        {
            "gateway_ids": {"gateway_id": f"gateway-{member.gateway_eui}", "eui": member.gateway_eui.upper()},
            "time": observed,
            "timestamp": ticks,
            "rssi": reception.rssi_dbm,
            "channel_rssi": reception.rssi_dbm,
            "snr": reception.snr_db,
        }
    )


def _filled(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if value or isinstance(value, dict)}
