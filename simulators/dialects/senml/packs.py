"""SenML packs (RFC 8428) in JSON and CBOR, recognised by their MQTT 5 content type.

[{"bn": "SL-1:", "bt": 1763772000.123, "n": "voltage", "u": "V", "v": 229.1}, {"n": "dimming_level", "u": "/", "v": 0.8}]

The base name and the base time stand in the first record and hold for all. A pack has no place for `seq`.
"""

from collections.abc import Iterable
from typing import Final

import orjson

from domain.devices import Device
from simulators.dialects.cbor import encode_cbor
from simulators.dialects.ports import refuse
from simulators.dialects.reports import MqttMessage, Report
from simulators.dialects.senml.units import SENML_UNITS

Record = dict[str, str | float | bool]

_CBOR_LABELS: Final = {"bn": -2, "bt": -3, "n": 0, "u": 1, "v": 2, "vb": 4}
"""RFC 8428, section 6."""
_DIGITS: Final = 15
"""As many as a converted value keeps: all that a float can hold for certain, without what the arithmetic leaves behind."""


class SenmlJson:
    """`application/senml+json` on the device's native topic."""

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        return (MqttMessage(_topic(report), orjson.dumps(senml_records(report, device)), "application/senml+json"),)

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        return frozenset(quantities) - SENML_UNITS.keys()


class SenmlCbor:
    """`application/senml+cbor` on the device's native topic."""

    def encode(self, report: Report, device: Device) -> tuple[MqttMessage, ...]:
        records = senml_records(report, device)
        pack = [{_CBOR_LABELS[label]: value for label, value in record.items()} for record in records]
        return (MqttMessage(_topic(report), encode_cbor(pack), "application/senml+cbor"),)

    def unsayable(self, quantities: Iterable[str], device: Device) -> frozenset[str]:
        return frozenset(quantities) - SENML_UNITS.keys()


def senml_records(report: Report, device: Device) -> list[Record]:
    """The report as a SenML pack: one record a reading, in the report's order, units of the main registry.

    Names are `<device_id>:<quantity>`; time is in seconds, absolute. Raises: CannotSay for a quantity not in the catalogue.
    """
    records: list[Record] = []
    for name, value in report.readings.items():
        if isinstance(value, bool):
            records.append({"n": name, "vb": value})
            continue
        known = SENML_UNITS.get(name)
        if known is None:
            raise refuse(device, "SenML", report.readings.keys() - SENML_UNITS.keys())
        unit, factor, offset = known
        if factor != 1.0 or offset:
            value = float(f"{value * factor + offset:.{_DIGITS}g}")
        records.append({"n": name, "v": value} if unit is None else {"n": name, "u": unit, "v": value})
    if records:
        records[0] = {"bn": f"{report.device_id}:", "bt": report.observed_at_ms / 1000, **records[0]}
    return records


def _topic(report: Report) -> str:
    area = (report.area or "unknown").replace("/", "-")
    return f"city/{area}/{report.kind}/{report.device_id}/up"
