"""The label of a fault that asks for an event, and of one that asks for none."""

from domain.devices import Device
from domain.time.units import MINUTE_MS
from simulators.faults.fault import Fault
from simulators.truth.labels import Label, label_id


def due_within(waits_ms: int, device: Device) -> int:
    """How long after the onset a rule that waits so long must have raised: two report intervals and a minute more."""
    return waits_ms + 2 * device.report_interval_s * 1000 + MINUTE_MS


def asks_for(
    fault: Fault,
    *problems: str,
    within_ms: int,
    subjects: tuple[str, ...] = (),
    explains: tuple[str, ...] = (),
    affected: tuple[str, ...] = (),
    hard: str = "",
) -> Label:
    """The label of a fault that one of `problems` should be raised for within `within_ms` of its start.

    `subjects` may carry the event, by default the device itself. `explains` may follow on `affected`, by default on the
    device.
    """
    return Label(
        label=label_id(fault.kind, fault.device_id, fault.start_ms),
        kind=fault.kind,
        place=fault.device_id,
        start_ms=fault.start_ms,
        end_ms=fault.end_ms,
        expects=problems,
        subjects=subjects or (fault.device_id,),
        by_ms=fault.start_ms + within_ms,
        explains=explains,
        affected=affected or ((fault.device_id,) if explains else ()),
        hard=hard,
        size=fault.size,
    )


def asks_for_nothing(fault: Fault, *, explains: tuple[str, ...] = (), affected: tuple[str, ...] = ()) -> Label:
    """The label of something that only looks like a fault, or that the platform must bear without a word."""
    return Label(
        label=label_id(fault.kind, fault.device_id, fault.start_ms),
        kind=fault.kind,
        place=fault.device_id,
        start_ms=fault.start_ms,
        end_ms=fault.end_ms,
        explains=explains,
        affected=affected or ((fault.device_id,) if explains else ()),
        size=fault.size,
    )
