"""The log: one port (`streams.ports`), its adapters `kafka` and `sqlite`; `open_log` picks one by URL.

Public surface:
    ports             Log, LogReader, TransactionalWriter, Outgoing, Record, Committed, TopicPartition, Start
    opening.by_url    open_log                      `embedded:` or `kafka://host:9092`
    reading.tables    read_to_end, latest_by_key    a compacted topic as a table
    limits.records    MAX_RECORD_BYTES, RecordTooLarge
"""

from streams.limits.records import MAX_RECORD_BYTES, RecordTooLarge
from streams.opening.by_url import open_log
from streams.ports import Committed, Log, LogReader, Outgoing, Start, TopicPartition, TransactionalWriter
from streams.reading.tables import latest_by_key, read_to_end

__all__ = [
    "MAX_RECORD_BYTES",
    "Committed",
    "Log",
    "LogReader",
    "Outgoing",
    "RecordTooLarge",
    "Start",
    "TopicPartition",
    "TransactionalWriter",
    "latest_by_key",
    "open_log",
    "read_to_end",
]
