"""Lamps along the streets, cut into runs of one cabinet each, and gateways for the runs that send through one.

poles:     | . . . . . . . . | . . . . . . . . | . . . . . .    in the order of the streets
cabinets:  |        C1       |        C2       |     C3          each with its feeders, in equal parts
gateways:  |                 G1                |     none        so many cabinets each
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from domain.devices import AttributeValue, Device
from simulators.city.blueprint import BEHIND_GATEWAYS, Blueprint
from simulators.city.lighting_plan import NORMAL_PLAN, plan_of
from simulators.city.placement import Placement
from simulators.city.shares import dealt
from simulators.dialects import DialectName, identity_of, keeps_session
from simulators.ground.streets import Grade, GroundPlan, Spot, Street, along
from simulators.noise.seeded import key_of, mixed, uniform

_ASIDE_M: Final = {Grade.AVENUE: 9.0, Grade.STREET: 7.0, Grade.LANE: 5.0}
_LAMP, _CABINET, _GATEWAY = "0118", "0116", "0115"
"""Component classes: street lamp, power installation, telecom cabinet (standards section 1)."""
_FIRST_YEAR: Final = 2014


class Pole(NamedTuple):
    street: Street
    number: int
    spot: Spot


@dataclass(frozen=True, slots=True)
class CircuitPlan:
    """How many lamps and cabinets there are, and which dialect each cabinet's lamps send."""

    lamps: int
    dialects: tuple[DialectName, ...]
    gateways: tuple[int | None, ...]
    """By cabinet: the number of its gateway."""

    @property
    def cabinets(self) -> int:
        return len(self.dialects)

    @property
    def gateway_count(self) -> int:
        return len({number for number in self.gateways if number is not None})

    def run_of(self, cabinet: int) -> tuple[int, int]:
        """The lamps [first, end) that a cabinet feeds, numbered along the streets."""
        return -(-cabinet * self.lamps // self.cabinets), -(-(cabinet + 1) * self.lamps // self.cabinets)

    def cabinets_of(self, gateway: int) -> list[int]:
        return [cabinet for cabinet, number in enumerate(self.gateways) if number == gateway]


def plan_circuits(blueprint: Blueprint, devices: int) -> CircuitPlan:
    """What `devices` devices of lighting are: at least a lamp and a cabinet, and gateways where enough is left."""
    part, each = blueprint.lamps, blueprint.gateways.cabinets_each
    behind = sum(share for dialect, share in part.dialects.items() if dialect in BEHIND_GATEWAYS)
    gateways_per_cabinet = behind / sum(part.dialects.values()) / each
    cabinets = max(1, round(devices / (part.per_cabinet + 1 + gateways_per_cabinet)))
    clusters = -(-cabinets // each)
    dialects_dealt = dealt(part.dialects, clusters)
    gateways = sum(dialect in BEHIND_GATEWAYS for dialect in dialects_dealt)
    if devices - cabinets - gateways < 1:
        dialects_dealt, gateways = [DialectName.NATIVE] * clusters, 0
    numbers, given = [], 0
    for dialect in dialects_dealt:
        numbers.append(given if dialect in BEHIND_GATEWAYS else None)
        given += dialect in BEHIND_GATEWAYS
    return CircuitPlan(
        devices - cabinets - gateways,
        tuple(dialects_dealt[cabinet // each] for cabinet in range(cabinets)),
        tuple(numbers[cabinet // each] for cabinet in range(cabinets)),
    )


def poles_of(plan: GroundPlan, spacing_m: float) -> list[Pole]:
    """Every place for a lamp, street by street."""
    return [
        Pole(street, number, spot)
        for street in plan.streets
        for number, spot in enumerate(along(street, spacing_m, _ASIDE_M[street.grade]), start=1)
    ]


def lit(seed: int, poles: Sequence[Pole], lamps: int) -> list[Pole]:
    """`lamps` of the poles: some lanes stay dark as a whole, and the last street to its end."""
    by_street: dict[str, list[Pole]] = {}
    for pole in poles:
        by_street.setdefault(pole.street.name, []).append(pole)
    lanes = sorted(
        (name for name, own in by_street.items() if own[0].street.grade is Grade.LANE),
        key=lambda name: mixed(key_of(seed, "dark", name)),
    )
    spare, dark = len(poles) - lamps, set[str]()
    for name in lanes:
        if len(by_street[name]) <= spare:
            spare -= len(by_street[name])
            dark.add(name)
    return [pole for pole in poles if pole.street.name not in dark][:lamps]


class Lighting:
    """The lamps, cabinets and lighting gateways of a city, on as many `poles` as there are lamps."""

    def __init__(
        self, seed: int, blueprint: Blueprint, ground: Placement, poles: Sequence[Pole], circuits: CircuitPlan
    ):
        self._blueprint, self._part, self._ground = blueprint, blueprint.lamps, ground
        self._seed, self._poles, self._circuits = seed, poles, circuits
        self._division = blueprint.place.division
        plan = plan_of({"dimming_plan": self._part.dimming, "switch_at_deg": self._part.switch_at_deg})
        self._plan: dict[str, AttributeValue] = (
            {} if plan == NORMAL_PLAN else {"dimming_plan": self._part.dimming, "switch_at_deg": plan.switch_at_deg}
        )

    def devices(self) -> Iterator[Device]:
        """Gateways, then cabinets, then lamps."""
        lamps = [lamp for cabinet in range(self._circuits.cabinets) for lamp in self._lamps(cabinet)]
        for gateway in range(self._circuits.gateway_count):
            yield self._gateway(gateway)
        for cabinet in range(self._circuits.cabinets):
            yield self._cabinet(cabinet, lamps)
        yield from lamps

    def _lamps(self, cabinet: int) -> Iterator[Device]:
        first, end = self._circuits.run_of(cabinet)
        feeders, key = self._part.feeders, key_of(self._seed, "cabinet", str(cabinet))
        installed = _FIRST_YEAR + mixed(key, 1) % 11
        settings = self._settings(cabinet)
        for number in range(first, end):
            street, pole, spot = self._poles[number]
            at = self._ground.stand(*spot)
            grade = self._part.grades[street.grade]
            device_id = f"SL-{self._division}-{number + 1:06d}"
            attributes: dict[str, AttributeValue] = {
                "nominal_power": grade.watts[mixed(key_of(self._seed, street.name)) % len(grade.watts)],
                "lantern_height_m": grade.height_m,
                "feeder": f"F{1 + (number - first) * feeders // (end - first)}",
                "phase": "ABC"[number % 3],
                "pole_number": float(pole),
                "street": street.name_zh if self._blueprint.place.language == "zh" else street.name,
                "street_class": street.grade.value,
                "installed_year": float(installed),
            }
            yield Device(
                device_id=device_id,
                kind="streetlight",
                profile="streetlight",
                name=f"{street.name} lamp {pole}",
                area=at.area,
                lon=at.lon,
                lat=at.lat,
                parent_id=self._cabinet_id(cabinet),
                component_code=f"{self._division}{_LAMP}{number + 1:06d}",
                department="lighting",
                report_interval_s=self._part.every_s,
                attributes=attributes | settings,
                grid=at.grid,
                **self._identity(cabinet, device_id),
            )

    def _cabinet(self, cabinet: int, lamps: Sequence[Device]) -> Device:
        first, end = self._circuits.run_of(cabinet)
        middle = (first + end) // 2
        spot = self._poles[middle].spot
        at = self._ground.stand(spot.east_m + 1.5, spot.north_m + 1.5, spot.row, spot.column)
        device_id, gateway = self._cabinet_id(cabinet), self._circuits.gateways[cabinet]
        has_contact = uniform(key_of(self._seed, "cabinet", str(cabinet)), 2) < self._part.door_contacts
        return Device(
            device_id=device_id,
            kind="cabinet",
            profile="cabinet",
            name=f"Cabinet {cabinet + 1} at {lamps[middle].name}",
            area=at.area,
            lon=at.lon,
            lat=at.lat,
            parent_id=None if gateway is None else self._gateway_id(gateway),
            component_code=f"{self._division}{_CABINET}{cabinet + 1:06d}",
            department="lighting",
            report_interval_s=self._part.cabinet_every_s,
            attributes={
                "nominal_power": sum(float(fed.attributes["nominal_power"]) for fed in lamps[first:end]),
                "lamps": float(end - first),
                "feeders": float(self._part.feeders),
                "door_contact": has_contact,
                **self._settings(cabinet),
            },
            grid=at.grid,
            **self._identity(cabinet, device_id),
        )

    def _gateway(self, gateway: int) -> Device:
        """A lighting gateway on a lamp pole in the middle of its cabinets' lamps."""
        cabinets = self._circuits.cabinets_of(gateway)
        first, end = self._circuits.run_of(cabinets[0])[0], self._circuits.run_of(cabinets[-1])[1]
        pole = self._poles[(first + end) // 2]
        at = self._ground.stand(pole.spot.east_m - 1.0, pole.spot.north_m + 1.0, pole.spot.row, pole.spot.column)
        dialect = self._circuits.dialects[cabinets[0]]
        is_node = keeps_session(dialect)
        attributes: dict[str, AttributeValue] = {"network": "lighting"}
        if is_node:
            attributes["dialect"] = dialect.value
        return Device(
            device_id=self._gateway_id(gateway),
            kind="gateway",
            profile="gateway",
            name=f"Lighting gateway {gateway + 1} at {pole.street.name} lamp {pole.number}",
            area=at.area,
            lon=at.lon,
            lat=at.lat,
            component_code=f"{self._division}{_GATEWAY}{gateway + 1:06d}",
            department="lighting",
            report_interval_s=self._blueprint.gateways.every_s,
            attributes=attributes,
            grid=at.grid,
            **(identity_of(dialect, self._network, self._gateway_id(gateway)) if is_node else {}),
        )

    def _settings(self, cabinet: int) -> dict[str, AttributeValue]:
        """What a cabinet and its lamps have in common."""
        dialect = self._circuits.dialects[cabinet]
        settings: dict[str, AttributeValue] = dict(self._plan)
        if dialect is not DialectName.NATIVE:
            settings["dialect"] = dialect.value
        if uniform(key_of(self._seed, "cabinet", str(cabinet)), 3) < self._part.counters:
            settings["counters"] = True
        return settings

    def _identity(self, cabinet: int, device_id: str) -> dict[str, Any]:
        gateway = self._circuits.gateways[cabinet]
        if gateway is None:
            return {}
        return identity_of(self._circuits.dialects[cabinet], self._network, self._gateway_id(gateway), device_id)

    @property
    def _network(self) -> str:
        return f"lighting-{self._division}"

    def _cabinet_id(self, number: int) -> str:
        return f"CB-{self._division}-{number + 1:06d}"

    def _gateway_id(self, number: int) -> str:
        return f"GW-{self._division}-{number + 1:06d}"
