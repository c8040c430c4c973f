"""What is true of a city at any instant, whoever looks: sun, faults, and what they do."""

from dataclasses import dataclass
from functools import cached_property

from domain.devices import Device
from simulators.city import City
from simulators.city.circuits import Circuits, circuits_of
from simulators.drainage import Drainage, DrainNet, lay_drains
from simulators.drainage.manhole_positions import NO_POSITION, ManholePosition, position_of
from simulators.faults.book import FaultBook
from simulators.faults.catalogue import FAULTS
from simulators.faults.fault import Fault
from simulators.faults.plan import NORMAL, FaultPlan
from simulators.faults.water import BlockedPipes
from simulators.noise.seeded import key_of
from simulators.weather import DRY, Weather, WeatherPlan
from simulators.weather.conditions import Conditions
from simulators.weather.sky import Sky


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
    weather_plan: WeatherPlan = DRY

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
        return Conditions(self.weather)

    @cached_property
    def weather(self) -> Weather:
        return Weather(self.city.seed, self.start_ms, self.weather_plan, self.city.place)

    @cached_property
    def drains(self) -> DrainNet:
        return lay_drains(self.city.seed, self.city.plan)

    @cached_property
    def drainage(self) -> Drainage:
        """The water in the drains, with the blocked pipes of the book."""
        return Drainage(
            self.drains,
            self.weather,
            self.start_ms,
            self.city.place.timezone,
            BlockedPipes(self.faults, self.manhole_position),
        )

    @cached_property
    def _manhole_positions(self) -> dict[str, ManholePosition]:
        return {d.device_id: position_of(d, self.drains) for d in self.city.devices if "manhole" in d.attributes}

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

    def manhole_position(self, device_id: str) -> ManholePosition:
        """The manholes that the device looks into."""
        return self._manhole_positions.get(device_id, NO_POSITION)

    def children(self, device_id: str) -> tuple[str, ...]:
        """The devices whose parent it is, in the city's order."""
        return self._children.get(device_id, ())

    def fault(self, device_id: str | None, kind: str, at_ms: int) -> Fault | None:
        """The fault of that kind that a device has at an instant, if any."""
        found = None if device_id is None else self.faults.on(device_id, at_ms)
        return found if found is not None and found.kind == kind else None

    def grow_until(self, until_ms: int) -> None:
        """Let everything up to `until_ms` be known, and the faults that bear on the water of that time."""
        self.faults.draw_until(self.drainage.known_to_ms(until_ms))
