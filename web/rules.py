"""`/api/v1/rules`: the rules in force with their health, and a new document put in force."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Request

from web.bodies import read_text, text_body
from web.parameters import Page
from web.ports import RuleProblem, RuleStatus, Services
from web.problems import Fault, Refused

UNNAMED_AUTHOR = "api"


def rule_routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/rules", tags=["rules"])

    @router.get("")
    async def list_rules() -> Page[RuleStatus]:
        """The rules in force, by name. A rule with `problems` is not healthy."""
        return Page(items=list(await services.rules.list_rules()))

    @router.post("", openapi_extra=text_body("application/yaml"))
    async def apply_rules(
        request: Request,
        x_author: Annotated[str, Header(description="Who applies it, for the record.")] = UNNAMED_AUTHOR,
    ) -> Page[RuleStatus]:
        """Put a rule document (YAML) in force. All of its problems are told at once, and then nothing is applied."""
        change = await services.rules.apply(await read_text(request, "application/yaml"), x_author)
        if change.problems:
            count = len(change.problems)
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "refused-rule",
                f"nothing was applied: {count} problem{'s' if count > 1 else ''}",
                [_fault(problem) for problem in change.problems],
            )
        return Page(items=list(change.applied))

    return router


def _fault(problem: RuleProblem) -> Fault:
    if problem.line is None:
        return Fault(where="document", detail=problem.detail)
    column = f", column {problem.column}" if problem.column is not None else ""
    return Fault(where=f"line {problem.line}{column}", detail=problem.detail)
