"""Single stored readings, and intervals of them."""

from dataclasses import dataclass

from domain.telemetry import Quality


@dataclass(frozen=True, slots=True)
class Sample:
    """One stored reading. `quality` is None where it is good."""

    observed_at_ms: int
    value: float
    quality: Quality | None = None
    received_at_ms: int | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One downsampled interval [start_ms, start_ms + every); readings marked `bad` are left out."""

    start_ms: int
    mean: float
    low: float
    high: float
    count: int
