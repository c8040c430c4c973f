"""One stretch of one device's readings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """The readings of one quantity of one device with from_ms <= observed_at_ms < to_ms."""

    device_id: str
    kind: str
    quantity: str
    from_ms: int
    to_ms: int
