"""Native JSON: `{"ts":ms?,"seq":n?,"readings":{…}}`, an array of such, or a gateway's array naming each device."""

from domain.errors import Unreadable
from domain.identities import OWN_ID, Identity
from domain.rejections import Reason
from ingest.dialects.messages import Decoded, Refused, Uplink

CODEC = "json"


def decode_native(document: object, device_id: str, kind: str) -> Decoded:
    """The reports of a device on its own topic: one, or an array. Raises: Unreadable for an empty array."""
    return [_report(element, device_id, kind, None) for element in _elements(document)]


def decode_gateway_batch(document: object, gateway_id: str) -> Decoded:
    """The reports of sub-devices, each element naming its `device_id`; one element may stand without the array.

    Raises: Unreadable for an empty array.
    """
    return [_report_of_child(element, gateway_id) for element in _elements(document)]


def _elements(document: object) -> list[object]:
    if document == []:
        raise Unreadable(Reason.UNPARSEABLE, "an empty batch")
    return document if isinstance(document, list) else [document]


def _report_of_child(element: object, gateway_id: str) -> Uplink | Refused:
    device_id = element.get("device_id") if isinstance(element, dict) else None
    if not isinstance(device_id, str):
        return Refused(Reason.UNPARSEABLE, "an element of a gateway's batch must be an object with a `device_id`")
    return _report(element, device_id, None, None if device_id == gateway_id else gateway_id)


def _report(element: object, device_id: str, kind: str | None, speaker: str | None) -> Uplink | Refused:
    if not isinstance(element, dict):
        return Refused(Reason.UNPARSEABLE, f"a report must be an object, not {_json_type(element)}", device_id)
    if "readings" not in element:
        return Refused(Reason.UNPARSEABLE, "a report must have `readings`", device_id)
    readings = element["readings"]
    if not isinstance(readings, dict):
        return Refused(Reason.UNPARSEABLE, f"`readings` must be an object, not {_json_type(readings)}", device_id)
    return Uplink(
        codec=CODEC,
        fields=readings,
        identity=Identity(OWN_ID, device_id),
        kind=kind,
        observed_at_ms=element.get("ts"),
        message_id=element.get("seq"),
        speaker=speaker,
    )


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
