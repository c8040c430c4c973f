"""Faults that happen in a city, drawn from its seed, each a labelled record of what truly went wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.devices import Device
from simulators.city import City
from simulators.noise import key_of, mixed, uniform
from simulators.sky import Sky


class FaultKind(StrEnum):
    """What can go wrong so far; the value is also the name of the problem that a rule should raise."""

    LAMP_OUT = "lamp-out"
    COVER_OPEN = "cover-open"
    COVER_TILTED = "cover-tilted"
    WELL_HIGH = "well-high"
    PONDING = "ponding"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Fault:
    """The truth about one device: what is wrong with it in [start_ms, end_ms), and which problem should be raised.

    `size` in [0, 1) says how bad it is; the behaviour of the kind makes degrees, metres or centimetres of it.
    """

    device_id: str
    kind: FaultKind
    start_ms: int
    end_ms: int
    problem: str
    size: float

    def is_on(self, at_ms: int) -> bool:
        return self.start_ms <= at_ms < self.end_ms

    def progress(self, at_ms: int) -> float:
        """How far through the fault `at_ms` is, 0 at its start and 1 at its end."""
        return (at_ms - self.start_ms) / (self.end_ms - self.start_ms)


_STARTS_WITHIN: Final = (0.05, 0.45)
_LASTS: Final = (0.25, 0.5)


def draw_faults(city: City, sky: Sky, from_ms: int, to_ms: int, share: float) -> tuple[Fault, ...]:
    """The faults of one stretch of time, by start: each kind hits `share` of the devices it can hit, at least one.

    A device has at most one fault in the stretch. All start in its first half and end before it does. A lamp is only
    said to be out when it should be lit from start to end: by day nobody could tell.
    """
    taken: set[str] = set()
    faults: list[Fault] = []
    for kind in FaultKind if share > 0 else ():
        key = key_of(city.seed, "fault", kind.value, str(from_ms))
        able = _shuffled((device for device in city.devices if _can_have(device, kind)), key)
        wanted = max(1, round(share * len(able)))
        for fault in _drawn(kind, key, able, from_ms, to_ms):
            if wanted == 0:
                break
            if fault.device_id in taken or (kind is FaultKind.LAMP_OUT and not _in_one_night(sky, fault)):
                continue
            taken.add(fault.device_id)
            faults.append(fault)
            wanted -= 1
    return tuple(sorted(faults, key=lambda fault: (fault.start_ms, fault.device_id)))


def _drawn(kind: FaultKind, key: int, able: list[Device], from_ms: int, to_ms: int) -> Iterator[Fault]:
    span_ms = to_ms - from_ms
    for number, device in enumerate(able):
        start_ms = from_ms + int(span_ms * uniform(key, number, 0, low=_STARTS_WITHIN[0], high=_STARTS_WITHIN[1]))
        end_ms = start_ms + int(span_ms * uniform(key, number, 1, low=_LASTS[0], high=_LASTS[1]))
        yield Fault(device.device_id, kind, start_ms, end_ms, kind.value, uniform(key, number, 2))


def _shuffled(devices: Iterable[Device], key: int) -> list[Device]:
    return sorted(devices, key=lambda device: mixed(key, key_of(0, device.device_id)))


def _in_one_night(sky: Sky, fault: Fault) -> bool:
    middle_ms = (fault.start_ms + fault.end_ms) // 2
    return all(sky.is_night(at_ms) for at_ms in (fault.start_ms, middle_ms, fault.end_ms))


def _can_have(device: Device, kind: FaultKind) -> bool:
    match kind:
        case FaultKind.LAMP_OUT:
            return device.kind == "streetlight"
        case FaultKind.COVER_OPEN | FaultKind.COVER_TILTED:
            return device.kind == "manhole_cover"
        case FaultKind.WELL_HIGH:
            return device.attributes.get("cover_class") in ("sewage", "storm")
        case FaultKind.PONDING:
            return device.kind == "water_monitor"
        case FaultKind.OFFLINE:
            return device.kind != "cabinet"
