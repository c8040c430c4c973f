"""What one process of a load has to do, and what it has done: plain values that travel between processes."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from domain.mqtt import MqttEndpoint
from simulators.fleet.histogram import LatencyHistogram
from simulators.fleet.kinds import LoadKind
from simulators.fleet.schedule import LoadProfile, PlannedOutage


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A whole load, the same for all its processes.

    `devices` send in turn; `connections` of them are real, one for each device at most, shared evenly. `window` is how
    many messages of one connection may be unacknowledged. Every `probe_every`-th device trips the rule with every other
    report, none if 0. What is unacknowledged `patience_s` after the last message is left so.
    """

    endpoint: MqttEndpoint
    kind: LoadKind
    profile: LoadProfile
    devices: int
    connections: int
    processes: int
    probe_every: int
    client_prefix: str
    window: int = 1000
    keepalive_s: int = 60
    tick_s: float = 0.005
    patience_s: float = 30.0

    @property
    def outage(self) -> PlannedOutage | None:
        return self.profile.outage


@dataclass(slots=True)
class LoadProgress:
    """What a process has done so far."""

    connected: int = 0
    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    waiting: int = 0


@dataclass(slots=True)
class LoadOutcome:
    """What a process did. Lists by second count from the start of the schedule.

    `acknowledged_bits` holds a bit for each message of the whole schedule, the first in the highest bit of the first byte.
    `lag` is how late the driver itself was with messages that nothing but itself held up; `held` counts those that waited
    for their connection or for its window, and `send_lag` holds all of them: handed to the socket, less intended.
    """

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    unheard: int = 0
    resent: int = 0
    held: int = 0
    reconnects: int = 0
    connections: int = 0
    sent_by_second: list[int] = field(default_factory=list)
    acknowledged_by_second: list[int] = field(default_factory=list)
    lag: LatencyHistogram = field(default_factory=LatencyHistogram)
    send_lag: LatencyHistogram = field(default_factory=LatencyHistogram)
    acknowledged_bits: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    cpu_s: float = 0.0
    took_s: float = 0.0

    def merge(self, other: "LoadOutcome") -> None:
        """Add what another process did."""
        for name in ("sent", "acknowledged", "refused", "unheard", "resent", "held", "reconnects", "connections"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.sent_by_second = _added(self.sent_by_second, other.sent_by_second)
        self.acknowledged_by_second = _added(self.acknowledged_by_second, other.acknowledged_by_second)
        self.lag.merge(other.lag)
        self.send_lag.merge(other.send_lag)
        if not self.acknowledged_bits.size:
            self.acknowledged_bits = np.zeros_like(other.acknowledged_bits)
        self.acknowledged_bits |= other.acknowledged_bits
        self.cpu_s += other.cpu_s
        self.took_s = max(self.took_s, other.took_s)


def count_in_second(by_second: list[int], at_s: float, count: int) -> None:
    """Add to the count of the second that `at_s` lies in; what is before the start counts to the first."""
    second = max(0, int(at_s))
    if second >= len(by_second):
        by_second += [0] * (second + 1 - len(by_second))
    by_second[second] += count


def _added(a: list[int], b: list[int]) -> list[int]:
    longest = max(len(a), len(b))
    return [x + y for x, y in zip(a + [0] * (longest - len(a)), b + [0] * (longest - len(b)), strict=True)]
