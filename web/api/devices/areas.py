"""`/api/v1/areas`: the tree of city, district, street, community and grid, with boundaries."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, FailFast

from device_registry.service.registry import RegistryService
from device_registry.storage.audit import Subject
from domain.devices import Area
from web.api.devices.history import Change, history_page
from web.api.devices.refusals import refusals
from web.http.headers import UNNAMED_AUTHOR, Author
from web.http.parameters import Cursor, Limit, Page
from web.http.problems import not_found

_REFUSED = "refused-area"


class AreaBody(BaseModel):
    """An area; `boundary` is a GeoJSON Polygon or MultiPolygon in WGS 84."""

    model_config = ConfigDict(extra="forbid")

    path: str
    name: str
    level: str = ""
    names: dict[str, str] = {}
    boundary: dict[str, Any] | None = None


class Outcome(BaseModel):
    """What a call did, by path."""

    created: list[str]
    changed: list[str]
    unchanged: list[str]


def area_routes(records: RegistryService) -> APIRouter:
    router = APIRouter(prefix="/areas", tags=["areas"])

    @router.get("")
    async def list_areas(
        below: Annotated[str | None, Query(description="This area and everything under it.")] = None,
        boundaries: Annotated[bool, Query(description="With the boundaries, which may be long.")] = False,
    ) -> Page[Area]:
        """The areas by path: an area stands before those under it."""
        return Page(items=list(await records.areas(below, boundaries=boundaries)))

    @router.put("")
    async def put_areas(body: Annotated[list[AreaBody], FailFast()], author: Author = UNNAMED_AUTHOR) -> Outcome:
        """Store areas, new and known, all or with one fault none. The area above each must be known or among them."""
        with refusals(_REFUSED):
            changes = await records.put_areas([Area(**one.model_dump()) for one in body], author=author)
        return Outcome(created=list(changes.created), changed=list(changes.updated), unchanged=list(changes.unchanged))

    @router.get("/history")
    async def history(path: str, limit: Limit = 100, cursor: Cursor = None) -> Page[Change]:
        """Who changed the area, newest first."""
        return await history_page(records, Subject.AREA, path, cursor, limit)

    @router.delete("", status_code=HTTPStatus.NO_CONTENT)
    async def remove_area(path: str, author: Author = UNNAMED_AUTHOR) -> None:
        """Remove the area and everything under it; refused while a device stands there."""
        with refusals(_REFUSED):
            removed = await records.remove_area(path, author=author)
        if not removed:
            raise not_found(f"area {path!r}")

    return router
