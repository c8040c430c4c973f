"""The eight entity sets: what each shows of a device, a quantity, a profile or a reading, and how they hang together.

Every entity is a view of one `Row`. Following a navigation to one entity only changes the view; one to many asks for
the rows that share what `Navigation.shares` names.
Source: OGC 18-088, section 8.2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.quantities.catalogue import CATALOGUE, Quantity
from web.standards.sta.entities.identifiers import datastream_id
from web.standards.sta.entities.views import (
    Fact,
    Row,
    datastream,
    device_of,
    feature_of_interest,
    location,
    observation,
    observed_property,
    own_observation_id,
    quantity_of,
    sensor,
    thing,
)


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way from one entity to others of the set `target`, which share these facts with it."""

    target: str
    many: bool
    shares: tuple[Fact, ...]

    @property
    def at_most_one(self) -> bool:
        """Whether a path may go this way: a device has one place, so its `Locations` are one at most."""
        return not self.many or (self.target in ("Things", "Locations") and self.shares == ("device",))


@dataclass(frozen=True, slots=True)
class EntitySet:
    """`body` returns the properties of a row, of which there are no others than `properties`; a null one is left out."""

    name: str
    identify: Callable[[Row], str]
    body: Callable[[Row], dict[str, Any]]
    properties: tuple[str, ...]
    navigations: Mapping[str, Navigation]


_DESCRIBED: Final = ("name", "description")
_HISTORY: Final = Navigation("HistoricalLocations", True, ("device",))
_OF_DEVICE: Final[tuple[Fact, ...]] = ("device",)
_OF_SERIES: Final[tuple[Fact, ...]] = ("device", "quantity")

ENTITY_SETS: Final[Mapping[str, EntitySet]] = {
    one.name: one
    for one in (
        EntitySet(
            "Things",
            lambda row: device_of(row).device_id,
            thing,
            (*_DESCRIBED, "properties"),
            {
                "Locations": Navigation("Locations", True, _OF_DEVICE),
                "HistoricalLocations": _HISTORY,
                "Datastreams": Navigation("Datastreams", True, _OF_DEVICE),
            },
        ),
        EntitySet(
            "Locations",
            lambda row: device_of(row).device_id,
            location,
            (*_DESCRIBED, "encodingType", "location", "properties"),
            {"Things": Navigation("Things", True, _OF_DEVICE), "HistoricalLocations": _HISTORY},
        ),
        EntitySet(
            "HistoricalLocations",
            lambda row: "",
            lambda row: {},
            ("time",),
            {
                "Thing": Navigation("Things", False, _OF_DEVICE),
                "Locations": Navigation("Locations", True, _OF_DEVICE),
            },
        ),
        EntitySet(
            "Datastreams",
            lambda row: datastream_id(device_of(row).device_id, quantity_of(row).name),
            datastream,
            (*_DESCRIBED, "observationType", "unitOfMeasurement", "observedArea", "phenomenonTime", "resultTime",
             "properties"),
            {
                "Thing": Navigation("Things", False, _OF_DEVICE),
                "Sensor": Navigation("Sensors", False, ("profile",)),
                "ObservedProperty": Navigation("ObservedProperties", False, ("quantity",)),
                "Observations": Navigation("Observations", True, _OF_SERIES),
            },
        ),
        EntitySet(
            "Sensors",
            lambda row: row.fact("profile") or "",
            sensor,
            (*_DESCRIBED, "encodingType", "metadata", "properties"),
            {"Datastreams": Navigation("Datastreams", True, ("profile",))},
        ),
        EntitySet(
            "ObservedProperties",
            lambda row: quantity_of(row).name,
            observed_property,
            (*_DESCRIBED, "definition", "properties"),
            {"Datastreams": Navigation("Datastreams", True, ("quantity",))},
        ),
        EntitySet(
            "Observations",
            own_observation_id,
            observation,
            ("phenomenonTime", "result", "resultTime", "resultQuality", "validTime", "parameters"),
            {
                "Datastream": Navigation("Datastreams", False, _OF_SERIES),
                "FeatureOfInterest": Navigation("FeaturesOfInterest", False, _OF_DEVICE),
            },
        ),
        EntitySet(
            "FeaturesOfInterest",
            lambda row: device_of(row).device_id,
            feature_of_interest,
            (*_DESCRIBED, "encodingType", "feature", "properties"),
            {"Observations": Navigation("Observations", True, _OF_DEVICE)},
        ),
    )
}  # fmt: skip
"""Every entity set by its name, in the order of the service's root."""

OPEN_PROPERTIES: Final = ("properties", "unitOfMeasurement", "metadata", "parameters", "resultQuality")
"""Properties that hold further ones, which a path may name freely."""


def exists(entity_set: EntitySet, row: Row) -> bool:
    """Whether the set has an entity for the row: no location without a place, no data stream without its device."""
    device = row.device
    match entity_set.name:
        case "Things" | "Datastreams":
            return device is not None
        case "Locations" | "FeaturesOfInterest":
            return device is not None and device.lon is not None and device.lat is not None
        case "Sensors":
            return row.profile is not None
        case "ObservedProperties":
            return row.quantity is not None
        case "Observations":
            return row.reading is not None
        case _:
            return False


def known_quantity(name: str) -> Quantity | None:
    return CATALOGUE.get(name)
