"""Devices as they are sent to the API, whole or in part, and as it returns them with their details."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from device_registry.records.entries import DETAIL_FIELDS, Datum, Details, DeviceEntry
from domain.devices import AttributeValue, Device, DeviceState, Profile
from web.http.problems import Fault, Refused


class DeviceBody(BaseModel):
    """A whole device. What is left out is empty, or the profile's default; without a profile it has its kind's."""

    model_config = ConfigDict(extra="forbid")

    device_id: str
    kind: str
    profile: str | None = None
    name: str = ""
    area: str | None = None
    grid: str | None = None
    lon: float | None = None
    lat: float | None = None
    parent_id: str | None = None
    component_code: str | None = None
    department: str | None = None
    report_interval_s: int | None = None
    dev_eui: str | None = None
    mn: str | None = None
    sparkplug: str | None = None
    attributes: dict[str, AttributeValue] | None = None
    state: DeviceState = DeviceState.ACTIVE
    owner: str | None = None
    maintainer: str | None = None
    component_scheme: str | None = None
    source_datum: Datum = Datum.WGS84
    source_lon: float | None = None
    source_lat: float | None = None
    tags: Annotated[list[str], Field(max_length=50)] = []
    identities: dict[str, str] = {}

    def entry(self, profiles: Mapping[str, Profile]) -> DeviceEntry:
        """The entry to store, defaults filled in."""
        facts = self.model_dump(exclude=set(DETAIL_FIELDS))
        name = self.profile or self.kind
        profile = profiles.get(name) or Profile(name, self.kind)
        facts["profile"] = name
        if self.report_interval_s is None:
            facts["report_interval_s"] = profile.report_interval_s
        if self.attributes is None:
            facts["attributes"] = dict(profile.attributes)
        details = self.model_dump(include=set(DETAIL_FIELDS))
        return DeviceEntry(Device(**facts), Details(**{**details, "tags": tuple(self.tags)}))


class RegisteredDevice(BaseModel):
    """A device with all that is registered of it."""

    device_id: str
    kind: str
    profile: str
    name: str
    area: str | None
    lon: float | None
    lat: float | None
    parent_id: str | None
    component_code: str | None
    department: str | None
    report_interval_s: int
    dev_eui: str | None
    mn: str | None
    attributes: dict[str, AttributeValue]
    state: DeviceState
    activated_at_ms: int
    version: int
    grid: str | None
    sparkplug: str | None
    owner: str | None
    maintainer: str | None
    component_scheme: str | None
    source_datum: Datum
    source_lon: float | None
    source_lat: float | None
    tags: list[str]
    identities: dict[str, str]
    created_at_ms: int
    updated_at_ms: int


def patched(entry: DeviceEntry, patch: Mapping[str, Any]) -> DeviceEntry:
    """The entry with the fields of a merge patch (RFC 7396) laid over it; null empties, objects are merged.

    Raises: Refused (422) with every field that cannot be taken.
    """
    device, details = entry
    known = {name: getattr(device, name) for name in DeviceBody.model_fields if name not in DETAIL_FIELDS}
    known |= {name: getattr(details, name) for name in DETAIL_FIELDS}
    if patch.get("device_id", device.device_id) != device.device_id:
        fault = Fault(where="device_id", detail="a device keeps its id; remove it and register another")
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "refused-device", fault.detail, [fault])
    try:
        body = DeviceBody.model_validate(_merged({**known, "tags": list(details.tags)}, patch))
    except ValidationError as error:
        faults = [
            Fault(where=".".join(map(str, one["loc"])) or "body", detail=one["msg"].removeprefix("Value error, "))
            for one in error.errors()
        ]
        detail = "; ".join(f"{fault.where}: {fault.detail}" for fault in faults)
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, faults) from error
    offered = body.entry({device.profile: Profile(device.profile, device.kind)})
    return DeviceEntry(replace(offered.device, activated_at_ms=device.activated_at_ms), offered.details)


def _merged(known: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396, section 2. A null leaves the field out, which empties it or gives its default."""
    merged = dict(known)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            held = merged.get(name)
            merged[name] = _merged(held if isinstance(held, dict) else {}, value)
        else:
            merged[name] = value
    return merged
