"""The same ordered inputs give byte-identical events, however cut into batches, snapshots and restores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Device, DeviceState
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Headers, Topics
from rules.definitions.table import RuleTable
from rules.engine.health import Vitals
from rules.engine.plans import RuleSet
from rules.language.document.reading import parse_rules
from rules.language.rule import Rule
from rules.worker.partition import Partition
from tests.rules.engines import LAMP_OUT, T0_MS, lamp, report

TOPICS = Topics(partitions=1, kinds=("streetlight",))
TOPIC = TOPICS.telemetry("streetlight")
STEP_MS = 20_000

_LIMIT = "{rule: limit, kind: streetlight, where: device.limit > 0, when: reading.active_power > device.limit, gap: 1m}"
_SIGNALS = (
    "{{rule: mean, kind: streetlight, signals: {{power: {{of: active_power, over: {over}, take: {take}}}}}, "
    "when: power {limit}, for: 20s}}"
)
VERSIONS = {
    "lamp-out": [
        LAMP_OUT,
        LAMP_OUT.replace("for: 2m", "for: 1m\nclear_when: reading.active_power > 50"),
        LAMP_OUT + "mode: shadow",
    ],
    "silent": ["{rule: silent, kind: streetlight, no_data: 3m}", "{rule: silent, kind: streetlight, no_data: 2m}"],
    "limit": [_LIMIT],
    "mean": [
        _SIGNALS.format(take="mean", over="2m", limit="< 40"),
        _SIGNALS.format(take="rate", over="5m", limit="< -600"),
        _SIGNALS.format(take="stddev", over="3m", limit="> 20"),
    ],
    "extreme": [
        "{rule: extreme, kind: streetlight, signals: {low: {of: active_power, over: 2m, take: min}, "
        "high: {of: active_power, over: 10m, take: max}, n: {of: active_power, over: 2m, take: count}}, "
        "when: high - low > 50 && n > 1, for: 40s, "
        "escalate: [{after: 1m, severity: major}, {after: 3m, severity: critical}]}"
    ],
    "falling": [
        "{rule: falling, kind: streetlight, when: soon < 0.05, lateness: 3m, "
        "signals: {soon: {of: active_power, over: 4m, take: forecast, falls_to: device.limit, within: 1h}}}"
    ],
    "again": [
        "{rule: again, kind: streetlight, when: reading.active_power < 50, repeat: {times: 3, within: 4m}, clear_for: 40s}",
        "{rule: again, kind: streetlight, quality: suspect, when: reading.active_power < 50, "
        "repeat: {times: 2, within: 1m}}",
    ],
    "dusk": [
        "{rule: dusk, kind: streetlight, active: {hours: 'daily 04:28-04:34'}, when: reading.active_power < 50, for: 1m}",
        "{rule: dusk, kind: streetlight, active: {hours: 'daily 04:28-04:31 04:33-04:38'}, no_data: 2m}",
    ],
}


LOG_MS = T0_MS + 86_400_000 * 365
"""When the log took a record: behind all clocks here."""


class StoredRecord(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass
class World:
    """The registry and the rules as they stand."""

    devices: dict[str, Device]
    in_force: dict[str, int]

    def rules(self) -> RuleSet:
        return RuleSet(rule_at(name, version) for name, version in sorted(self.in_force.items()))


@cache
def rule_at(name: str, version: int) -> Rule:
    return replace(parse_rules(VERSIONS[name][version - 1])[0], version=version)


@cache
def table() -> RuleTable:
    """Every version is on the definitions topic."""
    found = RuleTable()
    for name, texts in VERSIONS.items():
        for number, text in enumerate(texts, 1):
            key, value = f"rule/{name}/{number}".encode(), orjson.dumps({"text": text})
            found.apply([StoredRecord("", 0, 0, 0, key, value, ())])
    return found


def world() -> World:
    devices = {name: lamp(name, attributes={"limit": 50.0 if name == "L1" else 0.0}) for name in ("L1", "L2", "L3")}
    return World(devices, dict.fromkeys(VERSIONS, 1))


Input = tuple[str, Any]

_READINGS = st.sampled_from(
    [{"dimming_level": 80.0, "active_power": power} for power in (2.0, 30.0, 60.0, 96.0)]
    + [{"dimming_level": 80.0}, {"active_power": 2.0}, {"voltage": 230.0}]
)


@st.composite
def inputs(draw: st.DrawFn) -> list[Input]:
    """Reports roughly in order, ticks that run ahead and stand still, changes of rules and devices."""
    found: list[Input] = []
    now = 0
    for _ in range(draw(st.integers(5, 60))):
        now += draw(st.integers(0, 6))
        sort = draw(st.sampled_from(["report"] * 8 + ["tick"] * 3 + ["rule", "device"]))
        if sort == "report":
            observed = max(0, now - draw(st.sampled_from([0, 0, 0, 0, 1, 2, 5, 15, 18])))
            reported: dict[str, Any] = {
                **report(0, device_id=draw(st.sampled_from(["L1", "L2", "L3"]))),
                "observed_at_ms": T0_MS + observed * STEP_MS,
                "readings": draw(_READINGS),
            }
            if draw(st.integers(0, 9)) == 0:
                reported["quality"] = {"active_power": draw(st.sampled_from(["bad", "suspect"]))}
            if draw(st.integers(0, 9)) == 0:
                reported |= {"time_source": "gateway", "message_id": str(draw(st.integers(0, 2)))}
                reported["received_at_ms"] = reported["observed_at_ms"]
            found.append(("report", reported))
        elif sort == "tick":
            found.append(("tick", {"gateway": draw(st.integers(0, 1)), "tick_at_ms": T0_MS + now * STEP_MS}))
        elif sort == "rule":
            name = draw(st.sampled_from(sorted(VERSIONS)))
            found.append(("rule", (name, draw(st.integers(0, len(VERSIONS[name]))))))
        else:
            name = draw(st.sampled_from(["L1", "L2", "L3"]))
            change = draw(st.sampled_from(["suspend", "activate", "limit", "interval"]))
            found.append(("device", (name, change, T0_MS + now * STEP_MS)))
    return found


def run(inputs: Sequence[Input], cuts: Iterable[int]) -> tuple[list[bytes], bytes]:
    """All events as bytes, and the final sums; at each cut everything is committed and a new worker takes over."""
    cut_at = set(cuts)
    now = world()
    state: dict[bytes, StoredRecord] = {}
    partition = Partition(0, TOPICS, now.rules(), now.devices.get, Vitals())
    partition.refresh(list(now.devices.values()))
    events: list[bytes] = []
    for place, (sort, what) in enumerate(inputs):
        if place in cut_at:
            events += commit(partition, state)
            partition = Partition(0, TOPICS, now.rules(), now.devices.get, Vitals())
            partition.restore(state, table(), {})
            partition.set_rules(now.rules())
            partition.refresh(list(now.devices.values()))
        if sort in ("report", "tick"):
            headers = TELEMETRY_HEADERS if sort == "report" else TICK_HEADERS
            partition.judge(TOPIC, [StoredRecord(TOPIC, 0, place, LOG_MS, None, orjson.dumps(what), headers)])
        elif sort == "rule":
            name, version = what
            now.in_force.pop(name, None)
            if version:
                now.in_force[name] = version
            partition.set_rules(now.rules())
            partition.refresh(list(now.devices.values()))
        else:
            change_device(now, *what)
            partition.refresh(list(now.devices.values()))
    events += commit(partition, state)
    sums = orjson.loads(state[b"partition/0"].value or b"{}")["lanes"].get(TOPIC, {})
    return events, orjson.dumps(sums.get("sums"))


def commit(partition: Partition, state: dict[bytes, StoredRecord]) -> list[bytes]:
    events = []
    for topic, key, value, headers, _ in partition.take_changes().records:
        if topic != TOPICS.rule_state:
            events.append(topic.encode() + (value or b"") + repr(headers).encode())
        elif value is None:
            state.pop(key or b"", None)
        else:
            state[key or b""] = StoredRecord(topic, 0, 0, LOG_MS, key, value, headers)
    return events


def change_device(world: World, name: str, change: str, at_ms: int) -> None:
    device = world.devices[name]
    match change:
        case "suspend":
            device = replace(device, state=DeviceState.SUSPENDED)
        case "activate":
            device = replace(device, state=DeviceState.ACTIVE, activated_at_ms=at_ms)
        case "limit":
            device = replace(device, attributes={"limit": 20.0 if device.attributes["limit"] == 0 else 0.0})
        case _:
            device = replace(device, report_interval_s=device.report_interval_s + 30)
    world.devices[name] = device


@settings(max_examples=100, deadline=None)
@given(inputs=inputs(), data=st.data())
def test_cuts_snapshots_and_restores_change_no_byte(inputs: list[Input], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(inputs)), max_size=8))
    assert run(inputs, cuts) == run(inputs, ())


@settings(max_examples=30, deadline=None)
@given(inputs=inputs())
def test_a_cut_after_every_input_changes_no_byte(inputs: list[Input]) -> None:
    assert run(inputs, range(1, len(inputs))) == run(inputs, ())


def test_the_inputs_above_do_raise_events() -> None:
    """The properties would hold of an engine that raises nothing."""
    powers = [96.0, 72.0, *[2.0] * 4]
    lamps = [("report", {**report(m, power), "device_id": "L1"}) for m, power in enumerate(powers)]
    later = ("tick", {"gateway": 0, "tick_at_ms": T0_MS + 900_000})
    inputs = [("tick", {"gateway": 0, "tick_at_ms": T0_MS}), *lamps, later, ("rule", ("lamp-out", 0))]
    events, sums = run(inputs, (3,))
    assert sums == b"[6,0,0,0]"
    raised = {rule for rule in VERSIONS if any(b'"rule":"%s"' % rule.encode() in event for event in events)}
    assert raised == set(VERSIONS)
    assert b'"reason":"rule_removed"' in events[-1]
    assert any(b'"severity":"critical"' in event for event in events)


def test_records_before_the_committed_place_are_not_judged_again() -> None:
    records = [
        StoredRecord(TOPIC, 0, offset, 0, None, orjson.dumps(report(offset, 2.0)), TELEMETRY_HEADERS)
        for offset in range(4)
    ]
    state: dict[bytes, StoredRecord] = {}
    only = RuleSet([rule_at("lamp-out", 1)])
    first = Partition(0, TOPICS, only, world().devices.get, Vitals())
    first.judge(TOPIC, records[:2])
    assert commit(first, state) == []
    second = Partition(0, TOPICS, only, world().devices.get, Vitals())
    second.restore(state, table(), {})
    second.judge(TOPIC, records)
    assert len(commit(second, state)) == 1
    assert orjson.loads(state[b"partition/0"].value or b"")["lanes"][TOPIC]["sums"] == [4, 0, 0, 0]
