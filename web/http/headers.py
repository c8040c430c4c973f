"""The headers of a change: who makes it, and the version that it expects."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header

from web.http.problems import Fault, Refused

Author = Annotated[str, Header(alias="X-Author", max_length=100, description="Who changes it, for the record.")]


IfMatch = Annotated[
    str | None, Header(description='The ETag that was read, `"7"`: refuse with 412 if the record changed since.')
]


UNNAMED_AUTHOR = "api"


def etag(version: int) -> str:
    """The version of a record as an entity tag."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> int | None:
    """The version that `If-Match` asks for, None where any will do. Raises: Refused (422) where it names none."""
    if if_match is None or if_match.strip() == "*":
        return None
    written = if_match.strip().removeprefix("W/").strip('"')
    if not written.isdecimal() or len(written) > 9:
        fault = Fault(where="if-match", detail='send the ETag as it was read, such as "7"')
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", fault.detail, [fault])
    return int(written)
