"""`/api/v1/rules`: the rules in force with their health, a new document put in force, and all that becomes of a rule."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from rules.language.rule import Mode
from rules.service.rules import RuleService
from rules.service.statuses import CalendarStatus, RuleChange, RuleProblem, RuleStatus, RuleVersion
from web.http.bodies import read_text, text_body
from web.http.headers import UNNAMED_AUTHOR, Author
from web.http.parameters import Page
from web.http.problems import Fault, Refused, not_found

Note = Annotated[str, Query(max_length=2000, description="Why, for the record.")]


class AppliedRules(Page[RuleStatus]):
    """The rules of a document as they are in force now, and its calendars."""

    calendars: list[CalendarStatus]


class RollBack(BaseModel):
    """Which version to put in force again, and why."""

    model_config = ConfigDict(extra="forbid")

    version: int
    note: str = ""


class NewMode(BaseModel):
    """The mode to put a rule into, and why."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    note: str = ""


def rule_routes(rules: RuleService) -> APIRouter:
    router = APIRouter(prefix="/rules", tags=["rules"])

    @router.get("")
    async def list_rules() -> Page[RuleStatus]:
        """The rules in force, by name. A rule with `problems` is not healthy."""
        return Page(items=list(await rules.list_rules()))

    @router.post("", openapi_extra=text_body("application/yaml"))
    async def apply_rules(request: Request, x_author: Author = UNNAMED_AUTHOR, note: Note = "") -> AppliedRules:
        """Put a document (YAML) of rules and calendars in force. All of its problems are returned at once, and then nothing
        is applied."""
        text = await read_text(request, "application/yaml")
        change = _done(await rules.apply(text, x_author, note))
        return AppliedRules(items=list(change.applied), calendars=list(change.calendars))

    _add_life(router, rules)
    return router


def _add_life(router: APIRouter, rules: RuleService) -> None:
    @router.get("/{name}")
    async def get_rule(
        name: str, version: Annotated[int | None, Query(description="This one; the one in force if left out.")] = None
    ) -> RuleVersion:
        """One version of a rule, with its text."""
        for found in await _versions(rules, name):
            if found.version == version or (version is None and found.in_force is not None):
                return found
        raise not_found(f"rule {name} {'in force' if version is None else f'version {version}'}")

    @router.get("/{name}/versions")
    async def list_versions(name: str) -> Page[RuleVersion]:
        """Every version, oldest first; `in_force` shows which one counts, and who put it in force."""
        return Page(items=list(await _versions(rules, name)))

    @router.post("/{name}/rollback")
    async def roll_back(name: str, to: RollBack, x_author: Author = UNNAMED_AUTHOR) -> RuleStatus:
        """Put a version in force again, under its own number."""
        with refusals():
            change = _done(await rules.roll_back(name, to.version, x_author, to.note))
        return change.applied[0]

    @router.post("/{name}/mode")
    async def set_mode(name: str, to: NewMode, x_author: Author = UNNAMED_AUTHOR) -> RuleStatus:
        """A new version with only the mode changed: `live`, `shadow` or `off`."""
        with refusals():
            change = _done(await rules.set_mode(name, to.mode, x_author, to.note))
        return change.applied[0]

    @router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
    async def remove_rule(name: str, x_author: Author = UNNAMED_AUTHOR) -> None:
        """Take a rule out of force; its versions are kept, its open events clear."""
        with refusals():
            await rules.remove(name, x_author)


async def _versions(rules: RuleService, name: str) -> Sequence[RuleVersion]:
    with refusals():
        return await rules.versions(name)


@contextmanager
def refusals() -> Iterator[None]:
    """What the ports raise as problem documents: 404 where something is unknown, 409 where it stands in the way."""
    try:
        yield
    except LookupError as error:
        raise not_found(str(error)) from error
    except ValueError as error:
        raise Refused(HTTPStatus.CONFLICT, "conflict", str(error)) from error


def _done(change: RuleChange) -> RuleChange:
    """The change. Raises: Refused (422) with every problem where it was not made."""
    if change.problems:
        count = len(change.problems)
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "refused-rule",
            f"nothing was applied: {count} problem{'s' if count > 1 else ''}",
            [_fault(problem) for problem in change.problems],
        )
    return change


def _fault(problem: RuleProblem) -> Fault:
    if problem.line is None:
        return Fault(where="document", detail=problem.detail)
    column = f", column {problem.column}" if problem.column is not None else ""
    return Fault(where=f"line {problem.line}{column}", detail=problem.detail)
