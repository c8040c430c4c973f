"""When lamps are commanded to shine, and how brightly: the lighting plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from domain.devices import AttributeValue


@dataclass(frozen=True, slots=True)
class LightingPlan:
    """Lamps are on while the sun stands below `switch_at_deg`; `steps` are levels in percent from an hour of the day on.

    Shape: at least one step, by hour, each level in (0, 100]; before the first of the day the last one holds.
    Source of the height: photocells switch between 70 and 35 lx, which a clear sky gives at about 3 degrees below the
    horizon, in the first half of civil twilight (which ends at 6).
    """

    switch_at_deg: float = -3.0
    steps: tuple[tuple[float, float], ...] = ((5.0, 100.0), (23.0, 60.0))

    def level(self, hour: float) -> float:
        """The level of a lamp that is on, at an hour of the civil day, percent."""
        found = self.steps[-1][1]
        for from_hour, level in self.steps:
            if hour < from_hour:
                break
            found = level
        return found


NORMAL_PLAN: Final = LightingPlan()
"""On in the first half of twilight, 60 % from 23:00 to 05:00."""


def plan_of(attributes: Mapping[str, AttributeValue], otherwise: LightingPlan = NORMAL_PLAN) -> LightingPlan:
    """The plan that a device's attributes name: `dimming_plan` as `05:00 100, 23:00 60`, `switch_at_deg` in degrees.

    Raises: ValueError for a plan that cannot be read.
    """
    steps, switch_at_deg = attributes.get("dimming_plan"), attributes.get("switch_at_deg")
    if steps is None and switch_at_deg is None:
        return otherwise
    return _plan(
        otherwise.steps if steps is None else _steps(str(steps)),
        otherwise.switch_at_deg if switch_at_deg is None else float(switch_at_deg),
    )


@lru_cache(maxsize=256)
def _plan(steps: tuple[tuple[float, float], ...], switch_at_deg: float) -> LightingPlan:
    return LightingPlan(switch_at_deg, steps)


@lru_cache(maxsize=256)
def _steps(text: str) -> tuple[tuple[float, float], ...]:
    found = []
    for step in text.split(","):
        try:
            clock, level = step.split()
            hours, minutes = clock.split(":")
            found.append((int(hours) + int(minutes) / 60, float(level)))
        except ValueError as error:
            raise ValueError(f"dimming_plan {text!r}: {step.strip()!r} is not a step like `23:00 60`") from error
        if not 0 < found[-1][1] <= 100 or not 0 <= found[-1][0] < 24:
            raise ValueError(
                f"dimming_plan {text!r}: {step.strip()!r} is not an hour of the day and a level in (0, 100]"
            )
    return tuple(sorted(found))
