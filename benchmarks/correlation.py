"""How fast the correlation stage decides, without a log: what passes straight through, and what meets many others.

The floor of each row is the same records decoded and encoded again, nothing decided.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from benchmarks.rows import Pace, Row, Stopwatch, limited_row
from domain.devices import Device
from domain.events import Event, Severity, Status, Text, Transition, event_id
from domain.time.units import SECOND_MS
from domain.topics import Topics
from rules.correlation.stage import Stage
from rules.language.document.reading import parse_rules
from rules.worker.correlator import cloud_event

ROUNDS: Final = 3
PASSING, CHILDREN, MEMBERS = 50_000, 5_000, 10_000
_AT_ONCE: Final = 500
_START_MS: Final = 1_763_772_000_000
_RULES: Final = """
{rule: power-loss, kind: cabinet, when: reading.voltage < 100, severity: major}
---
{rule: lamp-dim, kind: streetlight, when: reading.active_power < 50, suppressed_by: power-loss}
---
{rule: lamp-out, kind: streetlight, when: reading.active_power < 5}
---
{rule: lamp-hot, kind: streetlight, when: reading.gear_temperature > 90}
---
{rule: feeder-fault, group: {of: lamp-out, by: parent, at_least: 3, within: 10m, absorbs: true}}
"""

RaisedInput = tuple[Transition, bytes, int]
"""A raised event, and the clock in seconds at which it comes."""


def measure() -> list[Row]:
    rows = [
        _row(f"{PASSING:,} events pass straight through", [_opens("lamp-hot", n, 0) for n in range(PASSING)]),
        _row(f"an outage over {CHILDREN:,} lamps and back, events", _outage(CHILDREN)),
        _row(f"one group of {MEMBERS:,} lamps forms and ends, events", _grouped(MEMBERS)),
    ]
    outage_s, group_s = (rows[n]["cpu_us"] * 2 * many / 1e6 for n, many in ((1, CHILDREN), (2, MEMBERS)))
    return [
        *rows,
        limited_row("… the whole outage, CPU time", outage_s, unit="s", at_most=5),
        limited_row("… the whole group, CPU time", group_s, unit="s", at_most=10),
    ]


def _row(name: str, inputs: Sequence[RaisedInput]) -> Row:
    ours = [_pace(_correlate, inputs) for _ in range(ROUNDS)]
    floor = [_pace(_recode, inputs) for _ in range(ROUNDS)]
    value, least = (statistics.median(pace.per_s for pace in paces) for paces in (ours, floor))
    return {
        "name": name,
        "value": value,
        "unit": "events/s",
        "floor": least,
        "ratio": value / least,
        "cpu_us": statistics.median(pace.cpu_us for pace in ours),
    }


def _pace(work: Callable[[Sequence[RaisedInput]], None], inputs: Sequence[RaisedInput]) -> Pace:
    watch = Stopwatch()
    work(inputs)
    return watch.pace(len(inputs))


def _correlate(inputs: Sequence[RaisedInput]) -> None:
    """As the correlator does, a batch at a time; the clock follows the events, and at the end runs on for an hour."""
    stage, topic = Stage(1, _device), Topics().events
    stage.set_rules(parse_rules(_RULES))
    for first in range(0, len(inputs), _AT_ONCE):
        batch = inputs[first : first + _AT_ONCE]
        for transition, value, at_s in batch:
            stage.raised(transition, value, _at_ms(at_s))
        stage.clock(0, _at_ms(batch[-1][2]))
        for output in stage.take()[0]:
            cloud_event(topic, output)
    stage.clock(0, _at_ms(inputs[-1][2] + 3600))
    for output in stage.take()[0]:
        cloud_event(topic, output)


def _recode(inputs: Sequence[RaisedInput]) -> None:
    for _, value, _ in inputs:
        orjson.dumps(orjson.loads(value))


def _outage(lamps: int) -> list[RaisedInput]:
    """The lamps are out before their cabinet reports that the power is, and back after it."""
    out = [_opens("lamp-dim", n, 10) for n in range(lamps)]
    back = [_clears("lamp-dim", n, 10, 900 + n % 30) for n in range(lamps)]
    cabinet = (_event("power-loss", "F1", 30), _event("power-loss", "F1", 30, 600))
    lost = (Transition.OPENED, cabinet[0], 30)
    restored = (Transition.CLEARED, cabinet[1], 600)
    return [*out, lost, restored, *sorted(back, key=lambda record: record[2])]


def _grouped(lamps: int) -> list[RaisedInput]:
    """They go out one after the other in five minutes, and come back likewise."""
    return [
        *(_opens("lamp-out", n, 300 * n // lamps) for n in range(lamps)),
        *(_clears("lamp-out", n, 300 * n // lamps, 1800 + 300 * n // lamps) for n in range(lamps)),
    ]


def _opens(rule: str, n: int, opened_s: int) -> RaisedInput:
    return Transition.OPENED, _event(rule, f"L{n}", opened_s), opened_s


def _clears(rule: str, n: int, opened_s: int, cleared_s: int) -> RaisedInput:
    return Transition.CLEARED, _event(rule, f"L{n}", opened_s, cleared_s), cleared_s


def _event(rule: str, subject: str, opened_s: int, cleared_s: int | None = None) -> bytes:
    opened_ms = _at_ms(opened_s)
    event = Event(
        event_id=event_id(rule, subject, opened_ms),
        revision=1 if cleared_s is None else 2,
        rule=rule,
        rule_version=1,
        subject=subject,
        kind="streetlight",
        problem=rule,
        severity=Severity.MINOR,
        status=Status.OPEN if cleared_s is None else Status.CLEARED,
        since_ms=opened_ms,
        opened_at_ms=opened_ms,
        cleared_at_ms=None if cleared_s is None else _at_ms(cleared_s),
        area="320582/110/152/102",
        summary=Text(en=f"{rule}: active power 1.5 W", zh=f"{rule}：有功功率 1.5 W"),
    )
    return event.model_dump_json().encode()


def _device(device_id: str) -> Device:
    kind, parent_id = ("cabinet", None) if device_id == "F1" else ("streetlight", "F1")
    return Device(device_id, kind, kind, parent_id=parent_id, area="320582/110/152/102")


def _at_ms(at_s: int) -> int:
    return _START_MS + at_s * SECOND_MS
