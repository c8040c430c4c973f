"""How much of a log is read to be written at once, whatever the log is."""

from collections.abc import Mapping
from pathlib import Path

from domain.topics import TopicSpec
from ingest.recorder.gathering import read_together
from streams import LogReader, Outgoing, Start, TopicPartition
from streams.ports import Batch, Committed
from streams.sqlite.log import SQLiteLog

_TOPIC = "readings"


class _CountedReader:
    """A reader of one record at a time, which counts its reads."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.reads = 0

    async def read(self, timeout_s: float, max_records: int = 5000) -> Batch:
        self.reads += 1
        return await self._reader.read(timeout_s, 1)

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._reader.seek(offsets)

    def position(self, partition: TopicPartition) -> int:
        return self._reader.position(partition)

    async def commit(self, positions: Mapping[TopicPartition, Committed]) -> None:
        await self._reader.commit(positions)

    async def close(self) -> None:
        await self._reader.close()


async def test_what_comes_while_it_lingers_is_written_together_and_without_lingering_what_is_there(
    tmp_path: Path,
) -> None:
    log = SQLiteLog(tmp_path / "log")
    await log.ensure_topics([TopicSpec(_TOPIC, 1)])
    await log.append([Outgoing(_TOPIC, b"k", b"%d" % number) for number in range(4)])
    reader = _CountedReader(await log.reader([_TOPIC], start=Start.EARLIEST))
    where = TopicPartition(_TOPIC, 0)

    at_once = await read_together(reader, 0.0, max_records=100)
    assert [record.value for record in at_once[where]] == [b"0"]
    assert reader.reads == 1

    together = await read_together(reader, 3600.0, max_records=3)
    assert [record.value for record in together[where]] == [b"1", b"2", b"3"]
    assert await read_together(reader, 3600.0, max_records=3) == {}
    await reader.close()
    await log.close()
