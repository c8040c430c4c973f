"""ChirpStack v4 uplinks: the JSON of its MQTT integration, on `application/<application>/device/<devEui>/event/up`.

Every field stands there, empty ones too, as the server writes them. The time is that of reception, which for a device that
sends at once is that of observation.
Source: chirpstack/api/proto/integration/integration.proto (UplinkEvent) in protobuf's JSON mapping.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from domain.devices import Device
from simulators.dialects.lorawan.network import (
    BANDWIDTH_HZ,
    DATA_RATE,
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


class _Known(NamedTuple):
    device: Device
    member: Membership
    topic: str
    info: dict[str, Any]


@dataclass(slots=True)
class ChirpStack:
    """A ChirpStack server of one application; its identifiers come from `seed`. What it keeps is only a cache.

    `deduplicationId` is of the report (device, time, seq): the same report twice has the same one.
    """

    seed: int = 0
    application: str = "city"
    _known: dict[str, _Known] = field(default_factory=dict)

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        known = self._known.get(device.device_id)
        if known is None or known.device is not device:
            known = self._known[device.device_id] = self._learn(device)
        _, member, topic, info = known
        uplink = uplink_of(report.readings, device)
        time = rfc3339(report.observed_at_ms, "+00:00")
        identity = uuid_of(self.seed, device.device_id, str(report.observed_at_ms), str(report.seq))
        event = {
            "deduplicationId": identity,
            "time": time,
            "deviceInfo": info,
            "devAddr": member.dev_addr,
            "adr": True,
            "dr": DATA_RATE,
            "fCnt": report.seq & 0xFFFF_FFFF,
            "fPort": uplink.f_port,
            "confirmed": False,
            "data": b64encode(uplink.data).decode(),
            "object": uplink.fields,
            "rxInfo": [_reception(report, member, time)],
            "txInfo": {
                "frequency": FREQUENCY_HZ,
                "modulation": {
                    "lora": {"bandwidth": BANDWIDTH_HZ, "spreadingFactor": SPREADING_FACTOR, "codeRate": "CR_4_5"}
                },
            },
            "regionConfigId": "eu868",
        }
        return (MqttMessage(topic, orjson.dumps(event)),)

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        return unsayable(quantities, device)

    def _learn(self, device: Device) -> _Known:
        """What stands in all messages of a device."""
        member = membership_of(device, self.seed, "chirpstack")
        application = uuid_of(self.seed, "application", self.application)
        info = {
            "tenantId": uuid_of(self.seed, "tenant"),
            "tenantName": "ChirpStack",
            "applicationId": application,
            "applicationName": self.application,
            "deviceProfileId": uuid_of(self.seed, "device profile", device.profile),
            "deviceProfileName": device.profile,
            "deviceName": device.name or device.device_id,
            "devEui": member.dev_eui,
            "deviceClassEnabled": "CLASS_A",
            "tags": {},
        }
        return _Known(device, member, f"application/{application}/device/{member.dev_eui}/event/up", info)


def _reception(report: Report, member: Membership, time: str) -> dict[str, Any]:
    reception = reception_of(report.readings, member.key, report.observed_at_ms)
    return {
        "gatewayId": member.gateway_eui,
        "uplinkId": mixed(member.key, report.observed_at_ms) & 0xFFFF_FFFF,
        "nsTime": time,
        "rssi": reception.rssi_dbm,
        "snr": reception.snr_db,
        "channel": 0,
        "location": {},
        "crcStatus": "CRC_OK",
    }
