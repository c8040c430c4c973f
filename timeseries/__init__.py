"""The time-series store: one port (`timeseries.ports`), its adapters `duckdb` and `influxdb`, and `open_store`.

Public surface:
    ports             Store and the ports it is made of, PartitionBatch, PartitionProgress, WriteOutcome, Refusal, Sums
    opening.by_url    open_store                    `embedded:` or `influxdb://host:8086/org/bucket`
    queries           Sample, Bucket, EventQuery, EventPage
"""

from timeseries.opening.by_url import open_store
from timeseries.ports import (
    EventStore,
    PartitionBatch,
    PartitionProgress,
    Refusal,
    Store,
    Sums,
    TelemetryHistory,
    TelemetryReader,
    TelemetryWriter,
    WriteOutcome,
)
from timeseries.queries.events import EventPage, EventQuery
from timeseries.queries.samples import Bucket, Sample

__all__ = [
    "Bucket",
    "EventPage",
    "EventQuery",
    "EventStore",
    "PartitionBatch",
    "PartitionProgress",
    "Refusal",
    "Sample",
    "Store",
    "Sums",
    "TelemetryHistory",
    "TelemetryReader",
    "TelemetryWriter",
    "WriteOutcome",
    "open_store",
]
