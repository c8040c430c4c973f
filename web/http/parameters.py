"""The words of a query string: instants, durations, pages."""

import re
from http import HTTPStatus
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, WithJsonSchema

from domain.time.durations import parse_duration_ms, parse_instant_ms
from web.http.problems import Fault, Refused

Item = TypeVar("Item")
LATEST_MS: Final = 253_402_300_799_999
"""The last millisecond of 9999."""
_EPOCH_MS: Final = re.compile(r"-?[0-9]{1,15}")
"""As far as any store counts."""


class Page(BaseModel, Generic[Item]):
    """A list as the API answers it; `next` is the cursor of the next page, null on the last."""

    items: list[Item]
    next: str | None = None


def parse_time_ms(text: object) -> int:
    """Epoch milliseconds of an instant in a query: RFC 3339, or epoch milliseconds as digits.

    A `+` that was not escaped arrives as a space; an offset after a space is therefore taken too.
    Raises: ValueError where the text is neither, or no instant from 1970 to the end of 9999.
    """
    written = str(text).strip()
    if _EPOCH_MS.fullmatch(written):
        return _within_time(int(written))
    clock, space, offset = written.rpartition(" ")
    if space and ":" in clock:
        written = f"{clock}+{offset}"
    try:
        at_ms = parse_instant_ms(written)
    except ValueError as error:
        raise ValueError(f"{error}; or write epoch milliseconds") from error
    return _within_time(at_ms)


def _within_time(at_ms: int) -> int:
    if not 0 <= at_ms <= LATEST_MS:
        raise ValueError("write an instant between 1970 and 9999")
    return at_ms


def _parse_every_ms(text: object) -> int:
    every_ms = parse_duration_ms(str(text))
    if every_ms < 1000:
        raise ValueError(f"{text!r} is shorter than 1s")
    return every_ms


From = Annotated[
    int | None,
    BeforeValidator(parse_time_ms),
    WithJsonSchema({"type": "string"}),
    Query(alias="from", description="From this instant, inclusive: RFC 3339 with an offset, or epoch milliseconds."),
]
To = Annotated[
    int | None,
    BeforeValidator(parse_time_ms),
    WithJsonSchema({"type": "string"}),
    Query(alias="to", description="To this instant, exclusive: RFC 3339 with an offset, or epoch milliseconds."),
]
Every = Annotated[
    int | None,
    BeforeValidator(_parse_every_ms),
    WithJsonSchema({"type": "string"}),
    Query(description="Length of an interval, as a short duration of at least one second: `90s`, `10m`, `2h`, `7d`."),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many items.")]
Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]


def refuse_empty_range(from_ms: int | None, to_ms: int | None) -> None:
    """Raises: Refused (422) where `from` is not before `to`."""
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        detail = "`from` must be before `to`"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, [Fault(where="from", detail=detail)])


def refuse_cursor(error: ValueError) -> Refused:
    """The refusal of a cursor that no page gave."""
    fault = Fault(where="cursor", detail=str(error) or "not a cursor of this list")
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"cursor: {fault.detail}", [fault])
