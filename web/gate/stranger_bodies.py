"""The bodies that strangers send: a login is short, and nothing else of theirs is read."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

MOST_BYTES: Final = 64 * 1024


def bounded(receive: Receive) -> Receive:
    """The same, up to `MOST_BYTES` of body. Raises, to who reads on: HTTPException (413)."""
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {MOST_BYTES} bytes before you log in"
            )
        return message

    return receiving
