"""Native JSON: one report on the device's own topic, or many on their gateway's."""

from collections.abc import Iterable

import orjson

from domain.devices import Device
from simulators.dialects.ports import CannotSay
from simulators.dialects.reports import MqttMessage, Report, encode_native


class Native:
    """One report, one message: `{"ts":…,"seq":…,"readings":{…}}` on `city/<area>/<kind>/<device_id>/up`."""

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        return (encode_native(report),)

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        return frozenset()


class NativeBatch:
    """A report as its gateway passes it on: a batch of one on the topic of the device's parent."""

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        return (encode_batch(gateway_of(device), (report,)),)

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        return frozenset()


def gateway_of(device: Device) -> str:
    """The gateway that reports for a device. Raises: CannotSay where it has none."""
    if not device.parent_id:
        raise CannotSay(f"{device.device_id}: native-batch needs parent_id, the gateway that speaks for it")
    return device.parent_id


def encode_batch(gateway_id: str, reports: Iterable[Report]) -> MqttMessage:
    """The reports of a gateway's sub-devices in one message on `city-gateway/<gateway_id>/up`, in the order given."""
    batch = [
        {
            "device_id": report.device_id,
            "ts": report.observed_at_ms,
            "seq": report.seq,
            "readings": report.readings,
        }
        for report in reports
    ]
    return MqttMessage(f"city-gateway/{gateway_id}/up", orjson.dumps(batch))
