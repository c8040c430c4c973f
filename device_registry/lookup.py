"""The registry as a running stage sees it: a table in memory that follows `registry.devices`."""

import asyncio
from typing import Final

from device_registry.device_table import DeviceTable
from device_registry.outage import Outage
from domain.errors import TransientFault
from domain.topics import Topics
from streams.ports import Log, Start, TopicPartition
from streams.tables import read_to_end

_READ_TIMEOUT_S: Final = 0.25


class FollowingLookup(DeviceTable):
    """A domain.devices.DeviceLookup: `load` once, then `run` beside the stage that asks it, in the same event loop.

    Time: `run` shows a change as soon as the log does. It never waits for the registry itself.
    """

    def __init__(self, topics: Topics) -> None:
        super().__init__()
        self._topic = topics.registry
        self._next_offsets: dict[TopicPartition, int] = {}
        self._log: Log | None = None

    async def load(self, log: Log) -> None:
        """Know everything that stood on the topic when the call began."""
        self._log = log
        async for record in read_to_end(log, [self._topic]):
            self.apply((record,))
            self._next_offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the topic from where `load` ended until `stop` is set; waits out a log that is away."""
        if self._log is None:
            raise RuntimeError("call load before run")
        outage = Outage(f"following {self._topic}")
        while not stop.is_set():
            try:
                await self._follow(self._log, stop, outage)
            except TransientFault as fault:
                await outage.wait(fault, stop)

    async def _follow(self, log: Log, stop: asyncio.Event, outage: Outage) -> None:
        partitions = sorted(await log.bounds([self._topic]))
        reader = await log.reader([self._topic], partitions=partitions, start=Start.EARLIEST)
        try:
            reader.seek(self._next_offsets)
            while not stop.is_set():
                batch = await reader.read(_READ_TIMEOUT_S)
                outage.end()
                for partition, records in batch.items():
                    self.apply(records)
                    self._next_offsets[partition] = records[-1].offset + 1
        finally:
            await reader.close()
