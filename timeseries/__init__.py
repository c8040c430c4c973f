"""The time-series store: one port (`timeseries.ports`) and its adapters `embedded` (DuckDB) and `influxdb`."""

from timeseries.opening import open_store
from timeseries.ports import (
    Bucket,
    EventPage,
    EventQuery,
    EventStore,
    Outcome,
    PartitionBatch,
    Progress,
    Refusal,
    Sample,
    Store,
    Sums,
    TelemetryHistory,
    TelemetryReader,
    TelemetryWriter,
)

__all__ = [
    "Bucket",
    "EventPage",
    "EventQuery",
    "EventStore",
    "Outcome",
    "PartitionBatch",
    "Progress",
    "Refusal",
    "Sample",
    "Store",
    "Sums",
    "TelemetryHistory",
    "TelemetryReader",
    "TelemetryWriter",
    "open_store",
]
