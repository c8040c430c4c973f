"""Every error the API answers is a problem document (RFC 9457)."""

import errno
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.errors import TransientFault

_log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
_MOST_FAULTS = 100
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Fault(BaseModel):
    """One thing wrong with a request: where (a parameter, a line of the body) and what."""

    where: str
    detail: str


class Problem(BaseModel):
    """A problem document. `type` is a URN that names the class of problem and never changes its meaning.

    Of a refused transition: `legal` names what can be done instead, `needs` the fields that are missing, `meanwhile` what
    others did since the revision that was expected, and `revision` where the case is now.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Fault] = []
    legal: list[str] = []
    needs: list[str] = []
    meanwhile: list[dict[str, Any]] = []
    revision: int = 0


class Refused(Exception):
    """A request that is answered with a problem document, and `headers` with it."""

    def __init__(
        self,
        status: HTTPStatus,
        name: str,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        self.status = status
        self.name = name
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.members: Mapping[str, Any] = members
        super().__init__(detail)


def not_found(what: str) -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "not-found", f"{what} is not known")


def problem_response(request: Request, refused: Refused) -> Response:
    """The problem document of `refused`."""
    problem = Problem(
        type=f"urn:urbansense:problem:{refused.name}",
        title=refused.status.phrase,
        status=refused.status.value,
        detail=refused.detail,
        instance=request.url.path,
        errors=refused.errors,
        **refused.members,
    )
    body = problem.model_dump_json(exclude_defaults=True)
    return Response(body, refused.status.value, refused.headers, MEDIA_TYPE)


def unavailable(error: TransientFault, *, to_stranger: bool) -> Refused:
    """503. What is away, and where, is for those who work here; a stranger learns no more than that."""
    detail = "try again later" if to_stranger else f"try again later: {error}"
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers=headers)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document: refusals, validation errors, 404s, faults of the store, bugs."""

    async def on_refused(request: Request, refused: Refused) -> Response:
        return problem_response(request, refused)

    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        found = error.errors()
        faults = [_fault(entry) for entry in found[:_MOST_FAULTS]]
        if len(found) > _MOST_FAULTS:
            faults.append(Fault(where="body", detail=f"{len(found) - _MOST_FAULTS} more errors"))
        detail = "; ".join(f"{fault.where}: {fault.detail}" for fault in faults)
        return problem_response(
            request, Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail or "invalid request", faults)
        )

    async def on_http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        too_large = status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        name = "too-large" if too_large else status.name.lower().replace("_", "-")
        return problem_response(request, Refused(status, name, str(error.detail), headers=error.headers))

    async def on_transient(request: Request, error: TransientFault) -> Response:
        _log.warning("web.unavailable", path=request.url.path, error=str(error))
        caller = getattr(request.state, "caller", None)
        return problem_response(request, unavailable(error, to_stranger=caller is None or not caller.actor.roles))

    async def on_os_error(request: Request, error: OSError) -> Response:
        if error.errno not in _NO_ROOM:
            raise error
        _log.warning("web.no_room", path=request.url.path, error=str(error))
        detail = f"there is no room to keep it: {error.strerror}; free some, and send it again"
        return problem_response(request, Refused(HTTPStatus.INSUFFICIENT_STORAGE, "no-room", detail))

    async def on_bug(request: Request, error: Exception) -> Response:
        detail = "urbansense failed to answer this; its log says why"  # the server logs it, with its traceback
        return problem_response(request, Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail))

    handlers: dict[type[Exception], Any] = {
        Refused: on_refused,
        RequestValidationError: on_invalid,
        HTTPException: on_http,
        TransientFault: on_transient,
        OSError: on_os_error,
        Exception: on_bug,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _fault(entry: dict[str, Any]) -> Fault:
    where = ".".join(str(part) for part in entry["loc"][1:]) or str(entry["loc"][0])
    return Fault(where=where, detail=str(entry["msg"]).removeprefix("Value error, "))
