"""Twenty rules for lamps as a city's lighting department would write them, and how often each must fire in the workload.

Six read signals, one the registry's nominal values, three what these lamps do not report, as in any shared library.
"""

import re
from collections.abc import Mapping
from typing import Final

from benchmarks.rules.workload import DEAD, KIND, MAKES

_TWENTY: Final = {
    "lamp-out": """
when: 'reading.dimming_level > 0 && (reading.active_power < 3 ||
  reading.active_power < 0.2 * device.nominal_power * reading.dimming_level / 100)'
for: 2m
clear_when: 'reading.active_power > 0.5 * device.nominal_power * reading.dimming_level / 100'
clear_for: 2m
severity: major
escalate: [{after: 24h, severity: critical}]""",
    "lamp-weak": """
signals: {power: {of: active_power, over: 5m, take: mean}}
when: 'reading.dimming_level > 0 && power < 0.5 * device.nominal_power * reading.dimming_level / 100'
for: 5m""",
    "power-fell": """
signals: {fall: {of: active_power, over: 1h, take: delta}}
when: 'fall < -0.5 * device.nominal_power'
clear_when: 'fall > 0'""",
    "lamp-cycling": """
when: 'reading.dimming_level > 0 && reading.current < 0.05'
repeat: {times: 3, within: 1h}""",
    "voltage-high": """
when: 'reading.voltage > 235.4'
for: 10m
clear_when: 'reading.voltage < 233'
clear_for: 5m""",
    "voltage-low": """
when: 'reading.voltage < 198'
for: 10m
clear_when: 'reading.voltage > 201'
clear_for: 5m""",
    "voltage-usually-high": """
signals: {usual: {of: voltage, over: 10m, take: mean}}
when: 'usual > 235.4'
clear_when: 'usual < 233'""",
    "voltage-unsteady": """
signals: {spread: {of: voltage, over: 10m, take: stddev}}
when: 'spread > 15'
for: 5m""",
    "gear-hot": """
when: 'reading.gear_temperature > 85'
for: 5m
clear_when: 'reading.gear_temperature < 75'
severity: major""",
    "gear-heating": """
signals: {heating: {of: gear_temperature, over: 15m, take: rate}}
when: 'heating > 60 && reading.gear_temperature > 60'""",
    "power-peak": """
signals: {peak: {of: active_power, over: 1h, take: max}}
when: 'peak > 1.5 * device.nominal_power'""",
    "overload": """
when: 'reading.active_power > 1.2 * device.nominal_power'
for: 5m""",
    "overcurrent": """
when: 'reading.current > 1.3 * device.nominal_current'
for: 1m
severity: major""",
    "leakage": """
when: 'reading.dimming_level == 0 && reading.current > 0.1'
for: 10m""",
    "power-lost": """
when: 'reading.voltage < 10 && reading.current < 0.01'
for: 3m
severity: critical""",
    "day-burner": """
when: 'reading.dimming_level > 90 && reading.active_power > 20'
for: 10m
active: day""",
    "power-factor-poor": """
when: 'reading.power_factor < 0.85 && reading.active_power > 20'
for: 30m""",
    "dims-against-command": """
when: 'reading.dimming_level < reading.command_level - 10 || reading.dimming_level > reading.command_level + 10'
for: 5m""",
    "lamp-worn": """
when: 'reading.lamp_hours > device.rated_hours'
severity: info""",
    "lamp-offline": """
no_data: 30m""",
}
_MAKE: Final = re.compile(r"-m\d+$")
FIRES: Final = ("lamp-out", "lamp-weak", "power-fell", "lamp-cycling")


def twenty_rules() -> str:
    """The twenty, for every lamp."""
    return "---".join(f"\nrule: {name}\nkind: {KIND}{clauses}\n" for name, clauses in _TWENTY.items())


def thousand_rules() -> str:
    """The twenty once more for each of fifty makes of lamp: twenty apply to each lamp."""
    return "---".join(
        f"\nrule: {name}-m{make}\nkind: {KIND}\nwhere: 'device.make == \"m{make}\"'{clauses}\n"
        for make in range(MAKES)
        for name, clauses in _TWENTY.items()
    )


def fired(opened: Mapping[str, int]) -> Mapping[str, int]:
    """How often each of the twenty opened an event, from the counts by rule; makes are added up."""
    counts: dict[str, int] = {}
    for rule, count in opened.items():
        name = _MAKE.sub("", rule)
        counts[name] = counts.get(name, 0) + count
    return counts


EXPECTED: Final[Mapping[str, int]] = dict.fromkeys(FIRES, DEAD)
