"""The registry's device behind a report, with everything its reports need, looked up once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.devices import AttributeValue, Device, DeviceState, IdentityLookup, Profile
from domain.identities import OWN_ID
from domain.rejections import Reason
from domain.topics import Topics
from ingest.dialects.messages import Refused, Uplink
from ingest.dialects.register import DEFAULT_FIELDS
from ingest.mapping.compiled_profile import CompiledProfile, compile_profile
from ingest.quotas.allowance import Allowance
from ingest.quotas.device_shares import DeviceShares

_HIGHEST_CHAIN: Final = 16
"""Parents looked at above a device. The registry admits no circle, but a lookup may see one while a move is under way."""


@dataclass(slots=True)  # not frozen: one is made for each report of the long way, and freezing costs a microsecond
class ReportingDevice:
    """A device as its telemetry needs it: `topic` and `key` on the log, profile of its readings, share of reports."""

    device_id: str
    kind: str
    area: str | None
    topic: str
    key: bytes
    profile: CompiledProfile
    share: Allowance
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


class DeviceResolver:
    """The registry's devices as reports need them. A device is looked up anew each time; compiled profiles are kept."""

    def __init__(self, topics: Topics, lookup: IdentityLookup, shares: DeviceShares | None = None) -> None:
        self._topics = topics
        self._lookup = lookup
        self._shares = shares or DeviceShares()
        self._compiled: dict[tuple[str, str], tuple[Profile | None, CompiledProfile]] = {}

    def resolve(self, uplink: Uplink) -> ReportingDevice | Refused:
        """The device that `uplink` reports on, or why its report must be refused.

        The registry decides: whether the device is known and in service, whether its kind is the topic's, and whether
        who reported for it stands on its parent chain and is in service too.
        """
        device = self._lookup.find(uplink.identity)
        if device is None:
            scheme, value = uplink.identity
            detail = f"{scheme.noun} {value!r} is not registered"
            return Refused(Reason.UNKNOWN_DEVICE, detail, value if scheme is OWN_ID else None)
        if device.state is DeviceState.SUSPENDED:
            return Refused(Reason.UNAUTHORISED, f"{device.device_id} is suspended", device.device_id)
        if uplink.speaker is not None and (why := self._not_above(uplink.speaker, device)):
            detail = f"{uplink.speaker} may not speak for {device.device_id}: {why}"
            return Refused(Reason.UNAUTHORISED, detail, device.device_id)
        if uplink.kind is not None and uplink.kind != device.kind:
            detail = f"{device.device_id} is a {device.kind}, not a {uplink.kind}"
            return Refused(Reason.WRONG_KIND, detail, device.device_id)
        if device.kind not in self._topics.kinds:
            detail = f"kind {device.kind} of {device.device_id} is not among the kinds served"
            return Refused(Reason.WRONG_KIND, detail, device.device_id)
        return ReportingDevice(
            device_id=device.device_id,
            kind=device.kind,
            area=device.area,
            topic=self._topics.telemetry(device.kind),
            key=device.device_id.encode(),
            profile=self._profile(device.profile, uplink.codec),
            attributes=device.attributes,
            share=self._shares.of(device.device_id, device.report_interval_s),
        )

    def _not_above(self, speaker_id: str, device: Device) -> str:
        """Why the speaker may not report for the device, empty where it may: it is its parent, or a parent of that."""
        above = device
        for _ in range(_HIGHEST_CHAIN):
            if above.parent_id == speaker_id:
                speaker = self._lookup.device(speaker_id)
                suspended = speaker is not None and speaker.state is DeviceState.SUSPENDED
                return "it is suspended" if suspended else ""
            parent = self._lookup.device(above.parent_id) if above.parent_id is not None else None
            if parent is None:
                break
            above = parent
        return "it is neither its parent nor above that"

    def _profile(self, name: str, codec: str) -> CompiledProfile:
        profile, default_fields = self._lookup.profile(name), DEFAULT_FIELDS.get(codec)
        key = name, codec if default_fields is not None else ""
        known = self._compiled.get(key)
        if known is None or (known[0] is not profile and known[0] != profile):
            compiled = compile_profile(profile, default_fields) if default_fields else compile_profile(profile)
            known = self._compiled[key] = (profile, compiled)
        return known[1]
