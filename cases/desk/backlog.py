"""How far the case desk is behind the log, and the log behind the cases."""

import asyncio

from cases.service.services import DeskBacklog
from cases.storage import CaseQuery, CaseStore
from cases.storage.counting import count_cases, count_unpublished
from cases.storage.store import read_positions
from domain.topics import Topics
from streams.ports import Log


async def desk_backlog(log: Log, topics: Topics, store: CaseStore) -> DeskBacklog:
    """Events that the desk has not taken in, revisions that `city.cases` does not hold, and the open cases by state.

    Raises: TransientFault where log or database do not answer.
    """
    bounds = await log.bounds([topics.events])
    reached, by_state, revisions = await asyncio.to_thread(_read, store, f"{topics.prefix}desk")
    behind = (
        end - max(first, reached.get((place.topic, place.partition), 0)) for place, (first, end) in bounds.items()
    )
    return DeskBacklog(sum(max(0, left) for left in behind), revisions, by_state)


def _read(store: CaseStore, follower: str) -> tuple[dict[tuple[str, int], int], dict[str, int], int]:
    with store.database.reading() as connection:
        counts = count_cases(connection, CaseQuery(open=True), 0)
        return read_positions(connection, follower), counts.by_state, count_unpublished(connection)
