"""What the people side refuses, as problem documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from accounts.users.refusals import (
    BadPeople,
    InTheWay,
    LoginRefused,
    NameTaken,
    StaleVersion,
    TooManyFailures,
    UnknownPerson,
)
from web.http.problems import Fault, Refused


@contextmanager
def refusals() -> Iterator[None]:
    """404 what is unknown, 409 what stands in the way, 412 a version that moved on, 422 what cannot be, 401 no entry.

    429 where a guess is not looked at, with `Retry-After`.
    """
    try:
        yield
    except UnknownPerson as error:
        raise Refused(HTTPStatus.NOT_FOUND, "not-found", str(error)) from error
    except (NameTaken, InTheWay) as error:
        raise Refused(HTTPStatus.CONFLICT, "conflict", str(error)) from error
    except StaleVersion as error:
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "version-conflict", str(error)) from error
    except BadPeople as error:
        faults = [Fault(where=where, detail=what) for where, what in error.faults]
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", str(error), faults) from error
    except LoginRefused as error:
        raise Refused(HTTPStatus.UNAUTHORIZED, "login-refused", str(error)) from error
    except TooManyFailures as error:
        raise too_many(error) from error


def too_many(error: TooManyFailures) -> Refused:
    """429, and when to try again."""
    headers = {"Retry-After": str(error.retry_after_s)}
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, "too-many-failures", str(error), headers=headers)
