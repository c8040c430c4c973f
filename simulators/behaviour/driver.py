"""LED drivers: what a sound lamp draws by plan, age and air, from its switching on."""

import math
from functools import lru_cache
from typing import Final

from domain.time.units import MINUTE_MS
from simulators.city.circuits import AGED_FROM_MS, YEAR_MS, Lantern
from simulators.weather.conditions import Conditions
from simulators.world.state import World

STANDBY_W: Final = 0.8
WARM_AFTER_MS: Final = 40 * MINUTE_MS
_SOFT_START_MS: Final = 4_000
_COLD_EXTRA: Final = 0.03
_WARMS_IN_MS: Final = 8 * MINUTE_MS
_PER_KELVIN: Final = -0.0007
"""A string of LEDs has a lower forward voltage when warm: about -2 mV/K of 3 V."""


def planned(lantern: Lantern, world: World, at_ms: int) -> tuple[float, float]:
    """(the level that the plan gives a lamp, percent; for how long it has been on, ms)."""
    sky = world.sky
    on_ms, off_ms = lantern.burning_hours(sky, at_ms)
    if not on_ms <= at_ms < off_ms:
        return 0.0, 0.0
    return lantern.plan.level(sky.local_hour(at_ms - lantern.delay_ms)), at_ms - on_ms


def share_of_power(level: float) -> float:
    """The share of its full power that a driver draws at a level in (0, 100]: its own losses do not dim."""
    return 0.02 + 0.0098 * level


def temperature_factor(conditions: Conditions, at_ms: int) -> float:
    """Power in the air as it is against that at 25 degrees, in steps of a minute."""
    return _factor_of_minute(conditions, at_ms // MINUTE_MS)


@lru_cache(maxsize=64)
def _factor_of_minute(conditions: Conditions, minute: int) -> float:
    return 1 + _PER_KELVIN * (conditions.at(minute * MINUTE_MS).air_cel - 25)


def drawn_w(lantern: Lantern, world: World, at_ms: int, level: float, lit_ms: float) -> float:
    """What a sound lamp truly draws at a level; above that of a warm one for a while, below in the first seconds."""
    if level <= 0:
        return STANDBY_W
    full_w = lantern.full_w + lantern.per_year_w * (at_ms - AGED_FROM_MS) / YEAR_MS
    power_w = full_w * share_of_power(level) * temperature_factor(world.conditions, at_ms)
    if lit_ms < WARM_AFTER_MS:
        power_w *= 1 + _COLD_EXTRA * math.exp(-lit_ms / _WARMS_IN_MS)
        if lit_ms < _SOFT_START_MS:
            power_w *= 0.3 + 0.7 * lit_ms / _SOFT_START_MS
    return power_w
