"""`/api/v1/devices`: the registry, what each device reported last, and the import of a devices file."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from device_registry.records.entries import DETAIL_FIELDS, DEVICE_FIELDS, Datum, StoredEntry
from device_registry.service.directory import RegistryDirectory
from device_registry.service.import_report import ImportReport
from device_registry.service.queries import DeviceQuery
from device_registry.service.registry import RegistryService
from device_registry.service.services import RegistryServices
from domain.devices import Device, DeviceState
from domain.events import Event, Status
from domain.quantities.catalogue import CATALOGUE
from domain.telemetry import Quality, Reading
from timeseries.ports import Store
from timeseries.queries.events import EventQuery
from timeseries.queries.samples import Sample
from web.api.devices.editing import add_editing_routes
from web.api.devices.search import MOST_RADIUS_M, DeviceListing, DeviceSearch, read_near
from web.http.bodies import check_media_type, receive_file, text_body
from web.http.headers import etag
from web.http.parameters import Cursor, Limit, refuse_cursor
from web.http.problems import Fault, Refused, not_found
from web.live.feed import LiveFeed


class LatestReading(BaseModel):
    """The newest reading of one quantity, in its canonical unit (UCUM)."""

    value: Reading
    unit: str
    observed_at_ms: int
    quality: Quality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDetail(Device):
    """A device with all that is registered of it, its newest readings by quantity and its open events.

    `component` names the class of its component code by language.
    """

    owner: str | None
    maintainer: str | None
    component_scheme: str | None
    source_datum: Datum
    source_lon: float | None
    source_lat: float | None
    tags: tuple[str, ...]
    identities: dict[str, str]
    component: dict[str, str]
    created_at_ms: int | None
    updated_at_ms: int | None
    last_heard_ms: int | None
    latest: dict[str, LatestReading]
    open_events: list[Event]


def typed_value(quantity: str, value: float) -> Reading:
    """The stored number as the log carries it: a bool where the catalogue says the quantity is boolean."""
    known = CATALOGUE.get(quantity)
    return bool(value) if known is not None and known.boolean else value


def latest_reading(quantity: str, sample: Sample) -> LatestReading:
    known = CATALOGUE.get(quantity)
    return LatestReading(
        value=typed_value(quantity, sample.value),
        unit=known.unit if known is not None else "",
        observed_at_ms=sample.observed_at_ms,
        quality=sample.quality,
    )


def device_routes(registry: RegistryServices, store: Store, live: LiveFeed) -> APIRouter:
    router = APIRouter(prefix="/devices", tags=["devices"])

    @router.get("")
    async def list_devices(
        kind: str | None = None,
        area: Annotated[str | None, Query(description="This area and everything below it.")] = None,
        department: str | None = None,
        state: DeviceState | None = None,
        text: Annotated[str | None, Query(description="Part of id, name, component code, EUI or MN.")] = None,
        profile: str | None = None,
        parent_id: str | None = None,
        grid: Annotated[str | None, Query(description="The unit grid's code.")] = None,
        tag: str | None = None,
        near: Annotated[str | None, Query(description="A place, `lon,lat` in WGS 84; with `radius_m`.")] = None,
        radius_m: Annotated[float, Query(gt=0, le=MOST_RADIUS_M, description="Metres around `near`.")] = 500,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> DeviceListing:
        """The devices that match every filter, by device id; a device that stays is on exactly one page."""
        place = read_near(near, radius_m) if near is not None else None
        return await _list(
            registry.directory,
            DeviceQuery(kind, area, department, state, text, limit, cursor, profile, parent_id, grid, tag, place),
        )

    @router.post("/search")
    async def search_devices(search: DeviceSearch) -> DeviceListing:
        """As the list, with the filters in the body, and `within`: a GeoJSON Polygon or MultiPolygon."""
        return await _list(registry.directory, search.query())

    @router.post("/import", openapi_extra=text_body("text/csv"))
    async def import_devices(
        request: Request,
        skip_bad: Annotated[bool, Query(description="Import the good rows and report the others.")] = False,
    ) -> ImportReport:
        """Import a devices file (CSV, UTF-8, with a header line). One bad row refuses the whole file, unless `skip_bad`."""
        check_media_type(request, "text/csv")
        with registry.files.places.taken(), await receive_file(request, must_be_utf8=True) as file:
            report = await registry.files.import_csv(file, skip_bad=skip_bad)
        if report.errors and not skip_bad:
            raise _refused_file(
                [
                    Fault(where=f"line {row.line}" + (f", {row.column}" if row.column else ""), detail=row.detail)
                    for row in report.errors
                ]
            )
        return report

    add_editing_routes(router, registry.records, store, live)

    @router.get("/{device_id}")
    async def get_device(device_id: str, response: Response) -> DeviceDetail:
        """One device: everything registered, newest readings, open events. Its `ETag` is its version."""
        device, details, created_at_ms, updated_at_ms = await _known_entry(registry.records, device_id)
        latest = (await store.fetch_latest([device_id])).get(device_id, {})
        open_events = await store.fetch_events(EventQuery(subject=device_id, status=Status.OPEN, limit=1000))
        response.headers["ETag"] = etag(device.version)
        return DeviceDetail(
            **{fact: getattr(device, fact) for fact in DEVICE_FIELDS},
            **{fact: getattr(details, fact) for fact in DETAIL_FIELDS},
            component=_component_names(registry.records, device),
            created_at_ms=created_at_ms,
            updated_at_ms=updated_at_ms,
            last_heard_ms=max((sample.observed_at_ms for sample in latest.values()), default=None),
            latest={quantity: latest_reading(quantity, latest[quantity]) for quantity in sorted(latest)},
            open_events=list(open_events.items),
        )

    return router


async def known_device(directory: RegistryDirectory, device_id: str) -> Device:
    """The device. Raises: Refused (404) where the registry does not know it."""
    device = await directory.get_device(device_id)
    if device is None:
        raise not_found(f"device {device_id!r}")
    return device


async def _list(directory: RegistryDirectory, query: DeviceQuery) -> DeviceListing:
    try:
        page = await directory.list_devices(query)
    except ValueError as error:
        raise refuse_cursor(error) from error
    return DeviceListing(items=list(page.items), next=page.next, total=page.total)


async def _known_entry(records: RegistryService, device_id: str) -> StoredEntry:
    entry = await records.get_entry(device_id)
    if entry is None:
        raise not_found(f"device {device_id!r}")
    return entry


def _component_names(records: RegistryService, device: Device) -> dict[str, str]:
    return {} if device.component_code is None else dict(records.component_names(device.component_code))


def _refused_file(faults: Sequence[Fault]) -> Refused:
    detail = f"nothing was imported: {len(faults)} error{'s' if len(faults) > 1 else ''}"
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "refused-devices-file", detail, faults)
