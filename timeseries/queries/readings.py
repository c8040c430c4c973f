"""Readings of many devices in one order, page by page: what a reader needs that does not ask for one series at a time."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from timeseries.queries.samples import Sample

Comparison = Literal["<", "<=", ">", ">="]


class StoredReading(NamedTuple):
    """One reading and whose it is."""

    device_id: str
    quantity: str
    sample: Sample


@dataclass(frozen=True, slots=True)
class ReadingQuery:
    """Which readings: those with from_ms <= observed_at_ms < to_ms that match every field given.

    Order: by observed time, or by value and then time; then by device id and quantity; `descending` turns all of it.
    `values` are comparisons that the value must hold. `after` is the last reading of the page before: the next page
    begins behind it, however far that is, at the cost of the first. `skip` counts from there.
    """

    from_ms: int | None = None
    to_ms: int | None = None
    device_ids: tuple[str, ...] | None = None
    quantities: tuple[str, ...] | None = None
    values: tuple[tuple[Comparison, float], ...] = ()
    by: Literal["time", "value"] = "time"
    descending: bool = False
    after: StoredReading | None = None
    skip: int = 0
    limit: int = 100

    @property
    def span_ms(self) -> tuple[int | None, int | None]:
        """The range of time that is left: where readings come by time, what lies before `after` is out of it."""
        from_ms, to_ms = self.from_ms, self.to_ms
        if self.after is None or self.by != "time":
            return from_ms, to_ms
        at_ms = self.after.sample.observed_at_ms
        if self.descending:
            return from_ms, at_ms + 1 if to_ms is None else min(to_ms, at_ms + 1)
        return at_ms if from_ms is None else max(from_ms, at_ms), to_ms
