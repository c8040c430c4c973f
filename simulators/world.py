"""What is true of a city at any instant, whoever looks: sun, faults, and what they do."""

from dataclasses import dataclass
from functools import cached_property

from domain.devices import Device
from simulators.circuits import Circuits, circuits_of
from simulators.city import City
from simulators.conditions import Conditions
from simulators.faults.book import FaultBook
from simulators.faults.catalogue import FAULTS
from simulators.faults.fault import Fault
from simulators.faults.plan import NORMAL, FaultPlan
from simulators.noise import key_of
from simulators.sky import Sky
from simulators.truth import Label
from simulators.weather import Weather


@dataclass(frozen=True)
class World:
    """A city from `start_ms` on, in true time. What is asked of an instant must be known: `grow_until` first.

    `given` faults happen besides those of the plan. The answers do not depend on the order of asking, and never change: the
    same arguments give the same world.
    """

    city: City
    start_ms: int
    plan: FaultPlan = NORMAL
    given: tuple[Fault, ...] = ()

    @cached_property
    def sky(self) -> Sky:
        return Sky(self.city.place)

    @cached_property
    def circuits(self) -> Circuits:
        return circuits_of(self.city)

    @cached_property
    def faults(self) -> FaultBook:
        return FaultBook(self.city, self.sky, self.start_ms, self.plan, tuple(FAULTS.values()), self.given)

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions(Weather(self.city.seed, self.start_ms, place=self.city.place))

    @cached_property
    def _devices(self) -> dict[str, Device]:
        return {device.device_id: device for device in self.city.devices}

    @cached_property
    def _keys(self) -> dict[str, int]:
        return {device.device_id: key_of(self.city.seed, device.device_id) for device in self.city.devices}

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for device in self.city.devices:
            if device.parent_id is not None:
                found.setdefault(device.parent_id, []).append(device.device_id)
        return {parent: tuple(children) for parent, children in found.items()}

    def device(self, device_id: str) -> Device:
        return self._devices[device_id]

    def key(self, device_id: str) -> int:
        """The device's own key from the city's seed: its noise."""
        return self._keys[device_id]

    def children(self, device_id: str) -> tuple[str, ...]:
        """The devices whose parent it is, in the city's order."""
        return self._children.get(device_id, ())

    def fault(self, device_id: str | None, kind: str, at_ms: int) -> Fault | None:
        """The fault of that kind that a device has at an instant, if any."""
        found = None if device_id is None else self.faults.on(device_id, at_ms)
        return found if found is not None and found.kind == kind else None

    def grow_until(self, until_ms: int) -> None:
        """Let everything up to `until_ms` be known."""
        self.faults.draw_until(until_ms)

    def labels(self, until_ms: int) -> tuple[Label, ...]:
        """The truth: a label for every fault that starts before `until_ms`, by start."""
        self.grow_until(until_ms)
        return tuple(FAULTS[fault.kind].label(fault, self) for fault in self.faults.all if fault.start_ms < until_ms)
