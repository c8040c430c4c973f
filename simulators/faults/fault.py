"""One fault: what is wrong with which device, from when to when, and how badly."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is wrong with a device in [start_ms, end_ms), in the city's true time.

    `size` in [0, 1) is how bad it is; the behaviour of the kind makes degrees, metres or volts of it.
    """

    device_id: str
    kind: str
    start_ms: int
    end_ms: int
    size: float

    def is_on(self, at_ms: int) -> bool:
        return self.start_ms <= at_ms < self.end_ms

    def progress(self, at_ms: int) -> float:
        """How far through the fault `at_ms` is, 0 at its start and 1 at its end."""
        return (at_ms - self.start_ms) / (self.end_ms - self.start_ms)
