"""One record of `city.events` as the intake reads it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic import ValidationError

from domain.cloud_events import CloudEventReader, EventType
from domain.events import Event, Transition
from streams.ports import Record

_BY_TYPE: Final[Mapping[EventType | None, Transition]] = {EventType("event", one.value): one for one in Transition}


class PublishedEvent(NamedTuple):
    """What happened to an event, and the log's clock when it was found, epoch ms."""

    event: Event
    transition: Transition
    at_ms: int


def read_cloud_event(record: Record) -> PublishedEvent | None:
    """The record's event, in Kafka's binary binding of CloudEvents 1.0; None where it is no event of ours.

    Raises: ValueError where its headers name one that cannot be read.
    """
    attributes = CloudEventReader(record.headers)
    transition = _BY_TYPE.get(attributes.type)
    if transition is None or record.value is None:
        return None
    try:
        event = Event.model_validate_json(record.value)
        at_ms = attributes.at_ms
        if at_ms is None:
            raise ValueError("ce_time is missing")
    except (ValidationError, ValueError) as error:
        raise ValueError(f"{record.topic}[{record.partition}]@{record.offset} is no event: {error}") from error
    return PublishedEvent(event, transition, at_ms)
