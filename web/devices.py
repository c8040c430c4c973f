"""`/api/v1/devices`: the registry, what each device said last, its telemetry, and the import of a devices file."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from domain.devices import Device, DeviceState
from domain.events import Event, Status
from domain.quantities import CATALOGUE
from domain.telemetry import Quality, Reading
from timeseries.ports import EventQuery, Sample
from web.bodies import read_text, text_body
from web.parameters import Cursor, Limit, Page, refuse_cursor
from web.ports import DeviceQuery, ImportReport, Services
from web.problems import Fault, Refused, not_found


class LatestReading(BaseModel):
    """The newest reading of one quantity, in its canonical unit (UCUM)."""

    value: Reading
    unit: str
    observed_at_ms: int
    quality: Quality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDetail(Device):
    """A device as the registry knows it, with its newest readings by quantity and its open events."""

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


def device_routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/devices", tags=["devices"])

    @router.get("")
    async def list_devices(
        kind: str | None = None,
        area: Annotated[str | None, Query(description="This area and everything below it.")] = None,
        department: str | None = None,
        state: DeviceState | None = None,
        text: Annotated[str | None, Query(description="Part of the id or the name, case ignored.")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[Device]:
        """The devices that match every filter, by device id."""
        query = DeviceQuery(kind, area, department, state, text, limit, cursor)
        try:
            page = await services.devices.list_devices(query)
        except ValueError as error:
            raise refuse_cursor(error) from error
        return Page(items=list(page.items), next=page.next)

    @router.post("/import", openapi_extra=text_body("text/csv"))
    async def import_devices(
        request: Request,
        skip_bad: Annotated[bool, Query(description="Import the good rows and report the others.")] = False,
    ) -> ImportReport:
        """Import a devices file (CSV, UTF-8, with a header line). One bad row refuses the whole file, unless `skip_bad`."""
        report = await services.devices.import_csv(await read_text(request, "text/csv"), skip_bad=skip_bad)
        if report.errors and not skip_bad:
            raise _refused_file(
                [
                    Fault(where=f"line {row.line}" + (f", {row.column}" if row.column else ""), detail=row.detail)
                    for row in report.errors
                ]
            )
        return report

    @router.get("/{device_id}")
    async def get_device(device_id: str) -> DeviceDetail:
        """One device: registry facts, newest readings, open events."""
        device = await known_device(services, device_id)
        latest = (await services.telemetry.fetch_latest([device_id])).get(device_id, {})
        open_events = await services.events.fetch_events(EventQuery(subject=device_id, status=Status.OPEN, limit=1000))
        return DeviceDetail(
            **{fact.name: getattr(device, fact.name) for fact in fields(Device)},
            last_heard_ms=max((sample.observed_at_ms for sample in latest.values()), default=None),
            latest={quantity: latest_reading(quantity, latest[quantity]) for quantity in sorted(latest)},
            open_events=list(open_events.items),
        )

    return router


async def known_device(services: Services, device_id: str) -> Device:
    """The device. Raises: Refused (404) where the registry does not know it."""
    device = await services.devices.get_device(device_id)
    if device is None:
        raise not_found(f"device {device_id!r}")
    return device


def _refused_file(faults: Sequence[Fault]) -> Refused:
    detail = f"nothing was imported: {len(faults)} error{'s' if len(faults) > 1 else ''}"
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "refused-devices-file", detail, faults)
