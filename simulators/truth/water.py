"""What water does to a city, read from its true state: wells that fill and run over, roads under water, rainstorms.

true series of a device ──▶ incidents: from when it may be seen until it is over ──▶ labels, where an operator wants to know

Nothing here is drawn. A pipe that is merely full is no incident.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from domain.time.units import MINUTE_MS
from simulators.drainage.water import SLOT_MINUTES
from simulators.truth.labels import Label, label_id
from simulators.truth.marks import Mark, MarkedSeries, marked_series_of
from simulators.truth.observability import sighted_from_ms, what_disturbs
from simulators.world.state import World

_SLACK_MS: Final = 5 * MINUTE_MS
_FURTHEST_SLOTS: Final = 4
"""How far beyond what is asked an incident is followed to its end; what lasts longer is labelled as far as that."""


@dataclass(slots=True)
class _Incident:
    """It is sure to be seen since `sure_ms` (now), was so first at `first_sure_ms`, and for long enough by `shown_ms`.

    `most` is the highest value, `sure_for_ms` the longest that it was sure to be seen without a break.
    """

    start_ms: int
    sure_ms: int | None = None
    first_sure_ms: int | None = None
    shown_ms: int | None = None
    most: float = 0.0
    sure_for_ms: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """A device finds one of its marks passed, beyond doubt, at an instant."""

    at_ms: int
    device_id: str


@dataclass(slots=True)
class _Watched:
    """One thing watched on one device, and the incident that is on."""

    look: MarkedSeries
    watch: Mark
    incident: _Incident | None = None

    @property
    def needs_ms(self) -> int:
        return self.look.needs_ms(self.watch)

    @property
    def needs_in_turn_ms(self) -> int:
        return self.look.needs_in_turn_ms(self.watch)

    @property
    def slack_ms(self) -> int:
        """What is allowed besides: a report interval of those that do not report out of turn."""
        return _SLACK_MS + (0 if self.look.reports_at_once else 1000 * self.look.device.report_interval_s)


class WaterTruth:
    """The labels of a world's water. Works the slots off in their order; what has been labelled never changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._next_slot = world.drainage.slot(world.start_ms)
        self._labels: list[Label] = []
        self._alarms: list[Alarm] = []
        self._watched = [
            (look, [_Watched(look, watch) for watch in look.watches])
            for device in world.city.devices
            for look in marked_series_of(device, world)
        ]

    def labels(self, until_ms: int) -> list[Label]:
        """Every label that starts before `until_ms`, in no order."""
        drainage = self._world.drainage
        last = drainage.slot(until_ms - 1)
        self._work_off(last)
        for slot in range(last + 1, last + 1 + _FURTHEST_SLOTS):
            if not any(one.incident is not None and one.incident.start_ms < until_ms for one in self._all()):
                break
            self._work_off(slot)
        end_ms = drainage.slot_start_ms(self._next_slot)
        running = [_label(one, one.incident, end_ms, self._world) for one in self._all() if one.incident is not None]
        return [
            label
            for label in (*self._labels, *running)
            if label is not None and self._world.start_ms <= label.start_ms < until_ms
        ]

    def alarms(self, until_ms: int) -> list[Alarm]:
        """Every mark passed before `until_ms`, and maybe some later ones; it only grows at its end."""
        self._work_off(self._world.drainage.slot(until_ms - 1))
        return self._alarms

    def _all(self) -> Iterator[_Watched]:
        return (one for _, watched in self._watched for one in watched)

    def _work_off(self, last: int) -> None:
        while self._next_slot <= last:
            self._world.grow_until(self._world.drainage.slot_start_ms(self._next_slot + 1))
            for look, watched in self._watched:
                self._follow(look, watched, self._next_slot)
            self._next_slot += 1

    def _follow(self, look: MarkedSeries, watched: list[_Watched], slot: int) -> None:
        found = look.values(slot)
        start_ms = self._world.drainage.slot_start_ms(slot)
        for one in watched:
            if found is None:
                self._close(one, start_ms)
                continue
            seen, sure = found
            if one.incident is None and float(seen.max()) < one.watch.on:
                continue
            for minute in range(SLOT_MINUTES):
                self._step(one, float(seen[minute]), float(sure[minute]), start_ms + minute * MINUTE_MS)

    def _step(self, one: _Watched, seen: float, sure: float, at_ms: int) -> None:
        watch = one.watch
        if one.incident is None and seen >= watch.on:
            one.incident = _Incident(at_ms - MINUTE_MS)
        elif one.incident is not None and seen < watch.off:
            self._close(one, at_ms)
        if (incident := one.incident) is not None:
            incident.most = max(incident.most, (seen + sure) / 2)
            incident.sure_ms = (incident.sure_ms or at_ms) if sure >= watch.on else None
            if incident.sure_ms is not None:
                if incident.first_sure_ms is None:
                    incident.first_sure_ms = at_ms
                    if one.look.reports_at_once and not watch.silent:
                        self._alarms.append(Alarm(at_ms, one.look.device.device_id))
                incident.sure_for_ms = max(incident.sure_for_ms, at_ms - incident.sure_ms)
                if incident.shown_ms is None and at_ms - incident.sure_ms >= one.needs_ms:
                    incident.shown_ms = at_ms

    def _close(self, one: _Watched, at_ms: int) -> None:
        if one.incident is not None:
            label = _label(one, one.incident, at_ms, self._world)
            if label is not None:
                self._labels.append(label)
            one.incident = None


def _label(one: _Watched, incident: _Incident, end_ms: int, world: World) -> Label | None:
    """The label of an incident: it asks for an event where its instrument was sure to see it for as long as an operator
    would wait, and else for none."""
    watch, device = one.watch, one.look.device
    if watch.silent and incident.most < watch.reaches:
        return None
    common = {
        "label": label_id(watch.kind, device.device_id, incident.start_ms),
        "kind": watch.kind,
        "place": device.device_id,
        "start_ms": incident.start_ms,
        "end_ms": end_ms,
        "explains": watch.explained,
        "affected": (device.device_id,),
    }
    if not watch.problems or incident.first_sure_ms is None or incident.sure_for_ms < watch.for_ms:
        return Label.model_validate(common)
    world.grow_until(end_ms)
    since_ms = incident.first_sure_ms
    needs_ms = min(one.needs_ms, end_ms - since_ms)
    if sighted_from_ms(device, world, since_ms, since_ms + needs_ms, needs_ms) is not None:
        by_ms = (incident.shown_ms or since_ms + one.needs_ms) + one.slack_ms
    elif (
        sighted_ms := sighted_from_ms(device, world, since_ms, end_ms, in_turn_ms := one.needs_in_turn_ms)
    ) is not None:
        by_ms = sighted_ms + in_turn_ms + one.slack_ms
    else:
        # A device that is out of reach is labelled offline; what it does not see nobody can demand of it.
        return Label.model_validate(common)
    if incident.shown_ms is None:
        hard = "it is over before the device has reported often enough"
    else:
        world.grow_until(by_ms)
        hard = what_disturbs(device, world, incident.start_ms, by_ms)
    asked = {"expects": watch.problems, "subjects": (device.device_id,), "by_ms": by_ms, "hard": hard}
    return Label.model_validate(common | asked)
