"""What a kind of fault is: whom it can befall, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from domain.devices import Device
from simulators.city import City
from simulators.faults.fault import Fault
from simulators.weather.sky import Sky


class Layer(StrEnum):
    """Where a fault sits: in the city itself, in the sensor that looks at it, or on the way to the broker."""

    CITY = "city"
    SENSOR = "sensor"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """One kind of fault.

    `lasts_ms` bounds its length, drawn evenly. `fits` is whether a drawn fault can be where it fell (a lamp dies at
    night only if it should be lit). `claims` are the devices that it touches beside its own, on which no other fault may
    be at that time.
    """

    kind: str
    layer: Layer
    lasts_ms: tuple[int, int]
    able: Callable[[Device], bool]
    fits: Callable[[Fault, Sky], bool] = lambda fault, sky: True
    claims: Callable[[Fault, City], tuple[str, ...]] = lambda fault, city: ()
    alarms: bool = False
