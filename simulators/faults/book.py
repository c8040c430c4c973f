"""The faults of a city, drawn from its seed one stretch of time after the other."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.devices import Device
from domain.time.units import HOUR_MS
from simulators.city import City
from simulators.faults.fault import Fault
from simulators.faults.plan import FaultPlan
from simulators.faults.spec import FaultSpec
from simulators.noise.seeded import key_of, mixed, uniform
from simulators.weather.sky import Sky


class FaultBook:
    """Every fault up to `known_until_ms`. It grows by whole stretches, and what is in it never changes.

    The same city, plan, start and specs give the same faults, however the book is made to grow. A device has at most one
    fault at a time, those included that claim it. `given` faults are in it besides, by start, and are drawn around.
    """

    def __init__(
        self,
        city: City,
        sky: Sky,
        start_ms: int,
        plan: FaultPlan,
        specs: Sequence[FaultSpec],
        given: Sequence[Fault] = (),
    ) -> None:
        self.known_until_ms = start_ms
        self.all: list[Fault] = []
        self._city, self._sky, self._plan = city, sky, plan
        self._specs = tuple(spec for spec in specs if plan.share_of(spec.kind) > 0)
        self._able = {spec.kind: [device for device in city.devices if spec.able(device)] for spec in self._specs}
        self._of_device: dict[str, list[Fault]] = defaultdict(list)
        self._taken: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._given = sorted(given, key=lambda fault: fault.start_ms)
        claims = {spec.kind: spec.claims for spec in specs}
        for fault in self._given:
            self._take((fault.device_id, *claims[fault.kind](fault, city)), fault)

    def draw_until(self, until_ms: int) -> None:
        """Let the book grow until it knows `until_ms`."""
        while self.known_until_ms < until_ms:
            end_ms = self.known_until_ms + self._plan.stretch_ms
            stretch = [fault for fault in self._given if self.known_until_ms <= fault.start_ms < end_ms]
            for spec in self._specs:
                stretch += self._drawn(spec, self.known_until_ms)
            self.known_until_ms = end_ms
            stretch.sort(key=lambda fault: (fault.start_ms, fault.device_id))
            for fault in stretch:
                self._of_device[fault.device_id].append(fault)
            self.all += stretch

    def of(self, device_id: str) -> Sequence[Fault]:
        """All faults drawn for a device so far, by start."""
        return self._of_device.get(device_id, ())

    def on(self, device_id: str, at_ms: int) -> Fault | None:
        """The fault that a device has at an instant."""
        faults = self._of_device.get(device_id)
        if not faults:
            return None
        for fault in reversed(faults):
            if fault.start_ms <= at_ms:
                return fault if at_ms < fault.end_ms else None
        return None

    def _drawn(self, spec: FaultSpec, from_ms: int) -> list[Fault]:
        key = key_of(self._city.seed, "fault", spec.kind, str(from_ms))
        wanted = max(1, round(self._plan.share_of(spec.kind) * len(self._able[spec.kind])))
        found: list[Fault] = []
        for number, device in enumerate(_shuffled(self._able[spec.kind], key)):
            if len(found) == wanted:
                break
            fault = self._cast(spec, key, number, device, from_ms)
            touched = (device.device_id, *spec.claims(fault, self._city))
            if spec.fits(fault, self._sky) and self._is_free(touched, fault):
                self._take(touched, fault)
                found.append(fault)
        return found

    def _cast(self, spec: FaultSpec, key: int, number: int, device: Device, from_ms: int) -> Fault:
        first, last = self._plan.starts
        start_ms = from_ms + int(self._plan.stretch_ms * uniform(key, number, 0, low=first, high=last))
        lasts_ms = int(uniform(key, number, 1, low=spec.lasts_ms[0], high=spec.lasts_ms[1]))
        return Fault(device.device_id, spec.kind, start_ms, start_ms + lasts_ms, uniform(key, number, 2))

    def _take(self, touched: Iterable[str], fault: Fault) -> None:
        for device_id in touched:
            self._taken[device_id].append((fault.start_ms, fault.end_ms))

    def _is_free(self, touched: Iterable[str], fault: Fault) -> bool:
        rest_ms = int(self._plan.rest_h * HOUR_MS)
        return not any(
            start_ms - rest_ms < fault.end_ms and fault.start_ms < end_ms + rest_ms
            for device_id in touched
            for start_ms, end_ms in self._taken.get(device_id, ())
        )


def _shuffled(devices: Iterable[Device], key: int) -> list[Device]:
    return sorted(devices, key=lambda device: mixed(key, key_of(0, device.device_id)))
