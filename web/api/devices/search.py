"""Which devices a request asks for: filters, a circle, a polygon."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from device_registry.records.geometry import Circle, Polygons, read_polygons
from device_registry.service.queries import DeviceQuery
from domain.devices import Device, DeviceState
from web.http.parameters import Page
from web.http.problems import Fault, Refused

MOST_RADIUS_M: Final = 1_000_000


class DeviceListing(Page[Device]):
    """A page of devices; `total` counts all that match, on every page."""

    total: int


class Near(BaseModel):
    """A circle: WGS 84 degrees, metres."""

    model_config = ConfigDict(extra="forbid")

    lon: float
    lat: float
    radius_m: Annotated[float, Field(gt=0, le=MOST_RADIUS_M)] = 500


class DeviceSearch(BaseModel):
    """Filters that all must hold; `near` and `within` not both."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = None
    area: str | None = None
    department: str | None = None
    state: DeviceState | None = None
    text: str | None = None
    profile: str | None = None
    parent_id: str | None = None
    grid: str | None = None
    tag: str | None = None
    near: Near | None = None
    within: dict[str, Any] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: str | None = None

    def query(self) -> DeviceQuery:
        """Raises: Refused (422) where the place is none."""
        filters = self.model_dump(exclude={"near", "within"})
        return DeviceQuery(**filters, place=self._place())

    def _place(self) -> Circle | Polygons | None:
        if self.near is not None and self.within is not None:
            raise _refused("within", "give `near` or `within`, not both")
        if self.near is not None:
            return _circle(self.near.lon, self.near.lat, self.near.radius_m)
        if self.within is None:
            return None
        try:
            return read_polygons(self.within)
        except ValueError as error:
            raise _refused("within", str(error)) from error


def read_near(text: str, radius_m: float) -> Circle:
    """The circle around `lon,lat`. Raises: Refused (422) where the text is no place."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _refused("near", f"{text!r} is no place; write lon,lat such as 120.55,31.87") from error
    return _circle(lon, lat, radius_m)


def _circle(lon: float, lat: float, radius_m: float) -> Circle:
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        swapped = -180 <= lat <= 180 and -90 <= lon <= 90
        remedy = "it is in the wrong order: longitude comes first" if swapped else "it is off the earth"
        raise _refused("near", f"{lon},{lat}: {remedy}")
    return Circle(lon, lat, radius_m)


def _refused(where: str, detail: str) -> Refused:
    faults = [Fault(where=where, detail=detail)]
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"{where}: {detail}", faults)
