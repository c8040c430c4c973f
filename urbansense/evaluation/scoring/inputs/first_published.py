"""When each event was first published: the times of the CloudEvents on `city.events`, which the API does not know."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from domain.cloud_events import CloudEventReader
from domain.errors import ConfigurationError
from domain.topics import Topics
from streams.opening.by_url import EMBEDDED_FILE, open_log
from streams.ports import Log
from streams.reading.tables import read_to_end
from urbansense.configuration.settings import Settings
from urbansense.evaluation.scoring.grading import ScoredEvent

_PATIENCE_S: Final = 60.0


class NotKnown(Exception):
    """Why the log does not show it, in words."""


async def fetch_first_published(settings: Settings) -> Mapping[str, int]:
    """`tellings_of` the log that the settings name; no file is made.

    Raises: NotKnown where there is no log or no topic, another process holds it, or it does not answer.
    """
    embedded = settings.log_url.startswith("embedded")
    if embedded and not (settings.data_dir / EMBEDDED_FILE).exists():
        raise NotKnown("there is no log")
    try:
        log = await open_log(settings.log_url, settings.data_dir, "urbansense-score")
    except ConfigurationError as error:
        raise NotKnown(str(error)) from error
    try:
        return await asyncio.wait_for(first_published_of(log, settings.topics), _PATIENCE_S)
    except ConfigurationError as error:
        raise NotKnown(str(error)) from error
    except TimeoutError as error:
        raise NotKnown(f"{settings.log_url} did not tell within {_PATIENCE_S:.0f} s") from error
    finally:
        await log.close()


async def first_published_of(log: Log, topics: Topics) -> dict[str, int]:
    """By event id, the log's clock in ms when the event was first published, of all that the log still holds."""
    first_ms: dict[str, int] = {}
    async for record in read_to_end(log, [topics.events]):
        attributes = CloudEventReader(record.headers)
        name, at_ms = attributes.id, attributes.at_ms
        if name is not None and at_ms is not None:
            event_id = name.partition("/")[0]
            first_ms[event_id] = min(at_ms, first_ms.get(event_id, at_ms))
    return first_ms


def with_first_published(events: Iterable[ScoredEvent], first_ms: Mapping[str, int]) -> tuple[ScoredEvent, ...]:
    """The events with the times at which they were published, where those are known."""
    return tuple(ScoredEvent(one.event, first_ms.get(str(one.event.event_id), one.published_ms)) for one in events)
