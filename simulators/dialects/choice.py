"""Which dialect a device speaks: by its attribute `dialect`, which stands in the registry like any other."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import assert_never

from domain.devices import Device
from simulators.dialects.hj212.frames import BEIJING, Hj212, mn_of
from simulators.dialects.lorawan.chirpstack import ChirpStack
from simulators.dialects.lorawan.network import dev_eui_of
from simulators.dialects.lorawan.things_stack import ThingsStack
from simulators.dialects.native import Native, NativeBatch, gateway_of
from simulators.dialects.ports import CannotSay, Dialect, DialectName
from simulators.dialects.senml.packs import SenmlCbor, SenmlJson
from simulators.dialects.sparkplug.edge_node import split_path


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
    match name:
        case DialectName.CHIRPSTACK | DialectName.THINGS_STACK:
            dev_eui_of(device, name)
        case DialectName.HJ212:
            mn_of(device)
        case DialectName.SPARKPLUG:
            split_path(device)
        case DialectName.NATIVE_BATCH:
            gateway_of(device)
        case DialectName.NATIVE | DialectName.SENML_JSON | DialectName.SENML_CBOR:
            pass
        case _:
            assert_never(name)
    return name


def dialects(seed: int, zone: tzinfo = BEIJING) -> Mapping[DialectName, Dialect]:
    """A speaker of every dialect without a memory: all but Sparkplug, whose edge nodes are `edge_nodes`.

    `seed` gives the identifiers that LoRaWAN servers make up, `zone` the times of HJ 212.
    """
    return {
        DialectName.NATIVE: Native(),
        DialectName.NATIVE_BATCH: NativeBatch(),
        DialectName.SENML_JSON: SenmlJson(),
        DialectName.SENML_CBOR: SenmlCbor(),
        DialectName.CHIRPSTACK: ChirpStack(seed),
        DialectName.THINGS_STACK: ThingsStack(seed),
        DialectName.HJ212: Hj212(zone),
    }
