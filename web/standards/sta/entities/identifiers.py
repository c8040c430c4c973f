"""The ids of entities that have none of their own: data streams and observations. They never change.

A device id holds no `/` and no quote, the name of a quantity no `:`; so `SL-1:voltage` and `SL-1:voltage:1763697600000`
can be taken apart from the right.
"""

from typing import NamedTuple

from domain.devices import DEVICE_ID
from domain.quantities.catalogue import CATALOGUE
from timeseries.queries.readings import StoredReading

_LONGEST_INSTANT = 14


class Series(NamedTuple):
    device_id: str
    quantity: str


def datastream_id(device_id: str, quantity: str) -> str:
    return f"{device_id}:{quantity}"


def observation_id(reading: StoredReading) -> str:
    return f"{reading.device_id}:{reading.quantity}:{reading.sample.observed_at_ms}"


def read_datastream_id(text: str) -> Series | None:
    """What it names; None where no data stream can have this id."""
    device_id, _, quantity = text.rpartition(":")
    return Series(device_id, quantity) if DEVICE_ID.fullmatch(device_id) and quantity in CATALOGUE else None


def read_observation_id(text: str) -> tuple[Series, int] | None:
    """The series and the instant, epoch ms; None where no observation can have this id."""
    stream, _, instant = text.rpartition(":")
    series = read_datastream_id(stream)
    if series is None or not (instant.isascii() and instant.isdecimal() and len(instant) <= _LONGEST_INSTANT):
        return None
    return series, int(instant)
