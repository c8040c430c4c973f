"""What meters count: burning hours and energy, as integrals of the plan with what faults took from them and added."""

from functools import lru_cache
from typing import Final, NamedTuple

from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS
from simulators.behaviour.driver import STANDBY_W, share_of_power, temperature_factor
from simulators.behaviour.mains import is_on_dark_feeder
from simulators.city.circuits import Circuit, Lantern
from simulators.city.lighting_plan import LightingPlan
from simulators.faults.cabinets import CABINET_OUTAGE, CIRCUIT_DAY_BURNER, CIRCUIT_UNLIT
from simulators.faults.fault import Fault
from simulators.faults.lamps import (
    DAY_BURNER,
    DIMMING_CHANGED,
    LAMP_BLINK,
    LAMP_DEAD,
    LAMP_FLICKERS,
    LAMP_TESTED,
    LOW_POWER,
    level_ordered,
    power_left,
    share_dark,
)
from simulators.weather.conditions import Conditions
from simulators.weather.sky import Night, Sky
from simulators.world.state import World

_MS_W_PER_KWH: Final = 1000.0 * HOUR_MS
_HOURS_A_YEAR: Final = 4_100.0
_MEAN_SHARE: Final = 0.85
_DARK: Final = frozenset((LAMP_DEAD, LAMP_BLINK, CABINET_OUTAGE, CIRCUIT_UNLIT))
_ON_ANYHOW: Final = frozenset((DAY_BURNER, CIRCUIT_DAY_BURNER, LAMP_TESTED))


class Burned(NamedTuple):
    """A lamp burned for `lit_ms`; `full_ms` at full power in air of 25 degrees would have taken as much energy."""

    lit_ms: float
    full_ms: float

    def and_more(self, other: "Burned", times: float = 1.0) -> "Burned":
        return Burned(self.lit_ms + times * other.lit_ms, self.full_ms + times * other.full_ms)


NOTHING: Final = Burned(0.0, 0.0)


def lamp_hours(lantern: Lantern, world: World, at_ms: int) -> float:
    """The hours a lamp has burned since it was put up; never falls. Before the world began by its age alone."""
    return _HOURS_A_YEAR * lantern.age_years + _burned(lantern, world, at_ms).lit_ms / HOUR_MS


def lamp_energy_kwh(lantern: Lantern, world: World, at_ms: int) -> float:
    """The energy a lamp has taken since it was put up; never falls. Before the world began by its age alone."""
    before_ms = _MEAN_SHARE * _HOURS_A_YEAR * lantern.age_years * HOUR_MS
    burned = _burned(lantern, world, at_ms)
    standby_ms = at_ms - world.start_ms - burned.lit_ms
    return (lantern.full_w * (before_ms + burned.full_ms) + STANDBY_W * standby_ms) / _MS_W_PER_KWH


def circuit_energy_kwh(circuit: Circuit, world: World, at_ms: int) -> float:
    """The energy that all lamps of a cabinet have taken."""
    return sum(lamp_energy_kwh(lantern, world, at_ms) for lantern in circuit.lanterns)


def _burned(lantern: Lantern, world: World, at_ms: int) -> Burned:
    """From the start of the world to an instant, with the faults of the lamp and of its cabinet."""
    table = _table(world.sky, world.conditions, lantern.plan, world.start_ms)
    burned = table.between(lantern.darker_deg, world.start_ms, at_ms)
    above = () if lantern.cabinet_id is None else world.faults.of(lantern.cabinet_id)
    for fault in (*world.faults.of(lantern.device_id), *above):
        until_ms = min(at_ms, fault.end_ms)
        if fault.start_ms < until_ms:
            planned = table.between(lantern.darker_deg, fault.start_ms, until_ms)
            burned = burned.and_more(_change(fault, lantern, world, planned, until_ms - fault.start_ms))
    return burned


