"""`/api/v1/profiles`: what models of devices report and mean."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from device_registry.service.registry import RegistryService
from device_registry.storage.audit import Subject
from domain.devices import AttributeValue, DerivedReading, FieldMapping, Profile
from web.api.devices.history import Change, history_page
from web.api.devices.refusals import refusals
from web.http.headers import UNNAMED_AUTHOR, Author
from web.http.parameters import Cursor, Limit, Page
from web.http.problems import not_found

_REFUSED = "refused-profile"


class FieldBody(BaseModel):
    """How one field of a message becomes a reading: canonical(field * scale + offset, unit)."""

    model_config = ConfigDict(extra="forbid")

    source: str
    quantity: str
    unit: str
    scale: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None
    outside: Literal["suspect", "bad"] = "bad"


class DerivedBody(BaseModel):
    """A reading computed from others and from attributes, in canonical units."""

    model_config = ConfigDict(extra="forbid")

    quantity: str
    formula: str


class ProfileBody(BaseModel):
    """A profile without its name, which is in the path."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    fields: list[FieldBody] = []
    ignore: list[str] = []
    report_interval_s: int = 600
    attributes: dict[str, AttributeValue] = {}
    codec: str | None = None
    derived: list[DerivedBody] = []

    def profile(self, name: str) -> Profile:
        return Profile(
            name=name,
            kind=self.kind,
            fields=tuple(FieldMapping(**one.model_dump()) for one in self.fields),
            ignore=tuple(self.ignore),
            report_interval_s=self.report_interval_s,
            attributes=self.attributes,
            codec=self.codec,
            derived=tuple(DerivedReading(**one.model_dump()) for one in self.derived),
        )


def profile_routes(records: RegistryService) -> APIRouter:
    router = APIRouter(prefix="/profiles", tags=["profiles"])

    @router.get("")
    async def list_profiles(kind: str | None = None) -> Page[Profile]:
        """The profiles by name."""
        found = (await records.profiles()).values()
        return Page(items=[profile for profile in found if kind in (None, profile.kind)])

    @router.get("/{name}")
    async def get_profile(name: str) -> Profile:
        """One profile."""
        return await _known(records, name)

    @router.get("/{name}/history")
    async def history(name: str, limit: Limit = 100, cursor: Cursor = None) -> Page[Change]:
        """Who changed the profile, newest first."""
        return await history_page(records, Subject.PROFILE, name, cursor, limit)

    @router.put("/{name}")
    async def put_profile(name: str, body: ProfileBody, author: Author = UNNAMED_AUTHOR) -> Profile:
        """Store the profile, new or known. Devices keep the defaults they were registered with."""
        with refusals(_REFUSED):
            await records.put_profile(body.profile(name), author=author)
        return await _known(records, name)

    @router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def remove_profile(name: str, author: Author = UNNAMED_AUTHOR) -> None:
        """Remove the profile; refused while a device uses it."""
        with refusals(_REFUSED):
            removed = await records.remove_profile(name, author=author)
        if not removed:
            raise not_found(f"profile {name!r}")

    return router


async def _known(records: RegistryService, name: str) -> Profile:
    profile = (await records.profiles()).get(name)
    if profile is None:
        raise not_found(f"profile {name!r}")
    return profile
