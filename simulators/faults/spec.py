"""What a kind of fault is: whom it can befall, for how long, and what should be said about it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.devices import Device
from simulators.city import City
from simulators.faults.fault import Fault
from simulators.sky import Sky
from simulators.truth import Label, label_id

if TYPE_CHECKING:
    from simulators.world import World


class Layer(StrEnum):
    """Where a fault sits: in the city itself, in the sensor that looks at it, or on the way to the broker."""

    CITY = "city"
    SENSOR = "sensor"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """One kind of fault.

    `lasts_ms` bounds its length, drawn evenly. `fits` says whether a drawn fault can be where it fell (a lamp dies at
    night only if it should be lit). `claims` are the devices that it touches beside its own, on which no other fault may
    be at that time. `label` is the truth about it.
    """

    kind: str
    layer: Layer
    lasts_ms: tuple[int, int]
    able: Callable[[Device], bool]
    label: "Callable[[Fault, World], Label]"
    fits: Callable[[Fault, Sky], bool] = lambda fault, sky: True
    claims: Callable[[Fault, City], tuple[str, ...]] = lambda fault, city: ()
    alarms: bool = False


def asks_for(
    fault: Fault,
    *problems: str,
    within_ms: int,
    subjects: tuple[str, ...] = (),
    explains: tuple[str, ...] = (),
    affected: tuple[str, ...] = (),
    hard: str = "",
) -> Label:
    """The label of a fault that one of `problems` should be raised for within `within_ms` of its start.

    `subjects` may carry the event, by default the device itself. `explains` may follow on `affected`, by default on the
    device.
    """
    return Label(
        label=label_id(fault.kind, fault.device_id, fault.start_ms),
        kind=fault.kind,
        place=fault.device_id,
        start_ms=fault.start_ms,
        end_ms=fault.end_ms,
        expects=problems,
        subjects=subjects or (fault.device_id,),
        by_ms=fault.start_ms + within_ms,
        explains=explains,
        affected=affected or ((fault.device_id,) if explains else ()),
        hard=hard,
        size=fault.size,
    )


def asks_for_nothing(fault: Fault, *, explains: tuple[str, ...] = (), affected: tuple[str, ...] = ()) -> Label:
    """The label of something that only looks like a fault, or that the platform must bear without a word."""
    return Label(
        label=label_id(fault.kind, fault.device_id, fault.start_ms),
        kind=fault.kind,
        place=fault.device_id,
        start_ms=fault.start_ms,
        end_ms=fault.end_ms,
        explains=explains,
        affected=affected or ((fault.device_id,) if explains else ()),
        size=fault.size,
    )
