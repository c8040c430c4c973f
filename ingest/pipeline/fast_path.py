"""The fast path from good native messages to telemetry; anything out of the ordinary takes the long way.

Nothing is decided here: a report is plainly good, or it takes the long way. A test holds the two equal. What makes it
fast: one parse, one look at each reading, devices remembered by topic, no object between the JSON and the record.
"""

from typing import Any, Final

import orjson

from domain.devices import DeviceLookup
from domain.identities import OWN_ID
from domain.telemetry import Reading, Telemetry
from domain.topics import TELEMETRY_HEADERS
from ingest.dialects.messages import MqttMessage, Uplink
from ingest.dialects.native.reports import CODEC
from ingest.mapping.compiled_profile import FastTarget
from ingest.mapping.normalise import LONGEST_MESSAGE_ID, NEWEST_MS, OLDEST_MS
from ingest.mapping.resolve import DeviceResolver, ReportingDevice
from ingest.pipeline.clockless import ClocklessDevices
from ingest.pipeline.limits import Limits
from streams.ports import Outgoing

_REMEMBERED: Final = 500_000
_CONTENT_TYPES: Final = (None, "application/json")


class FastPath:
    """The fast path, with a bounded memory of which device reports on which topic. Use from one task only."""

    def __init__(
        self, lookup: DeviceLookup, resolver: DeviceResolver, limits: Limits, clockless: ClocklessDevices
    ) -> None:
        self._clockless = clockless
        self._lookup = lookup
        self._resolver = resolver
        self._limits = limits
        self._version = lookup.version
        self._known: dict[str | tuple[str, str], ReportingDevice] = {}

    def records(self, message: MqttMessage) -> list[Outgoing] | None:
        """The records of a native message in which every report is plainly good; None for any other.

        orjson passes over a key that stands twice, so the colons are counted: there is one for each key, and none may be
        left over for a second one. (A colon inside a string only sends its message the long way.)
        """
        topic, payload, received_at_ms, content_type, replay_of = message
        if replay_of is not None or content_type not in _CONTENT_TYPES or not topic.startswith("city"):
            return None
        if len(payload) > self._limits.payload_bytes:
            return None
        try:
            document = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return None
        if self._lookup.version != self._version or len(self._known) > _REMEMBERED:
            self._version = self._lookup.version
            self._known.clear()
        colons = payload.count(b":")
        if type(document) is list:
            return self._batch(document, topic, received_at_ms, colons)
        device = self._known.get(topic) or self._find(topic)
        telemetry = fast_telemetry(document, device, received_at_ms) if device is not None else None
        if device is None or telemetry is None or colons != len(document) + len(document["readings"]):
            return None
        share = device.share
        left = share.left - 1
        if left < 0:
            return None
        share.left = left
        return [self._record(device, telemetry)]

    def _batch(self, reports: list[Any], topic: str, received_at_ms: int, colons: int) -> list[Outgoing] | None:
        if len(reports) > self._limits.reports:
            return None
        behind_gateway = topic.startswith("city-gateway/")
        device = None if behind_gateway else self._known.get(topic) or self._find(topic)
        found: list[tuple[ReportingDevice, Telemetry]] = []
        for report in reports:
            if behind_gateway:
                device = self._find_behind_gateway(topic, report)
            telemetry = fast_telemetry(report, device, received_at_ms) if device is not None else None
            if device is None or telemetry is None or device.share.left < len(reports):
                return None
            colons -= len(report) + len(report["readings"])
            found.append((device, telemetry))
        if not found or colons:
            return None
        for device, _ in found:
            device.share.left -= 1
        return [self._record(*one) for one in found]

    def _record(self, device: ReportingDevice, telemetry: Telemetry) -> Outgoing:
        if "time_source" in telemetry:
            telemetry["observed_at_ms"] = self._clockless.next_ms(device.device_id, telemetry["received_at_ms"])
        return Outgoing(device.topic, device.key, orjson.dumps(telemetry), TELEMETRY_HEADERS)

    def _find(self, topic: str) -> ReportingDevice | None:
        match topic.split("/"):
            case ["city", _, kind, device_id, "up"]:
                return self._remember(topic, Uplink(CODEC, {}, OWN_ID.of(device_id), kind=kind))
        return None

    def _find_behind_gateway(self, topic: str, report: Any) -> ReportingDevice | None:
        device_id = report.get("device_id") if type(report) is dict else None
        if type(device_id) is not str:
            return None
        known = self._known.get((topic, device_id))
        if known is not None:
            return known
        match topic.split("/"):
            case ["city-gateway", gateway_id, "up"]:
                speaker = None if device_id == gateway_id else gateway_id
                return self._remember((topic, device_id), Uplink(CODEC, {}, OWN_ID.of(device_id), speaker=speaker))
        return None

    def _remember(self, key: str | tuple[str, str], uplink: Uplink) -> ReportingDevice | None:
        found = self._resolver.resolve(uplink)
        if not isinstance(found, ReportingDevice):
            return None
        self._known[key] = found
        return found


def fast_telemetry(report: Any, device: ReportingDevice, received_at_ms: int) -> Telemetry | None:
    """What `normalise` makes of a native report, or None where it takes more than a look to know."""
    if type(report) is not dict:
        return None
    fields, given_at_ms, message_id = report.get("readings"), report.get("ts"), report.get("seq")
    observed_at_ms = received_at_ms if given_at_ms is None else given_at_ms
    if type(fields) is not dict or type(observed_at_ms) is not int:
        return None
    if not received_at_ms - OLDEST_MS <= observed_at_ms <= received_at_ms + NEWEST_MS:
        return None
    readings = _fast_readings(fields, device.profile.fast_targets)
    if readings is None:
        return None
    telemetry: Telemetry = {
        "device_id": device.device_id,
        "kind": device.kind,
        "observed_at_ms": observed_at_ms,
        "received_at_ms": received_at_ms,
    }  # type: ignore[typeddict-item]
    if type(message_id) is int:
        telemetry["message_id"] = str(message_id)
    elif type(message_id) is str and len(message_id) <= LONGEST_MESSAGE_ID:
        telemetry["message_id"] = message_id
    elif message_id is not None:
        return None
    telemetry["codec"] = CODEC
    telemetry["readings"] = readings
    if device.area is not None:
        telemetry["area"] = device.area
    if given_at_ms is None:
        telemetry["time_source"] = "gateway"
    return telemetry


def _fast_readings(fields: dict[str, Any], targets: dict[str, FastTarget]) -> dict[str, Reading] | None:
    readings: dict[str, Reading] = {}
    for source, value in fields.items():
        target = targets.get(source)
        if target is None:
            return None
        quantity, factor, bias, low, high = target
        if factor is None:
            if type(value) is not bool:
                return None
            readings[quantity] = value
        elif type(value) is float or type(value) is int:
            number = value * factor + bias
            if not low <= number <= high:
                return None
            readings[quantity] = number
        else:
            return None
    return readings if readings and len(readings) == len(fields) else None
