"""When each message of a load is meant to be sent: fixed before the run, whatever happens in it.

A schedule is a row of stretches, each with a rate that is constant or grows evenly. Message i belongs to device i mod N,
so a device's messages are N apart, and two of them never fall into one millisecond if the schedule fits the devices.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from domain.errors import ConfigurationError

Indices = npt.NDArray[np.int64]
_BURST_EVERY_S: Final = 10.0
_BURST_SHARE: Final = 0.2


class ProfileName(StrEnum):
    """The shapes of load that can be asked for."""

    STEADY = "steady"
    RAMP = "ramp"
    BURST = "burst"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds with one rate, in messages a second, or with one that goes evenly from `rate` to `end_rate`."""

    length_s: float
    rate: float
    end_rate: float


@dataclass(frozen=True, slots=True)
class PlannedOutage:
    """A stretch [start_s, end_s) in which `share` of the connections has no network."""

    start_s: float
    end_s: float
    share: float = 1.0


@dataclass(frozen=True)
class Schedule:
    """The intended send times of all messages, in seconds from the start; a pure function of its stretches."""

    stretches: tuple[Stretch, ...]

    @property
    def duration_s(self) -> float:
        return sum(stretch.length_s for stretch in self.stretches)

    @cached_property
    def total(self) -> int:
        """How many messages there are: those meant before the end."""
        return int(np.ceil(self._counts[-1] - 1e-6))

    @property
    def mean_rate(self) -> float:
        return self.total / self.duration_s

    @property
    def peak_rate(self) -> float:
        return max(max(stretch.rate, stretch.end_rate) for stretch in self.stretches)

    def due(self, elapsed_s: float) -> int:
        """How many messages are meant to be sent up to `elapsed_s`, inclusive."""
        if elapsed_s < 0:
            return 0
        count, start_s = 0.0, 0.0
        for stretch in self.stretches:
            inside_s = min(elapsed_s - start_s, stretch.length_s)
            if inside_s <= 0:
                break
            slope = (stretch.end_rate - stretch.rate) / stretch.length_s
            count += stretch.rate * inside_s + slope * inside_s**2 / 2
            start_s += stretch.length_s
        return min(self.total, int(count + 1e-6) + 1)

    def intended_s(self, messages: Indices) -> npt.NDArray[np.float64]:
        """The intended times of the messages with these numbers (from 0), in seconds from the start."""
        which = np.clip(np.searchsorted(self._counts, messages, side="right") - 1, 0, len(self.stretches) - 1)
        behind = messages - self._counts[which]
        rate, slope = self._rates[which], self._slopes[which]
        root = np.sqrt(np.maximum(rate**2 + 2 * slope * behind, 0.0))
        divisor = rate + root
        inside_s = np.divide(2 * behind, divisor, out=np.zeros_like(divisor), where=divisor > 0)
        return self._starts_s[which] + inside_s

    def intended_ms(self, messages: Indices, start_ms: int) -> Indices:
        """The same as whole epoch milliseconds: what the payload carries as the time of observation."""
        return start_ms + np.floor(self.intended_s(messages) * 1000 + 1e-6).astype(np.int64)

    @cached_property
    def _counts(self) -> npt.NDArray[np.float64]:
        sizes = [s.length_s * (s.rate + s.end_rate) / 2 for s in self.stretches]
        return np.concatenate([[0.0], np.cumsum(sizes)])

    @cached_property
    def _starts_s(self) -> npt.NDArray[np.float64]:
        return np.concatenate([[0.0], np.cumsum([s.length_s for s in self.stretches])[:-1]])

    @cached_property
    def _rates(self) -> npt.NDArray[np.float64]:
        return np.array([s.rate for s in self.stretches])

    @cached_property
    def _slopes(self) -> npt.NDArray[np.float64]:
        return np.array([(s.end_rate - s.rate) / s.length_s for s in self.stretches])


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """What is asked of the platform: the schedule, and the outage in it if there is one."""

    name: ProfileName
    schedule: Schedule
    outage: PlannedOutage | None = None


def profile_of(name: ProfileName, rate: float, duration_s: float, outage: PlannedOutage | None = None) -> LoadProfile:
    """The profile of that name.

    `steady` and `outage` send at `rate`; `ramp` goes from 0 to `rate`; `burst` sends at half the rate with spikes of twice
    the rate, 2 s in every 10 (a fifth of a shorter run's halves), which comes to 0.8 of `rate` in the mean. An outage is,
    unless given, of all connections, in the middle, a fifth of the run and 20 s at most.
    """
    match name:
        case ProfileName.STEADY:
            return LoadProfile(name, Schedule((Stretch(duration_s, rate, rate),)))
        case ProfileName.RAMP:
            return LoadProfile(name, Schedule((Stretch(duration_s, 0.0, rate),)))
        case ProfileName.BURST:
            return LoadProfile(name, Schedule(tuple(_bursts(rate, duration_s))))
        case ProfileName.OUTAGE:
            length_s = min(20.0, duration_s / 5)
            middle = PlannedOutage((duration_s - length_s) / 2, (duration_s + length_s) / 2)
            return LoadProfile(name, Schedule((Stretch(duration_s, rate, rate),)), outage or middle)


def _bursts(rate: float, duration_s: float) -> Iterator[Stretch]:
    count = max(2, round(duration_s / _BURST_EVERY_S))
    period_s = duration_s / count
    for _ in range(count):
        yield Stretch(period_s * (1 - _BURST_SHARE), rate / 2, rate / 2)
        yield Stretch(period_s * _BURST_SHARE, rate * 2, rate * 2)


def check_fit(schedule: Schedule, devices: int) -> None:
    """Raises: ConfigurationError where a device would have to send twice in one millisecond, or nothing would be sent."""
    problems: list[str] = []
    if schedule.total < 1:
        problems.append(f"{schedule.duration_s:g} s at {schedule.peak_rate:g} messages/s hold not one message")
    least = int(np.ceil(schedule.peak_rate * 1.001 / 1000))
    if devices < least:
        problems.append(
            f"at {schedule.peak_rate:,.0f} messages/s {devices} devices would tell two reports in one millisecond, which "
            f"are one report to the platform: take at least {least} devices"
        )
    if problems:
        raise ConfigurationError(problems)


def per_second(schedule: Schedule) -> Sequence[int]:
    """How many messages are meant in each whole second of the run; the last one may be shorter."""
    edges = [*range(1, int(np.ceil(schedule.duration_s)) + 1)]
    upto = [0, *(schedule.due(min(edge, schedule.duration_s) - 1e-5) for edge in edges[:-1]), schedule.total]
    return [b - a for a, b in itertools.pairwise(upto)]
