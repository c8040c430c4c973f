"""One event apart from the others: what cannot be taken in is named on the log, and the desk goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError

from cases.storage import UnknownCase
from cases.workflow.refusals import Refusal
from domain.events import Event

_log = structlog.get_logger()


@contextmanager
def isolated(connection: Connection, event: Event) -> Iterator[None]:
    """Undo what this event did where a case cannot hold it: an event that stopped the desk would stop it at every start.

    A database that is away, and a bug of another sort, still end the whole transaction.
    """
    try:
        with connection.begin_nested():
            yield
    except (ValueError, DataError, Refusal, UnknownCase) as error:
        _log.error(
            "an event that no case can hold is left out",
            event_id=str(event.event_id),
            rule=event.rule,
            subject=event.subject,
            error=str(error),
        )
