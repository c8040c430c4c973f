"""`/api/v1/calendars`: the calendars that rules name. They are applied beside rules, by `POST /api/v1/rules`."""

from http import HTTPStatus

from fastapi import APIRouter

from rules.service.rules import RuleService
from rules.service.statuses import CalendarStatus
from web.api.rules.routes import refusals
from web.http.headers import UNNAMED_AUTHOR, Author
from web.http.parameters import Page
from web.http.problems import not_found


def calendar_routes(rules: RuleService) -> APIRouter:
    router = APIRouter(prefix="/calendars", tags=["rules"])

    @router.get("")
    async def list_calendars() -> Page[CalendarStatus]:
        """The calendars, by name, each with its text."""
        return Page(items=list(await rules.list_calendars()))

    @router.get("/{name}")
    async def get_calendar(name: str) -> CalendarStatus:
        """One calendar."""
        for found in await rules.list_calendars():
            if found.calendar == name:
                return found
        raise not_found(f"calendar {name}")

    @router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def remove_calendar(name: str, x_author: Author = UNNAMED_AUTHOR) -> None:
        """Take a calendar away that no rule in force names."""
        with refusals():
            await rules.remove_calendar(name, x_author)

    return router
