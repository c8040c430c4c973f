"""What the registry refuses, as problem documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from device_registry.records.problems import InvalidRecords, VersionConflict
from web.http.problems import Fault, Refused


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turns what the registry refuses into 422 of that name, and a version that moved on into 412."""
    try:
        yield
    except InvalidRecords as invalid:
        faults = [
            Fault(where=problem.column or problem.subject, detail=f"{problem.what}; {problem.remedy}")
            for problem in invalid.problems
        ]
        detail = "; ".join(str(problem) for problem in invalid.problems)
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, name, detail, faults) from invalid
    except VersionConflict as conflict:
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "version-conflict", str(conflict)) from conflict
