"""The engine without a log: JSON in, events out, beside the floor that judges one rule in plain Python.

Twenty rules on every lamp; a thousand rules of which `where` picks twenty for each lamp, beside those twenty.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import orjson

from benchmarks.rows import Pace, Row, Stopwatch, paired_row
from benchmarks.rules.floor import judge_plainly
from benchmarks.rules.twenty import EXPECTED, fired, thousand_rules, twenty_rules
from benchmarks.rules.workload import DEAD, KIND, ONE_RULE, REPORTS, KeyedValue, Lamps, reports_in_memory
from domain.devices import Device
from domain.events import Transition
from rules.engine.engine import Engine
from rules.engine.plans import NO_RULES, Plan, RuleSet
from rules.language.document.reading import parse_rules
from rules.language.rule import Rule
from urbansense.running.memory import settled_memory

_PAIRS = 3


def measure_in_memory() -> list[Row]:
    """Rows of one rule, of twenty, of a thousand beside twenty, and what it takes to find twenty in a thousand."""
    records, lamps = reports_in_memory(), Lamps()
    one, twenty, thousand = (_Kept(parse_rules(text)) for text in (ONE_RULE, twenty_rules(), thousand_rules()))
    of_one, of_twenty, of_thousand = [], [], []
    took_s = thousand.find_plans(lamps.devices())
    for _ in range(_PAIRS):
        of_one.append((_judge(records, one, lamps, {"lamp-dead": DEAD}), judge_plainly(records)))
        with_twenty = _judge(records, twenty, lamps, EXPECTED)
        of_twenty.append((with_twenty, judge_plainly(records)))
        of_thousand.append((_judge(records, thousand, lamps, EXPECTED), with_twenty))
    return [
        paired_row("one rule in memory, JSON included", of_one),
        paired_row("20 rules in memory, JSON included (floor: one rule)", of_twenty),
        paired_row("1,000 rules, 20 on each lamp (floor: 20 rules)", of_thousand, at_least=0.95),
        {"name": "1,000 rules: finding those of 10,000 lamps, once at the start", "value": took_s, "unit": "s"},
    ]


class _Kept(RuleSet):
    """Rules that remember which of them judge which device, so that only the first of several runs looks for them."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        super().__init__(rules)
        self._kept: dict[str, Plan] = {}

    def find_plans(self, devices: Iterable[Device]) -> float:
        """Seconds that it took for all of them."""
        began_s = time.perf_counter()
        for device in devices:
            self.plan(device)
        return time.perf_counter() - began_s

    def plan(self, device: Device | None) -> Plan:
        if device is None:
            return NO_RULES
        if device.device_id not in self._kept:
            self._kept[device.device_id] = super().plan(device)
        return self._kept[device.device_id]


def _judge(
    records: Sequence[KeyedValue],
    rules: RuleSet,
    lamps: Lamps,
    expected: Mapping[str, int],
) -> Pace:
    """The pace of lamps that are known, as after a worker's start."""
    engine, opened = Engine(KIND, rules, lamps.device), Counter[str]()
    engine.refresh(lamps.devices())
    with settled_memory():
        watch = Stopwatch()
        for key, value in records:
            if key is not None:
                engine.report(orjson.loads(value))
                continue
            engine.tick(orjson.loads(value))
            opened.update(raised.event.rule for raised in engine.take()[0] if raised.transition is Transition.OPENED)
        pace = watch.pace(REPORTS)
    assert (engine.judged, fired(opened)) == (REPORTS, expected), (engine.judged, fired(opened), expected)
    return pace
