"""Texts that every database and every encoder takes; others are refused before they get anywhere."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request

from web.http.problems import Fault, Refused

_WHY: Final = "it holds a character that cannot be stored (NUL or half of a surrogate pair)"


def is_storable(text: str) -> bool:
    """Whether every database takes the text as it is."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


async def refuse_unstorable(request: Request) -> None:
    """A dependency of every route. Raises: Refused (422) where path, query or a JSON body holds what nothing can store."""
    for name, value in [*request.query_params.multi_items(), *request.path_params.items()]:
        if not (is_storable(name) and is_storable(str(value))):
            raise _refused(name if is_storable(name) else "query")
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            return  # whoever reads the body refuses it
        if not all(map(is_storable, _texts_in(body))):
            raise _refused("body")


def _refused(where: str) -> Refused:
    fault = Fault(where=where, detail=_WHY)
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"{where}: {_WHY}", [fault])


def _texts_in(value: Any) -> Iterator[str]:
    """Every text of a JSON value, names of fields included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner)
