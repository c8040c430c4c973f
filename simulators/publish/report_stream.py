"""The report stream of a city: every report of every device in the order of its time, with the faults of each stretch."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush, heapreplace
from typing import Final

from simulators.behaviour import readings_of
from simulators.city import City
from simulators.dialects.reports import Report
from simulators.faults.catalogue import FAULTS
from simulators.faults.fault import Fault
from simulators.faults.plan import NORMAL, FaultPlan
from simulators.noise.seeded import key_of, uniform
from simulators.publish.departures import Leaving, Revelation, departures
from simulators.truth.labels import Label
from simulators.truth.of_world import Truth
from simulators.weather import DRY, WeatherPlan
from simulators.world.state import World

_JITTER_MS: Final = 500
_ALARMS_AFTER_MS: Final = (2_000, 65_000)
"""At once, and again when a minute has shown that it was no passing shake."""
_OUT_OF_TURN: Final = -1
_LAST_TRY: Final = -4
_TRIES_AGAIN_MS: Final = 20_000
"""What is sent out of turn and not received is sent again, three times at most."""


@dataclass(frozen=True)
class ReportStream:
    """A city from `start_ms` on, with the faults of `plan`, the `given` ones, and the weather of `weather_plan`.

    Pure: the same stream gives the same reports and the same truth, however often it is asked.
    """

    city: City
    start_ms: int
    plan: FaultPlan = NORMAL
    given: tuple[Fault, ...] = ()
    weather_plan: WeatherPlan = DRY

    @cached_property
    def world(self) -> World:
        return World(self.city, self.start_ms, self.plan, self.given, self.weather_plan)

    @cached_property
    def truth(self) -> Truth:
        return Truth(self.world)

    def labels(self, until_ms: int) -> tuple[Label, ...]:
        """The truth: every label that starts before `until_ms`, by start."""
        return self.truth.labels(until_ms)

    def reports(self, until_ms: int | None = None) -> Iterator[Report]:
        """Every report made in [start_ms, until_ms), without end if that is None.

        Order: by true time; (device, time) is distinct. A device reports once in its interval, with a small jitter, and
        right after something happened to it, or its water passed a mark, where it has an alarm for that.
        """
        world, devices = self.world, self.city.devices
        keys = [key_of(self.city.seed, device.device_id) for device in devices]
        sent, last_ms = [0] * len(devices), [self.start_ms - 1] * len(devices)
        numbers = {device.device_id: number for number, device in enumerate(devices)}
        due = [(self._due_ms(keys[n], devices[n].report_interval_s, 0), n, 0) for n in range(len(devices))]
        heapify(due)
        known_ms, alarmed, passed = self.start_ms, 0, 0
        while until_ms is None or known_ms < until_ms:
            known_ms += self.plan.stretch_ms
            world.grow_until(known_ms)
            for fault in world.faults.all[alarmed:]:
                for at_ms in _alarms(fault):
                    heappush(due, (at_ms, numbers[fault.device_id], _OUT_OF_TURN))
            alarmed = len(world.faults.all)
            end_ms = known_ms if until_ms is None else min(known_ms, until_ms)
            for mark in self.truth.alarms(end_ms)[passed:]:
                for after_ms in _ALARMS_AFTER_MS:
                    heappush(due, (mark.at_ms + after_ms, numbers[mark.device_id], _OUT_OF_TURN))
            passed = len(self.truth.alarms(end_ms))
            while due[0][0] < end_ms:
                at_ms, n, turn = due[0]
                device = devices[n]
                if turn <= _OUT_OF_TURN:
                    heappop(due)
                else:
                    heapreplace(due, (self._due_ms(keys[n], device.report_interval_s, turn + 1), n, turn + 1))
                if at_ms == last_ms[n]:
                    continue
                if (readings := readings_of(device, world, at_ms)) is None:
                    if _LAST_TRY < turn <= _OUT_OF_TURN:
                        heappush(due, (at_ms + _TRIES_AGAIN_MS, n, turn - 1))
                    continue
                yield Report(device.device_id, device.kind, device.area, at_ms, sent[n], readings)
                sent[n], last_ms[n] = sent[n] + 1, at_ms

    def departures(self, until_ms: int | None = None) -> Iterator[Leaving]:
        """What leaves for the broker in [start_ms, until_ms), and each label of the truth when it becomes true.

        Order: by sending time, labels before the reports of their instant. What is still under way at the end stays away.
        """
        revealed: set[str] = set()
        labels: deque[Label] = deque()
        known_ms = self.start_ms
        for departure in departures(self.reports(until_ms), self.world):
            while departure.at_ms >= known_ms:
                known_ms += self.plan.stretch_ms
                labels.extend(label for label in self.labels(known_ms) if label.label not in revealed)
                revealed.update(label.label for label in labels)
            while labels and labels[0].start_ms <= departure.at_ms:
                yield Revelation(labels[0].start_ms, labels.popleft())
            if until_ms is not None and departure.at_ms >= until_ms:
                return
            yield departure

    def _due_ms(self, key: int, interval_s: int, turn: int) -> int:
        """When a device's report of that turn is due: its own phase, whole intervals, and its clock's jitter."""
        phase_ms = int(uniform(key, 0) * interval_s * 1000)
        return self.start_ms + phase_ms + turn * interval_s * 1000 + int(uniform(key, turn, 7) * _JITTER_MS)


def _alarms(fault: Fault) -> Iterator[int]:
    """When a device reports out of turn: twice after a fault began, and twice after it was put right."""
    if FAULTS[fault.kind].alarms:
        for changed_ms in (fault.start_ms, fault.end_ms):
            for after_ms in _ALARMS_AFTER_MS:
                yield changed_ms + after_ms
