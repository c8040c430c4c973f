"""Which dialect a device speaks: by its attribute `dialect`, which stands in the registry like any other."""

from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from typing import Final

from domain.devices import Device
from simulators.dialects.chirpstack import ChirpStack
from simulators.dialects.hj212 import Hj212
from simulators.dialects.lorawan_air import dev_eui_of
from simulators.dialects.native import Native, NativeBatch
from simulators.dialects.port import CannotSay, Dialect, DialectName
from simulators.dialects.senml import SenmlCbor, SenmlJson
from simulators.dialects.sparkplug import split_path
from simulators.dialects.things_stack import ThingsStack

_BEIJING: Final = timezone(timedelta(hours=8))
_LONGEST_MN: Final = 24


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
        case DialectName.HJ212 if not device.mn or len(device.mn) > _LONGEST_MN:
            raise CannotSay(f"{device.device_id}: hj212 needs mn, up to {_LONGEST_MN} characters; it is {device.mn!r}")
        case DialectName.SPARKPLUG:
            split_path(device)
        case DialectName.NATIVE_BATCH if not device.parent_id:
            raise CannotSay(f"{device.device_id}: native-batch needs parent_id, the gateway that speaks for it")
        case _:
            pass
    return name


def dialects(seed: int, zone: tzinfo = _BEIJING) -> Mapping[DialectName, Dialect]:
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