def _change(fault: Fault, lantern: Lantern, world: World, planned: Burned, lasted_ms: int) -> Burned:
    """What a fault makes of what was planned for the time it has lasted."""
    if fault.kind in _DARK or is_on_dark_feeder(lantern, world, fault):
        return NOTHING.and_more(planned, -1)
    if fault.kind in _ON_ANYHOW:
        return Burned(lasted_ms - planned.lit_ms, lasted_ms - planned.lit_ms)
    if fault.kind == LAMP_FLICKERS:
        return NOTHING.and_more(planned, -share_dark(fault))
    if fault.kind == LOW_POWER:
        return Burned(0.0, (power_left(fault) - 1) * planned.full_ms)
    if fault.kind == DIMMING_CHANGED:
        return Burned(0.0, share_of_power(level_ordered(fault)) * planned.lit_ms - planned.full_ms)
    return NOTHING


class _Nights:
    """What a plan burns, night by night from the one that holds `start_ms`; it remembers whole nights."""

    def __init__(self, sky: Sky, conditions: Conditions, plan: LightingPlan, start_ms: int) -> None:
        self._sky, self._conditions, self._plan = sky, conditions, plan
        self._first_ms = start_ms
        self._before: list[tuple[Burned, Burned]] = [(NOTHING, NOTHING)]
        """Before each night: what all earlier ones burned, and how much of that goes with a degree of darkness."""

    def between(self, darker_deg: float, from_ms: int, until_ms: int) -> Burned:
        """What a lamp that switches so much darker than planned burns in [from_ms, until_ms), both after the start."""
        return self._until(darker_deg, until_ms).and_more(self._until(darker_deg, from_ms), -1)

    def _until(self, darker_deg: float, at_ms: int) -> Burned:
        night = self._sky.night(at_ms, self._plan.switch_at_deg)
        number = self._sky.night_number(at_ms) - self._sky.night_number(self._first_ms)
        while len(self._before) <= number:
            self._add_night(len(self._before) - 1)
        burned, per_deg = self._before[number]
        on_ms = night.from_ms + darker_deg * night.from_ms_per_deg
        off_ms = night.until_ms - darker_deg * night.until_ms_per_deg
        return burned.and_more(per_deg, -darker_deg).and_more(self._burn(on_ms, min(off_ms, at_ms)))

    def _add_night(self, number: int) -> None:
        night = self._sky.night(self._first_ms + number * DAY_MS, self._plan.switch_at_deg)
        burned, per_deg = self._before[number]
        self._before.append(
            (burned.and_more(self._burn(night.from_ms, night.until_ms)), per_deg.and_more(self._of_a_degree(night)))
        )

    def _of_a_degree(self, night: Night) -> Burned:
        dusk_ms, dawn_ms = night.from_ms_per_deg, night.until_ms_per_deg
        factor = temperature_factor(self._conditions, (night.from_ms + night.until_ms) // 2)
        evening, morning = (share_of_power(self._level(ms)) for ms in (night.from_ms, night.until_ms))
        return Burned(dusk_ms + dawn_ms, factor * (dusk_ms * evening + dawn_ms * morning))

    def _level(self, at_ms: int) -> float:
        return self._plan.level(self._sky.local_hour(at_ms))

    def _burn(self, on_ms: float, until_ms: float) -> Burned:
        """What is burned in one night that is lit from `on_ms`, step by step of the plan."""
        if until_ms <= on_ms:
            return NOTHING
        night = self._sky.night(int(on_ms), self._plan.switch_at_deg)
        factor = temperature_factor(self._conditions, (night.from_ms + night.until_ms) // 2)
        hour = self._sky.local_hour(int(on_ms)) + (on_ms % MINUTE_MS) / HOUR_MS
        steps = sorted(on_ms + (from_hour - hour) % 24 * HOUR_MS for from_hour, _ in self._plan.steps)
        full_ms, since_ms = 0.0, on_ms
        for step_ms in (*(ms for ms in steps if ms < until_ms), until_ms):
            full_ms += (step_ms - since_ms) * share_of_power(self._level(int((since_ms + step_ms) / 2)))
            since_ms = step_ms
        return Burned(until_ms - on_ms, factor * full_ms)


@lru_cache(maxsize=256)
def _table(sky: Sky, conditions: Conditions, plan: LightingPlan, start_ms: int) -> _Nights:
    return _Nights(sky, conditions, plan, start_ms)
