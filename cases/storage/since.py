"""Where in the history an instant is: times have no index, but follow the sequence."""

from typing import Final

from sqlalchemy import Connection, func, select

from cases.storage.tables import history
from domain.time.units import HOUR_MS

_CLOCKS_APART_MS: Final = HOUR_MS
"""How far the clocks of those who write to the book may differ, for the order of the history to be that of its times."""


def first_sequence(connection: Connection, since_ms: int) -> int:
    """A sequence before which the history holds nothing from that instant on, found by halving.

    Caution: up to an hour of older entries lies behind it.
    """
    last = connection.execute(select(func.max(history.c.sequence))).scalar_one() or 0
    first = 0
    while first < last:
        middle = (first + last) // 2
        found = select(history.c.at_ms).where(history.c.sequence >= middle).order_by(history.c.sequence).limit(1)
        if connection.execute(found).scalar_one() < since_ms - _CLOCKS_APART_MS:
            first = middle + 1
        else:
            last = middle
    return first
