"""Which dialect a device reports in: by its attribute `dialect`, which stands in the registry like any other.

A further dialect is a name, a speaker in SPEAKERS, and a folder beside this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum
from typing import Any, Final

from domain.devices import AttributeValue, Device
from simulators.dialects.hj212.frames import BEIJING, SURFACE_WATER, Hj212, mn_of
from simulators.dialects.lorawan.chirpstack import ChirpStack
from simulators.dialects.lorawan.network import dev_eui_of
from simulators.dialects.lorawan.things_stack import ThingsStack
from simulators.dialects.native import Native, NativeBatch, gateway_of
from simulators.dialects.ports import CannotSay, Dialect
from simulators.dialects.senml.packs import SenmlCbor, SenmlJson
from simulators.dialects.sparkplug.edge_node import EdgeNode, split_path

__all__ = [
    "DialectName", "EdgeNode", "Siting", "Speaker", "dialect_of", "dialects", "identity_of", "keeps_session", "split_path",
    "station_attributes", "those",
]  # fmt: skip


class DialectName(StrEnum):
    """The dialects that simulated devices report in: the values of a device's attribute `dialect`."""

    NATIVE = "native"
    NATIVE_BATCH = "native-batch"
    SENML_JSON = "senml-json"
    SENML_CBOR = "senml-cbor"
    CHIRPSTACK = "chirpstack"
    THINGS_STACK = "things-stack"
    SPARKPLUG = "sparkplug"
    HJ212 = "hj212"


class Siting(StrEnum):
    """Where in a city devices with the dialect stand."""

    ANYWHERE = "anywhere"
    BEHIND_GATEWAYS = "behind gateways"
    LORAWAN = "lorawan"
    STATIONS = "water quality stations"


@dataclass(frozen=True, slots=True)
class Speaker:
    """What it takes to simulate a dialect.

    `check` raises CannotSay where a device lacks what it is known by. `encoder` makes a dialect without a memory of the
    seed and the zone, None where edge nodes keep a session. `attributes` are those that a city gives its devices.
    """

    siting: Siting
    check: Callable[[Device], object] = lambda device: None
    encoder: Callable[[int, tzinfo], Dialect] | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


_SPEAKERS: Final[Mapping[DialectName, Speaker]] = {
    DialectName.NATIVE: Speaker(Siting.ANYWHERE, encoder=lambda seed, zone: Native()),
    DialectName.NATIVE_BATCH: Speaker(Siting.BEHIND_GATEWAYS, gateway_of, lambda seed, zone: NativeBatch()),
    DialectName.SENML_JSON: Speaker(Siting.ANYWHERE, encoder=lambda seed, zone: SenmlJson()),
    DialectName.SENML_CBOR: Speaker(Siting.ANYWHERE, encoder=lambda seed, zone: SenmlCbor()),
    DialectName.CHIRPSTACK: Speaker(
        Siting.LORAWAN, lambda device: dev_eui_of(device, DialectName.CHIRPSTACK), lambda seed, zone: ChirpStack(seed)
    ),
    DialectName.THINGS_STACK: Speaker(
        Siting.LORAWAN,
        lambda device: dev_eui_of(device, DialectName.THINGS_STACK),
        lambda seed, zone: ThingsStack(seed),
    ),
    DialectName.SPARKPLUG: Speaker(Siting.BEHIND_GATEWAYS, split_path),
    DialectName.HJ212: Speaker(Siting.STATIONS, mn_of, lambda seed, zone: Hj212(zone), {"hj212_st": SURFACE_WATER}),
}


def dialect_of(device: Device) -> DialectName:
    """The dialect of the device's attribute `dialect`; native where it has none.

    Raises: CannotSay where there is no such dialect, or the device lacks what it is known by in it.
    """
    given = device.attributes.get("dialect", DialectName.NATIVE)
    try:
        name = DialectName(str(given))
    except ValueError:
        known = ", ".join(DialectName)
        raise CannotSay(f"{device.device_id}: there is no dialect {given!r}; there are {known}") from None
    _SPEAKERS[name].check(device)
    return name


def dialects(seed: int, zone: tzinfo = BEIJING) -> Mapping[DialectName, Dialect]:
    """An encoder of every dialect without a memory; devices of the others report through `EdgeNode`.

    `seed` gives the identifiers that LoRaWAN servers make up, `zone` the times of dialects without an offset.
    """
    return {name: one.encoder(seed, zone) for name, one in _SPEAKERS.items() if one.encoder is not None}


def those(siting: Siting) -> tuple[DialectName, ...]:
    """The dialects so sited, in the order of their names' declaration."""
    return tuple(name for name in DialectName if _SPEAKERS[name].siting is siting)


def keeps_session(name: DialectName) -> bool:
    """Whether the dialect has a memory: its devices report through an `EdgeNode`."""
    return _SPEAKERS[name].encoder is None


def station_attributes() -> dict[str, AttributeValue]:
    """What every water quality station has registered, whatever dialect it reports in."""
    return {name: value for one in those(Siting.STATIONS) for name, value in _SPEAKERS[one].attributes.items()}


def identity_of(name: DialectName, *path: str) -> dict[str, Any]:
    """The field of `Device` by which the dialect knows a device whose names from network to device are `path`."""
    match name:
        case DialectName.SPARKPLUG:
            return {"sparkplug": "/".join(path)}
        case DialectName.HJ212:
            return {"mn": path[-1]}
    return {}
