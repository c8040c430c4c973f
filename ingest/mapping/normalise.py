"""From a report as the device worded it to telemetry in canonical quantities, or the reason why not."""

from typing import Final, NamedTuple

from domain.rejections import Reason
from domain.telemetry import Telemetry
from domain.time.units import DAY_MS, MINUTE_MS
from ingest.dialects.messages import Refused, Uplink
from ingest.mapping.derived import add_derived
from ingest.mapping.readings import ReportReadings, read_fields
from ingest.mapping.resolve import ReportingDevice

OLDEST_MS: Final = 30 * DAY_MS
NEWEST_MS: Final = 5 * MINUTE_MS
"""How long before and after its reception a report may be dated, inclusive."""
LONGEST_MESSAGE_ID: Final = 128
_SEQUENCE_END: Final = 10**LONGEST_MESSAGE_ID


class Normalised(NamedTuple):
    """A report's telemetry, what was refused of it, or both: then the report was accepted in part."""

    telemetry: Telemetry | None
    refused: Refused | None


def normalise(uplink: Uplink, device: ReportingDevice, received_at_ms: int, replay_of: str | None = None) -> Normalised:
    """The telemetry of `uplink`, a report of `device`.

    Shape: what is unknown, not finite or of the wrong type is left out and named in `refused`, all of a report in one;
    without one usable reading there is no telemetry. Units: canonical; implausible values stay and are marked `bad`.
    Time: refused outside [received - 30 d, received + 5 min] and where it is no whole number of milliseconds.
    """
    observed_at_ms = _observed_at_ms(uplink, received_at_ms)
    if observed_at_ms is None:
        detail = f"observed at {_worded(uplink.observed_at_ms)}, received at {received_at_ms}"
        return Normalised(None, Refused(Reason.BAD_TIME, detail, device.device_id))
    readings = read_fields(uplink.fields, uplink.units, device.profile, uplink.quality, uplink.companions)
    if device.profile.derived:
        add_derived(readings, device.profile.derived, device.attributes)
    message_id = _message_id(uplink.message_id, readings)
    refusal = readings.refusal or (None if readings.values else (Reason.BAD_VALUE, "no reading that the profile takes"))
    refused = Refused(*refusal, device.device_id) if refusal else None
    if not readings.values:
        return Normalised(None, refused)
    telemetry: Telemetry = {
        "device_id": device.device_id,
        "kind": device.kind,
        "observed_at_ms": observed_at_ms,
        "received_at_ms": received_at_ms,
        **({"message_id": message_id} if message_id is not None else {}),  # type: ignore[typeddict-item]
        "codec": uplink.codec,
        "readings": readings.values,
    }
    if readings.quality:
        telemetry["quality"] = readings.quality
    if device.area is not None:
        telemetry["area"] = device.area
    if uplink.observed_at_ms is None:
        telemetry["time_source"] = "gateway"
    if replay_of is not None:
        telemetry["replay_of"] = replay_of
    return Normalised(telemetry, refused)


def _observed_at_ms(uplink: Uplink, received_at_ms: int) -> int | None:
    at_ms = uplink.observed_at_ms
    if at_ms is None:
        at_ms = received_at_ms + uplink.offset_ms
    if isinstance(at_ms, bool) or not isinstance(at_ms, int | float):
        return None
    if not received_at_ms - OLDEST_MS <= at_ms <= received_at_ms + NEWEST_MS or at_ms != int(at_ms):
        return None
    return int(at_ms)


def _message_id(given: object, readings: ReportReadings) -> str | None:
    """The device's own id of the message as text; anything but a short text or a whole number is left out and named."""
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) < _SEQUENCE_END:
        given = str(given)
    if given is None or (isinstance(given, str) and len(given) <= LONGEST_MESSAGE_ID):
        return given
    readings.bad.append("seq (no whole number, and no text of at most 128 characters)")
    return None


def _worded(value: object) -> str:
    if isinstance(value, str | int | float):
        return repr(value)[:60]
    return f"a value of type {type(value).__name__}"
