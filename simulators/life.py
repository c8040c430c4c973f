"""The life of a city: every report of every device in the order of its time, with the faults of each stretch."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count

from simulators.behaviour import readings_of
from simulators.city import City
from simulators.faults import Fault, FaultKind, draw_faults
from simulators.noise import key_of, uniform
from simulators.reports import Report
from simulators.sky import Sky

_JITTER_MS = 500
_ALARM_AFTER_MS = 2_000


@dataclass(frozen=True)
class Life:
    """A city from `start_ms` on. Faults are drawn anew every `stretch_ms`, each kind for `fault_share` of its devices.

    Pure: the same life gives the same reports and the same truth, however often it is asked.
    """

    city: City
    start_ms: int
    stretch_ms: int = 2 * 3_600_000
    fault_share: float = 0.02

    @cached_property
    def sky(self) -> Sky:
        return Sky(self.city.place)

    def stretches(self, until_ms: int | None = None) -> Iterator[tuple[int, tuple[Fault, ...]]]:
        """The end of each stretch with its faults, without end if `until_ms` is None."""
        for number in count():
            from_ms = self.start_ms + number * self.stretch_ms
            if until_ms is not None and from_ms >= until_ms:
                return
            to_ms = from_ms + self.stretch_ms
            yield to_ms, draw_faults(self.city, self.sky, from_ms, to_ms, self.fault_share)

    def faults(self, until_ms: int) -> tuple[Fault, ...]:
        """The truth: every fault that starts before `until_ms`, by start."""
        drawn = (fault for _, faults in self.stretches(until_ms) for fault in faults)
        return tuple(fault for fault in drawn if fault.start_ms < until_ms)

    def reports(self, until_ms: int | None = None) -> Iterator[Report]:
        """Every report observed in [start_ms, until_ms), without end if that is None.

        Order: by observed time; (device, time) is distinct. A device reports once in its interval, with a small jitter;
        a cover also right after something happened to it.
        """
        devices = self.city.devices
        keys = [key_of(self.city.seed, device.device_id) for device in devices]
        sent, last_ms = [0] * len(devices), [self.start_ms - 1] * len(devices)
        numbers = {device.device_id: number for number, device in enumerate(devices)}
        due = [(self._due_ms(keys[n], devices[n].report_interval_s, 0), n, 0) for n in range(len(devices))]
        heapify(due)
        for to_ms, faults in self.stretches(until_ms):
            afflicted = {numbers[fault.device_id]: fault for fault in faults}
            for at_ms, number in _alarms(afflicted):
                heappush(due, (at_ms, number, -1))
            while due[0][0] < to_ms:
                at_ms, n, turn = due[0]
                if until_ms is not None and at_ms >= until_ms:
                    return
                device, key, fault = devices[n], keys[n], afflicted.get(n)
                if turn < 0:
                    heappop(due)
                else:
                    heapreplace(due, (self._due_ms(key, device.report_interval_s, turn + 1), n, turn + 1))
                if fault and not fault.is_on(at_ms):
                    fault = None
                if at_ms == last_ms[n] or (fault and fault.kind is FaultKind.OFFLINE):
                    continue
                readings = readings_of(device, key, self.sky, at_ms, fault)
                yield Report(device.device_id, device.kind, device.area, at_ms, sent[n], readings)
                sent[n], last_ms[n] = sent[n] + 1, at_ms

    def _due_ms(self, key: int, interval_s: int, turn: int) -> int:
        """When a device's report of that turn is due: its own phase, whole intervals, and its clock's jitter."""
        phase_ms = int(uniform(key, 0) * interval_s * 1000)
        return self.start_ms + phase_ms + turn * interval_s * 1000 + int(uniform(key, turn, 7) * _JITTER_MS)


def _alarms(afflicted: dict[int, Fault]) -> Iterator[tuple[int, int]]:
    """When a cover reports out of turn: two seconds after it was moved, and after it was put right."""
    for number, fault in afflicted.items():
        if fault.kind in (FaultKind.COVER_OPEN, FaultKind.COVER_TILTED):
            yield fault.start_ms + _ALARM_AFTER_MS, number
            yield fault.end_ms + _ALARM_AFTER_MS, number
