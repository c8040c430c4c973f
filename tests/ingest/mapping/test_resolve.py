from dataclasses import replace

import pytest

from domain.devices import Device, DeviceState, FieldMapping, Profile
from domain.identities import DEV_EUI, OWN_ID
from domain.rejections import Reason
from domain.topics import Topics
from ingest.dialects.messages import Refused, Uplink
from ingest.mapping.resolve import DeviceResolver, ReportingDevice
from tests.ingest.lookup import lookup_of

LAMP = Device("SL-1", "streetlight", "streetlight", area="320582/110", parent_id="GW-1", dev_eui="A840419EDB62011C")


def find(uplink: Uplink, device: Device = LAMP) -> ReportingDevice | Refused:
    return DeviceResolver(Topics("test-"), lookup_of(device, Profile("streetlight", "streetlight"))).resolve(uplink)


def uplink(device_id: str = "SL-1", **words: str) -> Uplink:
    return Uplink("json", {}, OWN_ID.of(device_id), **words)  # type: ignore[arg-type]


def of_eui(dev_eui: str) -> Uplink:
    return Uplink("chirpstack", {}, DEV_EUI.of(dev_eui))


def test_a_known_device_is_found_with_its_topic_key_and_area() -> None:
    sender = find(uplink(kind="streetlight"))
    assert isinstance(sender, ReportingDevice)
    assert (sender.device_id, sender.topic, sender.key) == ("SL-1", "test-telemetry.streetlight", b"SL-1")
    assert sender.area == "320582/110"


@pytest.mark.parametrize("dev_eui", ["a840419edb62011c", "A8-40-41-9E-DB-62-01-1C"])
def test_a_device_is_found_by_its_eui_too(dev_eui: str) -> None:
    sender = find(of_eui(dev_eui))
    assert isinstance(sender, ReportingDevice)
    assert sender.device_id == "SL-1"


REFUSED = {
    "an unknown id": (uplink("SL-2"), LAMP, Reason.UNKNOWN_DEVICE, "SL-2"),
    "an empty id": (uplink(""), LAMP, Reason.UNKNOWN_DEVICE, "is not registered"),
    "an unknown EUI": (of_eui("0101"), LAMP, Reason.UNKNOWN_DEVICE, "0101"),
    "an empty EUI": (of_eui(""), replace(LAMP, dev_eui=None), Reason.UNKNOWN_DEVICE, "is not registered"),
    "a retired device": (uplink(), replace(LAMP, state=DeviceState.RETIRED), Reason.UNKNOWN_DEVICE, "SL-1"),
    "a suspended device": (uplink(), replace(LAMP, state=DeviceState.SUSPENDED), Reason.UNAUTHORISED, "suspended"),
    "another kind": (uplink(kind="cabinet"), LAMP, Reason.WRONG_KIND, "SL-1 is a streetlight, not a cabinet"),
    "a kind that is not served": (uplink(), replace(LAMP, kind="tree"), Reason.WRONG_KIND, "tree"),
    "a gateway that is not its parent": (uplink(speaker="GW-2"), LAMP, Reason.UNAUTHORISED, "GW-2 may not speak for SL-1"),
    "a gateway, and no parent at all": (uplink(speaker="GW-1"), replace(LAMP, parent_id=None), Reason.UNAUTHORISED, "GW-1"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "device", "reason", "detail"), REFUSED.values(), ids=REFUSED.keys())
def test_the_registry_refuses(said: Uplink, device: Device, reason: Reason, detail: str) -> None:
    refused = find(said, device)
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert detail in refused.detail


@pytest.mark.parametrize("state", [DeviceState.REGISTERED, DeviceState.ACTIVE])
def test_a_device_may_report_before_it_is_activated(state: DeviceState) -> None:
    assert isinstance(find(uplink(), replace(LAMP, state=state)), ReportingDevice)


def test_the_parent_speaks_for_its_child() -> None:
    assert isinstance(find(uplink(speaker="GW-1")), ReportingDevice)


CABINET = Device("CAB-1", "cabinet", "cabinet", parent_id="GW-1")
GATEWAY = Device("GW-1", "gateway", "gateway")
UNDER_CABINET = replace(LAMP, parent_id="CAB-1")


def spoken_for(speaker: str, *devices: Device) -> ReportingDevice | Refused:
    lookup = lookup_of(*devices, Profile("streetlight", "streetlight"))
    return DeviceResolver(Topics(), lookup).resolve(uplink(speaker=speaker))


@pytest.mark.parametrize("speaker", ["CAB-1", "GW-1"])
def test_whoever_stands_on_the_parent_chain_speaks_for_a_device(speaker: str) -> None:
    assert isinstance(spoken_for(speaker, UNDER_CABINET, CABINET, GATEWAY), ReportingDevice)


NOT_ABOVE = {
    "a stranger": ("GW-2", CABINET, GATEWAY, replace(GATEWAY, device_id="GW-2")),
    "a sibling of the parent": ("CAB-2", CABINET, GATEWAY, replace(CABINET, device_id="CAB-2")),
    "a suspended gateway": ("GW-1", CABINET, replace(GATEWAY, state=DeviceState.SUSPENDED)),
    "a gateway above a retired cabinet": ("GW-1", replace(CABINET, state=DeviceState.RETIRED), GATEWAY),
    "a stranger to a circle": ("GW-2", CABINET, replace(GATEWAY, parent_id="CAB-1")),
}


@pytest.mark.parametrize(("speaker", "others"), [(s, o) for s, *o in NOT_ABOVE.values()], ids=NOT_ABOVE.keys())
def test_nobody_else_does(speaker: str, others: list[Device]) -> None:
    refused = spoken_for(speaker, UNDER_CABINET, *others)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNAUTHORISED
    assert f"{speaker} may not speak for SL-1" in refused.detail


def test_a_device_does_not_speak_for_its_parent() -> None:
    lookup = lookup_of(LAMP, GATEWAY, Profile("gateway", "gateway"))
    refused = DeviceResolver(Topics(), lookup).resolve(uplink("GW-1", speaker="SL-1"))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNAUTHORISED


def test_a_plan_is_kept_while_its_profile_stays_the_same_and_made_anew_when_it_changes() -> None:
    lookup = lookup_of(LAMP, Profile("streetlight", "streetlight"))
    senders = DeviceResolver(Topics(), lookup)
    first = senders.resolve(uplink())
    lookup.put(replace(LAMP, area="320582/111"), Profile("streetlight", "streetlight"))
    second = senders.resolve(uplink())
    lookup.put(Profile("streetlight", "streetlight", (FieldMapping("U", "voltage", "V"),)))
    third = senders.resolve(uplink())
    assert isinstance(first, ReportingDevice)
    assert isinstance(second, ReportingDevice)
    assert isinstance(third, ReportingDevice)
    assert (second.area, second.profile) == ("320582/111", first.profile)
    assert second.profile is first.profile
    assert "U" in third.profile.targets


def test_a_device_whose_profile_is_not_in_the_registry_speaks_canonical_quantities() -> None:
    sender = find(uplink(), replace(LAMP, profile="lost"))
    assert isinstance(sender, ReportingDevice)
    assert "voltage" in sender.profile.targets
