"""What becomes of reports between the device and the broker, and when each is sent.

reports by true time ──▶ clock, buffer, stutter ──▶ heap by sending time ──▶ departures
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import Final

from simulators.behaviour import readings_of
from simulators.dialects.reports import Report
from simulators.faults.fault import Fault
from simulators.faults.transport import (
    GARBLED,
    GONE_MAD,
    LATE_BURST,
    REORDERED,
    SENT_AGAIN,
    WRONG_CLOCK,
    clock_offset_ms,
)
from simulators.noise.seeded import mixed, uniform
from simulators.truth.labels import Label
from simulators.world.state import World

_LONGEST_DELAY_MS: Final = 240_000
"""Of a message that is overtaken or sent again: within the lateness of most rules."""
_BURST_STEP_MS: Final = 20
_MAD_STEP_MS: Final = 10
_GARBLED_SHARE: Final = 0.4
_FIRST_MS, _SECOND_MS = 0, 1


@dataclass(frozen=True, slots=True)
class Departure:
    """One report on its way to the broker at `at_ms`, true time; its own times are by the device's clock.

    `again` marks one that was sent before; `garbled` holds the bits from which its bytes are spoilt, None if they are not.
    """

    at_ms: int
    report: Report
    again: bool = False
    garbled: int | None = None


@dataclass(frozen=True, slots=True)
class Revelation:
    """A label of the truth, at the instant from which it is true."""

    at_ms: int
    label: Label


Leaving = Departure | Revelation


def on_time(reports: Iterable[Report]) -> Iterator[Departure]:
    """Every report leaves when it was observed."""
    for report in reports:
        yield Departure(report.observed_at_ms, report)


def departures(reports: Iterable[Report], world: World) -> Iterator[Departure]:
    """The reports as they leave, with the transport faults of the world.

    Shape: by sending time; `reports` by true time. Memory holds what waits: buffered, overtaken and repeated messages.
    """
    waiting: list[tuple[int, int, Departure]] = []
    order = count()
    for report in reports:
        for departure in _leaving(report, world):
            heappush(waiting, (departure.at_ms, next(order), departure))
        while waiting and waiting[0][0] <= report.observed_at_ms:
            yield heappop(waiting)[2]
    while waiting:
        yield heappop(waiting)[2]


def spoilt(payload: bytes, bits: int) -> bytes:
    """The payload as a broken modem sends it: cut short, or with a run of bytes that no text and no frame can hold."""
    place = 1 + mixed(bits, _FIRST_MS) % max(1, len(payload) - 1)
    if mixed(bits, _SECOND_MS) % 2:
        return payload[:place]
    return payload[:place] + b"\xff" * 8 + payload[place + 8 :]


def _leaving(report: Report, world: World) -> Iterator[Departure]:
    at_ms = report.observed_at_ms
    fault = world.faults.on(report.device_id, at_ms)
    if fault is None:
        yield Departure(at_ms, report)
        return
    key = world.key(report.device_id)
    match fault.kind:
        case kind if kind == SENT_AGAIN:
            yield Departure(at_ms, report)
            for copy in range(1 + mixed(key, at_ms, 11) % 2):
                yield Departure(at_ms + _delay_ms(key, at_ms, copy), report, again=True)
        case kind if kind == REORDERED:
            yield Departure(at_ms + _delay_ms(key, at_ms, 0), report)
        case kind if kind == LATE_BURST:
            yield Departure(_burst_ms(fault, report, world), report)
        case kind if kind == GARBLED:
            spoils = uniform(key, at_ms, 12) < _GARBLED_SHARE
            yield Departure(at_ms, report, garbled=mixed(key, at_ms, 13) if spoils else None)
        case kind if kind == WRONG_CLOCK:
            yield Departure(at_ms, replace(report, observed_at_ms=max(0, at_ms + clock_offset_ms(fault))))
        case kind if kind == GONE_MAD:
            yield from _raving(report, fault, world)
        case _:
            yield Departure(at_ms, report)


def _delay_ms(key: int, at_ms: int, copy: int) -> int:
    return int(uniform(key, at_ms, 14, copy) * _LONGEST_DELAY_MS)


def _burst_ms(fault: Fault, report: Report, world: World) -> int:
    """What was buffered leaves when the link is back, one message close behind the other."""
    interval_ms = world.device(report.device_id).report_interval_s * 1000
    return fault.end_ms + _BURST_STEP_MS * ((report.observed_at_ms - fault.start_ms) // interval_ms)


def _raving(report: Report, fault: Fault, world: World) -> Iterator[Departure]:
    """A hundred reports a second from the first of the fault on, and none of the others."""
    first_ms = fault.start_ms + 2_000
    if report.observed_at_ms != first_ms:
        return
    device = world.device(report.device_id)
    for at_ms in range(first_ms, fault.end_ms, _MAD_STEP_MS):
        readings: Mapping[str, float | bool] | None = readings_of(device, world, at_ms)
        if readings is not None:
            yield Departure(at_ms, replace(report, observed_at_ms=at_ms, readings=readings))
