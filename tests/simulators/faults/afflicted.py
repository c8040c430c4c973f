"""One device with one fault, and what it tells before, during and after."""

from dataclasses import dataclass
from typing import Final

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.city import City, build_city
from simulators.dialects.reports import Report
from simulators.faults import Fault, FaultPlan
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import Label

NO_OTHERS: Final = FaultPlan(share=0)


@dataclass(frozen=True)
class Case:
    """What the device told, and the one label."""

    device: Device
    fault: Fault
    label: Label
    before: list[Report]
    during: list[Report]
    after: list[Report]

    def values(self, reports: list[Report], quantity: str) -> list[float]:
        return [float(report.readings[quantity]) for report in reports if quantity in report.readings]


def afflict(
    kind: str,
    device: Device,
    start: str,
    *,
    hours: float = 2.0,
    size: float = 0.5,
    margin_hours: float = 1.0,
    city: City | None = None,
    told_by: Device | None = None,
) -> Case:
    """A life with that one fault, looked at from `margin_hours` before to as long after; `told_by` whose reports."""
    start_ms = parse_instant_ms(start)
    fault = Fault(device.device_id, kind, start_ms, start_ms + int(hours * HOUR_MS), size)
    margin_ms = int(margin_hours * HOUR_MS)
    until_ms = fault.end_ms + margin_ms
    life = ReportStream(city or build_city(7, 60), start_ms - margin_ms, NO_OTHERS, (fault,))
    (label,) = (label for label in life.labels(until_ms) if label.kind == kind)
    witness = (told_by or device).device_id
    own = [report for report in life.reports(until_ms) if report.device_id == witness]
    return Case(
        device,
        fault,
        label,
        [report for report in own if report.observed_at_ms < fault.start_ms],
        [report for report in own if fault.is_on(report.observed_at_ms)],
        [report for report in own if report.observed_at_ms >= fault.end_ms],
    )
