"""The two clocks a simulation can run by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """Time as the data have it, published to the gateways.

    `speed` is a ceiling in simulated seconds per second; None is as fast as the broker takes it. `step_ms` is how far
    reports may run ahead of the clock: at most 4 minutes, since one observed more than 5 minutes after it is `bad_time`.
    `run_on_to_ms` is where the clock goes after the last report, so that silence and `for` can end.
    """

    speed: float | None = None
    step_ms: int = 10_000
    run_on_to_ms: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.step_ms <= 240_000:
            raise ValueError(f"a step of the clock is 0 to 240000 ms, not {self.step_ms}")
        if self.speed is not None and self.speed <= 0:
            raise ValueError(f"speed is simulated seconds per second, above 0, not {self.speed}")


@dataclass(frozen=True, slots=True)
class WallClock:
    """Real time: a report is sent when its time has come, and no clock is published."""
