"""`/api/v1/devices/{id}/telemetry`: stored readings, as they came or downsampled."""

from collections.abc import Sequence
from http import HTTPStatus
from itertools import takewhile
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from device_registry.service.directory import RegistryDirectory
from domain.devices import Device
from domain.telemetry import Quality, Reading
from domain.time.units import DAY_MS
from timeseries.ports import TelemetryReader
from timeseries.queries.samples import Sample
from web.api.devices.routes import known_device, typed_value
from web.http.parameters import Cursor, Every, From, Page, To, refuse_cursor, refuse_empty_range
from web.http.problems import Fault, Refused

MOST_BUCKETS: Final = 10_000


class StoredReading(BaseModel):
    """One stored reading in its canonical unit; `quality` only where it is not good."""

    quantity: str
    observed_at_ms: int
    value: Reading
    quality: Quality | None = None


class Interval(BaseModel):
    """Readings of the interval that begins at `start_ms`, `bad` ones left out."""

    quantity: str
    start_ms: int
    mean: float
    low: float
    high: float
    count: int


def telemetry_routes(directory: RegistryDirectory, telemetry: TelemetryReader) -> APIRouter:
    router = APIRouter(prefix="/devices", tags=["devices"])

    @router.get("/{device_id}/telemetry")
    async def get_telemetry(
        device_id: str,
        from_ms: From = None,
        to_ms: To = None,
        quantity: Annotated[list[str] | None, Query(description="May be repeated; all quantities by default.")] = None,
        every: Every = None,
        limit: Annotated[int, Query(ge=1, le=100_000, description="At most so many readings.")] = 10_000,
        cursor: Cursor = None,
    ) -> Page[StoredReading] | Page[Interval]:
        """Readings by quantity, then by time; with `every`, the mean, low and high of each interval that has any.

        Without `to`, up to the newest reading; without `from`, the 24 hours before `to`.
        """
        device = await known_device(directory, device_id)
        latest = (await telemetry.fetch_latest([device_id])).get(device_id, {})
        quantities = sorted(set(quantity) if quantity else latest)
        if to_ms is None:
            to_ms = max((sample.observed_at_ms for sample in latest.values()), default=0) + 1
        if from_ms is None:
            from_ms = to_ms - DAY_MS
        refuse_empty_range(from_ms, to_ms)
        if every is not None:
            return await _intervals(telemetry, device, quantities, from_ms, to_ms, every)
        try:
            start = _parse_cursor(cursor) if cursor is not None else ("", from_ms)
        except ValueError as error:
            raise refuse_cursor(error) from error
        return await _readings(telemetry, device, quantities, (from_ms, to_ms), start, limit)

    return router


async def _intervals(
    reader: TelemetryReader, device: Device, quantities: Sequence[str], from_ms: int, to_ms: int, every_ms: int
) -> Page[Interval]:
    if (to_ms - from_ms) // every_ms * max(len(quantities), 1) > MOST_BUCKETS:
        detail = f"more than {MOST_BUCKETS} intervals; choose a longer `every`, a shorter range or fewer quantities"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, [Fault(where="every", detail=detail)])
    return Page(
        items=[
            Interval(quantity=name, start_ms=b.start_ms, mean=b.mean, low=b.low, high=b.high, count=b.count)
            for name in quantities
            for b in await reader.fetch_buckets(device.device_id, device.kind, name, from_ms, to_ms, every_ms)
        ]
    )


async def _readings(
    reader: TelemetryReader,
    device: Device,
    quantities: Sequence[str],
    span_ms: tuple[int, int],
    start: tuple[str, int],
    limit: int,
) -> Page[StoredReading]:
    """One page. `start` is (quantity, observed_at_ms) of its first reading; an instant is never cut in two."""
    page: list[StoredReading] = []
    for name in quantities:
        if name < start[0]:
            continue
        from_ms = start[1] if name == start[0] else span_ms[0]
        room = limit - len(page)
        if room <= 0:
            return Page(items=page, next=f"{name}@{from_ms}")
        found = await reader.fetch_samples(device.device_id, device.kind, name, from_ms, span_ms[1], room + 1)
        if len(found) > room:
            cut_ms = found[-1].observed_at_ms
            whole = list(takewhile(lambda sample, cut_ms=cut_ms: sample.observed_at_ms < cut_ms, found))  # type: ignore[misc]
            kept = whole or list(found)
            page += [_stored(name, sample) for sample in kept]
            return Page(items=page, next=f"{name}@{kept[-1].observed_at_ms + 1}")
        page += [_stored(name, sample) for sample in found]
    return Page(items=page)


def _stored(quantity: str, sample: Sample) -> StoredReading:
    return StoredReading(
        quantity=quantity,
        observed_at_ms=sample.observed_at_ms,
        value=typed_value(quantity, sample.value),
        quality=sample.quality,
    )


def _parse_cursor(cursor: str) -> tuple[str, int]:
    quantity, at, observed_at_ms = cursor.rpartition("@")
    if not at or not observed_at_ms.isdecimal() or len(observed_at_ms) > 18:
        raise ValueError(f"{cursor!r} was not given by this list")
    return quantity, int(observed_at_ms)
