"""`/api/v1/ngsi-ld/entities`: the devices of a kind as entities of a Smart Data Model."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from device_registry.service.directory import RegistryDirectory
from device_registry.service.queries import DeviceQuery
from timeseries.ports import TelemetryReader
from web.http.parameters import Cursor, Limit, Page, refuse_cursor
from web.standards.ngsi_ld.smart_data_models import MODELS, EntityType, entity_of


def ngsi_ld_routes(directory: RegistryDirectory, telemetry: TelemetryReader) -> APIRouter:
    router = APIRouter(prefix="/ngsi-ld", tags=["devices"])

    @router.get("/entities")
    async def list_entities(
        entity_type: Annotated[EntityType, Query(alias="type", description="The Smart Data Model.")],
        area: Annotated[str | None, Query(description="This area and everything below it.")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[dict[str, Any]]:
        """Devices with their newest readings as NGSI-LD entities, by device id; what is not known is left out.

        A page has fewer than `limit` where devices are no entity of the type: follow `next` until it is null.
        """
        kind = MODELS[entity_type].kind
        try:
            page = await directory.list_devices(DeviceQuery(kind=kind, area=area, limit=limit, cursor=cursor))
        except ValueError as error:
            raise refuse_cursor(error) from error
        latest = await telemetry.fetch_latest([device.device_id for device in page.items]) if page.items else {}
        entities = (entity_of(entity_type, device, latest.get(device.device_id, {})) for device in page.items)
        return Page(items=[entity for entity in entities if entity is not None], next=page.next)

    return router
