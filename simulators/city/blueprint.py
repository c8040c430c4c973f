"""What a city is drawn from: its place, streets, and the mix of its devices. `simulators.cities` reads it from YAML."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from simulators.city.lighting_plan import plan_of
from simulators.dialects import DialectName, Siting, those
from simulators.ground.names import Name
from simulators.ground.place import ZHANGJIAGANG, Place
from simulators.ground.streets import PLAIN_STREETS, Grade, StreetPattern

Share = Annotated[float, Field(ge=0, le=1)]
Metres = Annotated[float, Field(gt=0.2, le=30)]
Seconds = Annotated[int, Field(ge=1, le=86_400 * 31)]
Dialects = Mapping[DialectName, Share]
"""Shares of devices by the dialect they send; they need not add up to one, each counts against their sum."""

_NATIVE_ONLY: Final[Dialects] = {DialectName.NATIVE: 1.0}
BEHIND_GATEWAYS: Final = those(Siting.BEHIND_GATEWAYS)
LORAWAN: Final = those(Siting.LORAWAN)
_STATIONS: Final = those(Siting.STATIONS)
_ANYWHERE: Final = those(Siting.ANYWHERE)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{name!r} is no time zone of the IANA data base") from error
    return name


def _readable_plan(text: str) -> str:
    plan_of({"dimming_plan": text})
    return text


def _deepening(depth_m: tuple[float, float]) -> tuple[float, float]:
    if depth_m[0] > depth_m[1]:
        raise ValueError("the shallowest comes first")
    return depth_m


def _among(*known: DialectName) -> AfterValidator:
    """Only these dialects can be sent, and some must be."""

    def checked(dialects: Dialects) -> Dialects:
        if unknown := [dialect for dialect in dialects if dialect not in known]:
            raise ValueError(f"{', '.join(unknown)} cannot be spoken here; there are {', '.join(known)}")
        if sum(dialects.values()) <= 0:
            raise ValueError("no share is above 0")
        return dialects

    return AfterValidator(checked)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MonitorSort(StrEnum):
    """What a water monitor watches: the attribute `sort` of the device. `all` is level, flow and road in one."""

    ALL = "all"
    DRAIN = "drain"
    ROAD = "road"
    RAIN = "rain"
    QUALITY = "quality"


class WellSort(StrEnum):
    """What a well is for: the attribute `cover_class` of the cover over it."""

    SEWAGE = "sewage"
    STORM = "storm"
    SUPPLY = "supply"
    LIGHTING = "lighting"
    POWER = "power"
    TELECOM = "telecom"
    GAS = "gas"
    HEAT = "heat"


class PlacePart(_Part):
    """Where the city lies (WGS 84), its time zone, and its division (GB/T 2260). `language` is that of names."""

    name: Name = Name(en="Zhangjiagang", zh="张家港市")
    lon: Annotated[float, Field(ge=-180, le=180)] = ZHANGJIAGANG.lon
    lat: Annotated[float, Field(ge=-80, le=80)] = ZHANGJIAGANG.lat
    timezone: Annotated[str, AfterValidator(_known_zone)] = ZHANGJIAGANG.timezone
    division: Annotated[str, StringConstraints(pattern=r"^\d{6}$")] = ZHANGJIAGANG.division
    language: Annotated[str, StringConstraints(pattern=r"^(en|zh)$")] = "zh"
    towns: Annotated[tuple[Name, ...], Field(min_length=1)] = (Name(en="Yangshe", zh="杨舍镇"),)

    @property
    def place(self) -> Place:
        return Place(self.lon, self.lat, self.timezone, self.division)


class LampGrade(_Part):
    """The lamps of streets of one breadth: `watts` at full level, one of them a street; lanterns `height_m` up."""

    watts: Annotated[tuple[Annotated[float, Field(gt=5, le=2000)], ...], Field(min_length=1)]
    height_m: Annotated[float, Field(ge=2, le=40)]


class LampPart(_Part):
    """Lamps, their cabinets and feeders. `dimming` is `05:00 100, 23:00 60`: percent from an hour of the day on.

    `door_contacts` is the share of cabinets with one, `counters` that of cabinets whose lamps count hours and energy.
    """

    spacing_m: Annotated[float, Field(ge=10, le=100)] = 30.0
    every_s: Seconds = 60
    cabinet_every_s: Seconds = 60
    per_cabinet: Annotated[float, Field(ge=1, le=500)] = 80 / 3
    feeders: Annotated[int, Field(ge=1, le=12)] = 2
    door_contacts: Share = 1.0
    counters: Share = 0.0
    dimming: Annotated[str, AfterValidator(_readable_plan)] = "05:00 100, 23:00 60"
    switch_at_deg: Annotated[float, Field(ge=-12, le=6)] = -3.0
    grades: Mapping[Grade, LampGrade] = {
        Grade.AVENUE: LampGrade(watts=(250.0, 200.0), height_m=12.0),
        Grade.STREET: LampGrade(watts=(150.0, 120.0), height_m=10.0),
        Grade.LANE: LampGrade(watts=(100.0, 60.0), height_m=8.0),
    }
    dialects: Annotated[Dialects, _among(*_ANYWHERE, *BEHIND_GATEWAYS)] = _NATIVE_ONLY

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if missing := [grade.value for grade in Grade if grade not in self.grades]:
            raise ValueError(f"grades: {', '.join(missing)} missing")
        return self


class Rhythm(_Part):
    """A share of devices that report every so many seconds."""

    every_s: Seconds
    share: Share


class Well(_Part):
    """Wells of one sort under `share` of the covers, of a depth within `depth_m`; `gas` of them have a gas sensor."""

    share: Share
    depth_m: Annotated[tuple[Metres, Metres], AfterValidator(_deepening)]
    gas: Share = 0.0


class CoverPart(_Part):
    """Covers over wells: `share` of all devices. Those with gas sensors report at the first rhythm; they never sleep."""

    share: Annotated[float, Field(ge=0, le=0.9)] = 0.12
    rhythms: Annotated[tuple[Rhythm, ...], Field(min_length=1)] = (Rhythm(every_s=600, share=1.0),)
    wells: Annotated[Mapping[WellSort, Well], Field(min_length=1)] = {
        WellSort.SEWAGE: Well(share=0.25, depth_m=(2.0, 4.5)),
        WellSort.STORM: Well(share=0.25, depth_m=(1.5, 3.5)),
        WellSort.SUPPLY: Well(share=0.25, depth_m=(1.2, 2.0)),
        WellSort.LIGHTING: Well(share=0.25, depth_m=(0.8, 1.2)),
    }
    dialects: Annotated[Dialects, _among(*_ANYWHERE, *LORAWAN)] = _NATIVE_ONLY


class Monitors(_Part):
    """Water monitors of one sort: `share` of all water monitors."""

    share: Share
    rhythms: Annotated[tuple[Rhythm, ...], Field(min_length=1)] = (Rhythm(every_s=300, share=1.0),)
    dialects: Annotated[Dialects, _among(*_ANYWHERE, *_STATIONS)] = _NATIVE_ONLY


class MonitorPart(_Part):
    """Water monitors: `share` of all devices. Only quality stations report in the dialects of stations."""

    share: Annotated[float, Field(ge=0, le=0.9)] = 0.05
    sorts: Annotated[Mapping[MonitorSort, Monitors], Field(min_length=1)] = {MonitorSort.ALL: Monitors(share=1.0)}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for sort, monitors in self.sorts.items():
            misplaced = [name for name in _STATIONS if name in monitors.dialects]
            if sort is not MonitorSort.QUALITY and misplaced:
                raise ValueError(f"sorts.{sort}: {', '.join(misplaced)} is for quality stations")
        return self


class GatewayPart(_Part):
    """Gateways: one for so many cabinets whose lamps send through it, and one for so many LoRaWAN covers."""

    cabinets_each: Annotated[int, Field(ge=1, le=64)] = 4
    covers_each: Annotated[int, Field(ge=1, le=2000)] = 60
    every_s: Seconds = 60


class Blueprint(_Part):
    """Everything a city is drawn from but its seed and size. The default is a plain one: native devices, no gateways.

    Lamps take what covers, monitors, cabinets and gateways leave. `owners` names who owns the components of a
    department.
    """

    place: PlacePart = PlacePart()
    streets: StreetPattern = PLAIN_STREETS
    lamps: LampPart = LampPart()
    covers: CoverPart = CoverPart()
    monitors: MonitorPart = MonitorPart()
    gateways: GatewayPart = GatewayPart()
    owners: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.covers.share + self.monitors.share > 0.95:
            raise ValueError("covers and monitors leave no share to lamps")
        if self.lamps.spacing_m > self.streets.block_m / 2:
            raise ValueError("lamps: spacing_m is more than half a block")
        return self


PLAIN: Final = Blueprint()
