"""Which lamps hang on which cabinet and feeder, and what is fixed about each of them.

cabinet ──┬── feeder F1 ──○──○──○──○      lamps take the three phases by turns; the cable is chosen so that the
          └── feeder F2 ──○──○──○──○      last lamp loses no more than 3 % of the mains at full load
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from domain.devices import Device
from domain.time.units import DAY_MS, MINUTE_MS
from simulators.city.lighting_plan import LightingPlan, plan_of
from simulators.city.model import City
from simulators.noise.seeded import key_of, uniform
from simulators.weather.sky import Sky

MAINS_V: Final = 228.0
"""At a busbar, most of the day. Nominal is 220 V; supplies run a little high."""

YEAR_MS: Final = 365.25 * DAY_MS
AGED_FROM_MS: Final = 1_767_225_600_000
"""2026-01-01T00:00:00Z: power and age are given for this instant, and change linearly."""

_COPPER_OHM_PER_KM: Final = (1.15, 0.727, 0.524, 0.387, 0.268, 0.193)
"""16 to 95 mm². Source: IEC 60228, class 2, at 20 degrees."""

_LARGEST_DROP_V: Final = 0.03 * 220
_METRES_PER_DEGREE: Final = 111_320.0
_FULL_POWER_FACTOR: Final = 0.98


@dataclass(frozen=True, slots=True)
class Lantern:
    """What is fixed about one lamp.

    Units: `full_w` is its draw at 100 % and 25 degrees at `AGED_FROM_MS`, `per_year_w` what age adds or takes;
    `darker_deg` how much lower than planned the sun stands when its photocell switches; `delay_ms` how late it follows a
    step of its plan; `busbar_v` the voltage of its cabinet by day, `drop_v` what the feeder loses up to it at full load.
    """

    device_id: str
    cabinet_id: str | None
    feeder: str
    key: int
    plan: LightingPlan
    full_w: float
    per_year_w: float
    age_years: float
    darker_deg: float
    delay_ms: int
    busbar_v: float
    drop_v: float
    has_counters: bool

    def burning_hours(self, sky: Sky, at_ms: int) -> tuple[float, float]:
        """The span [from, until), epoch ms, in which it should burn, of the night that holds `at_ms`; may be empty."""
        night = sky.night(at_ms, self.plan.switch_at_deg)
        return (
            night.from_ms + self.darker_deg * night.from_ms_per_deg,
            night.until_ms - self.darker_deg * night.until_ms_per_deg,
        )

    def spans_lit(self, sky: Sky, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """The spans of [from_ms, until_ms) in which it should burn, by time; none is empty."""
        found = []
        for day in range((until_ms - from_ms) // DAY_MS + 2):
            on_ms, off_ms = self.burning_hours(sky, from_ms + day * DAY_MS)
            span = (max(from_ms, math.ceil(on_ms)), min(until_ms, math.ceil(off_ms)))
            if span[0] < span[1]:
                found.append(span)
        return found


@dataclass(frozen=True, slots=True)
class LampGroup:
    """The lamps of a cabinet that follow one plan, and their sums."""

    plan: LightingPlan
    lanterns: tuple[Lantern, ...]
    full_w: float
    per_year_w: float
    darkest_deg: float
    lightest_deg: float


@dataclass(frozen=True, slots=True)
class Circuit:
    """What a cabinet feeds. Order: `feeders` by name, the lanterns of each by distance."""

    cabinet_id: str
    busbar_v: float
    feeders: tuple[str, ...]
    lanterns: tuple[Lantern, ...]
    groups: tuple[LampGroup, ...]

    def on_feeder(self, feeder: str) -> tuple[str, ...]:
        """The lamps of a feeder, the nearest first."""
        return tuple(lantern.device_id for lantern in self.lanterns if lantern.feeder == feeder)

    def lamps(self) -> tuple[str, ...]:
        return tuple(lantern.device_id for lantern in self.lanterns)


@dataclass(frozen=True, slots=True)
class Circuits:
    """All lamps and cabinets of a city. A lamp without a cabinet stands alone on the mains."""

    lanterns: dict[str, Lantern]
    cabinets: dict[str, Circuit]


def circuits_of(city: City) -> Circuits:
    """The circuits of a city, worked out once for it."""
    return _worked_out(_Same(city))


class _Same:
    """A city as a key: itself, whatever it holds."""

    __slots__ = ("city",)

    def __init__(self, city: City) -> None:
        self.city = city

    def __hash__(self) -> int:
        return id(self.city)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.city is self.city


@lru_cache(maxsize=4)
def _worked_out(key: _Same) -> Circuits:
    city = key.city
    fed: dict[str | None, dict[str, list[Device]]] = {
        device.device_id: {} for device in city.devices if device.kind == "cabinet"
    }
    by_id = {device.device_id: device for device in city.devices if device.kind == "cabinet"}
    for device in city.devices:
        if device.kind == "streetlight":
            cabinet_id = device.parent_id if device.parent_id in by_id else None
            feeder = str(device.attributes.get("feeder", "F1"))
            fed.setdefault(cabinet_id, {}).setdefault(feeder, []).append(device)
    lanterns: dict[str, Lantern] = {}
    cabinets: dict[str, Circuit] = {}
    for cabinet_id, feeders in fed.items():
        cabinet = None if cabinet_id is None else by_id[cabinet_id]
        found = [
            lantern for feeder in sorted(feeders) for lantern in _feeder(city.seed, cabinet, feeder, feeders[feeder])
        ]
        lanterns.update((lantern.device_id, lantern) for lantern in found)
        if cabinet_id is not None:
            cabinets[cabinet_id] = Circuit(
                cabinet_id, _busbar_v(city.seed, cabinet_id), tuple(sorted(feeders)), tuple(found), _groups(found)
            )
    return Circuits(lanterns, cabinets)


def _feeder(seed: int, cabinet: Device | None, feeder: str, lamps: list[Device]) -> Iterable[Lantern]:
    if cabinet is None:
        return [_lantern(seed, None, feeder, lamp, 0.0) for lamp in lamps]
    away = sorted(((_metres(cabinet, lamp), number) for number, lamp in enumerate(lamps)))
    ordered = [lamps[number] for _, number in away]
    drops_v = _drops_v([metres for metres, _ in away], [float(lamp.attributes["nominal_power"]) for lamp in ordered])
    return [
        _lantern(seed, cabinet.device_id, feeder, lamp, drop_v) for lamp, drop_v in zip(ordered, drops_v, strict=True)
    ]


def _drops_v(metres: Sequence[float], powers_w: Sequence[float]) -> list[float]:
    """What the mains loses up to each lamp, all at full power: in each span the current of a third of the load beyond."""
    beyond_w, loads_w = 0.0, []
    for power_w in reversed(powers_w):
        beyond_w += power_w
        loads_w.append(beyond_w)
    amperes = [load_w / 3 / (MAINS_V * _FULL_POWER_FACTOR) for load_w in reversed(loads_w)]
    spans_km = [(there - here) / 1000 for here, there in pairwise((0.0, *metres))]
    for ohm_per_km in _COPPER_OHM_PER_KM:
        drop_v, drops_v = 0.0, []
        for span_km, ampere in zip(spans_km, amperes, strict=True):
            drop_v += span_km * ohm_per_km * ampere
            drops_v.append(drop_v)
        if drop_v <= _LARGEST_DROP_V:
            break
    return drops_v


def _lantern(seed: int, cabinet_id: str | None, feeder: str, lamp: Device, drop_v: float) -> Lantern:
    key = key_of(seed, lamp.device_id)
    age_years = 2026 - float(lamp.attributes.get("installed_year", 2018)) + uniform(key, 11)
    as_built_w = float(lamp.attributes["nominal_power"]) * uniform(key, 12, low=0.985, high=1.015)
    per_year_w = as_built_w * uniform(key, 13, low=-0.003, high=0.002)
    return Lantern(
        device_id=lamp.device_id,
        cabinet_id=cabinet_id,
        feeder=feeder,
        key=key,
        plan=plan_of(lamp.attributes),
        full_w=as_built_w + per_year_w * age_years,
        per_year_w=per_year_w,
        age_years=age_years,
        darker_deg=uniform(key, 14, low=-0.35, high=0.35),
        delay_ms=int(uniform(key, 1) * MINUTE_MS),
        busbar_v=_busbar_v(seed, cabinet_id or lamp.device_id),
        drop_v=drop_v,
        has_counters=bool(lamp.attributes.get("counters", False)),
    )


def _groups(lanterns: list[Lantern]) -> tuple[LampGroup, ...]:
    by_plan: dict[LightingPlan, list[Lantern]] = {}
    for lantern in lanterns:
        by_plan.setdefault(lantern.plan, []).append(lantern)
    return tuple(
        LampGroup(
            plan,
            tuple(members),
            sum(lantern.full_w for lantern in members),
            sum(lantern.per_year_w for lantern in members),
            max(lantern.darker_deg for lantern in members),
            min(lantern.darker_deg for lantern in members),
        )
        for plan, members in by_plan.items()
    )


def _busbar_v(seed: int, device_id: str) -> float:
    return MAINS_V + uniform(key_of(seed, device_id), 4, low=-2.5, high=2.5)


def _metres(a: Device, b: Device) -> float:
    if a.lon is None or a.lat is None or b.lon is None or b.lat is None:
        return 0.0
    east = (b.lon - a.lon) * math.cos(math.radians(a.lat))
    return math.hypot(east, b.lat - a.lat) * _METRES_PER_DEGREE
