"""One record of `city.events` as the intake reads it."""

from datetime import datetime
from typing import Final, NamedTuple

from pydantic import ValidationError

from domain.events import Event, Transition
from streams.ports import Record

_BY_TYPE: Final = {transition.cloud_event_type.encode(): transition for transition in Transition}


class PublishedEvent(NamedTuple):
    """What happened to an event, and the log's clock when it was found, epoch ms."""

    event: Event
    transition: Transition
    at_ms: int


def read_cloud_event(record: Record) -> PublishedEvent | None:
    """The record's event, in Kafka's binary binding of CloudEvents 1.0; None where it is no event of ours.

    Raises: ValueError where its headers name one that cannot be read.
    """
    headers = dict(record.headers)
    transition = _BY_TYPE.get(headers.get("ce_type", b""))
    if transition is None or record.value is None:
        return None
    try:
        event = Event.model_validate_json(record.value)
        told = datetime.fromisoformat(headers["ce_time"].decode())
    except (ValidationError, KeyError, ValueError) as error:
        raise ValueError(f"{record.topic}[{record.partition}]@{record.offset} is no event: {error}") from error
    return PublishedEvent(event, transition, round(told.timestamp() * 1000))
