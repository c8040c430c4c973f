"""When a rule is active: what the clause `active` says, and what the engine asks of it."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.devices import Device


@dataclass(frozen=True, slots=True)
class Active:
    """The clause `active`. Exactly one of the three is set.

    `sun` is `day` or `night`, by the sun at the device; `hours` are weekly hours as written, such as
    `Mon-Fri 08:00-18:00`; `calendar` names a calendar, and `inside` says whether its open hours or the others count.
    """

    sun: str | None = None
    hours: tuple[str, ...] = ()
    calendar: str | None = None
    inside: bool = True


class Span(NamedTuple):
    """A stretch of time in which a rule is active throughout, or not at all.

    Time: [begin_ms, end_ms), whole minutes, as long as can be: activity is different just before and at the end. A
    stretch without a beginning or end in sight (polar night, a calendar without holidays) reaches far beyond any reading.
    """

    active: bool
    begin_ms: int
    end_ms: int


class Activity(Protocol):
    """When one rule is active at one device. Pure: the same arguments always give the same answer."""

    def __call__(self, at_ms: int, device: Device) -> Span | None:
        """The span around that instant; None where it cannot be told (no place known, no such calendar)."""
