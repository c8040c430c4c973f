"""What is read from the log to be written to the store together."""

import asyncio
from time import monotonic
from typing import Final

from streams.ports import Batch, LogReader, Record, TopicPartition

_WAIT_S: Final = 0.2
_READ_EVERY_S: Final = 0.05
"""While it lingers: each read is a request to the log about every partition, and none is urgent."""


async def read_together(reader: LogReader, linger_s: float, max_records: int) -> Batch:
    """Up to `max_records`: what is there, and what joins it within `linger_s`, which is none at all if not above 0.

    Empty where nothing comes for a while.
    """
    read = await reader.read(_WAIT_S, max_records)
    gathered: dict[TopicPartition, list[Record]] = {}
    count, deadline = 0, monotonic() + linger_s
    while read:
        for tp, records in read.items():
            gathered.setdefault(TopicPartition(*tp), []).extend(records)
            count += len(records)
        left_s = deadline - monotonic()
        if count >= max_records or left_s <= 0:
            break
        await asyncio.sleep(min(_READ_EVERY_S, left_s))
        read = await reader.read(max(0.0, deadline - monotonic()), max_records - count)
    return gathered
