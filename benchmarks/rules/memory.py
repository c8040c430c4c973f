"""What 100,000 devices with the rules of `rules/library` hold in memory, measured in a process of their own.

It holds what a worker holds after two days: the registry's devices, twelve partitions, and every device's windows full. One
device of each kind lives through the two days; all others are restored from its state, as after a restart, and then every
device reports for ten minutes more, with the changed states encoded each minute as a commit would.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from benchmarks.rows import Row, limited_row
from domain.devices import Device
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Headers, Topics
from rules.definitions.table import RuleTable
from rules.engine.health import Vitals
from rules.engine.plans import RuleSet
from rules.language.document.reading import parse_rules
from rules.language.rule import Rule
from rules.worker.partition import Partition
from rules.worker.partition_states import partition_key
from streams.routing.partitioning import Partitioner
from urbansense.running.memory import settled_memory

_LIMIT_MB: Final = 1_500.0
_LIBRARY: Final = Path(__file__).parents[2] / "rules" / "library"
_HISTORY_MINUTES: Final = 2 * 24 * 60 + 10
_LIVE_MINUTES: Final = 10
_T0_MS: Final = 1_763_772_000_000
_MIX: Final = {
    "streetlight": 60_000,
    "manhole_cover": 20_000,
    "water_monitor": 12_000,
    "cabinet": 6_000,
    "gateway": 2_000,
}
_EVERY_MINUTES: Final = {"streetlight": 1, "cabinet": 1}
"""How often they report; the others every ten."""
_QUIET: Final[Mapping[str, dict[str, float | bool]]] = {
    "streetlight": {
        "voltage": 229.1, "current": 0.42, "active_power": 96.2, "dimming_level": 80.0, "gear_temperature": 23.1,
    },
    "manhole_cover": {
        "tilt_angle": 1.5, "cover_open": False, "well_water_level": 0.3, "ch4_lel": 0.0, "h2s": 0.0, "oxygen": 20.9,
        "battery_level": 87.0,
    },
    "water_monitor": {
        "water_level": 2.1, "ponding_depth": 0.0, "flow_rate": 12.0, "ph": 7.2, "dissolved_oxygen": 7.8, "cod_mn": 3.1,
        "nh3_n": 0.3, "tp": 0.08, "battery_level": 91.0, "conductivity": 410.0, "cod_cr": 12.0, "rainfall": 0.0,
    },
    "cabinet": {"voltage": 229.4, "current": 31.0, "active_power": 7100.0, "mains_present": True, "door_open": False},
    "gateway": {"battery_level": 100.0, "rssi": -71.0},
}  # fmt: skip
_ATTRIBUTES: Final = {"nominal_power": 100.0, "well_depth_m": 3.0, "alert_level_m": 3.5, "mean_flow_m3_h": 20.0}


def measure_memory() -> Row:
    """One row: the largest resident set that the process ever had, registry, rules and interpreter included."""
    result = subprocess.run([sys.executable, "-m", "benchmarks.rules.memory"], check=True, capture_output=True)
    found = orjson.loads(result.stdout)
    name = (
        f"100,000 devices, {found['rules']} library rules, windows full ({found['before_mb']:,.0f} MB before any state)"
    )
    return limited_row(name, found["peak_mb"], unit="MB resident", at_most=_LIMIT_MB)


def hold() -> dict[str, Any]:
    """Everything held, and what it took: {rules, before_mb, peak_mb}."""
    rules = _library()
    table, rule_set = _table_of(rules), RuleSet(rules)
    registry = {device.device_id: device for device in _devices()}
    topics = Topics(kinds=tuple(_MIX))
    routes = _routes(registry, topics)
    own, states = _lived_through(rule_set, registry, topics)
    before_mb, due = _resident_mb(), 0
    partitions, own_states = list[Partition](), dict[int, bytes | None]()
    for number, route in enumerate(routes):
        partition = Partition(number, topics, rule_set, registry.get, Vitals())
        records = {b"device/" + device_id.encode(): states[kind] for kind, device_id in route if kind in states}
        partition.restore({partition_key(number): own, **records}, table, {})
        partition.set_rules(rule_set)
        partitions.append(partition)
    with settled_memory():
        for minute in range(_HISTORY_MINUTES, _HISTORY_MINUTES + _LIVE_MINUTES):
            for partition in partitions:
                records_now = list(_minute(minute, routes[partition.number], registry, topics))
                due += len(records_now) - len(topics.kinds)
                for record in records_now:
                    partition.judge(record.topic, [record])
                own_states[partition.number] = partition.take_changes().records[-1].value
    judged = sum(_judged(value) - _judged(own.value) for value in own_states.values())
    assert judged == due, (judged, due)
    return {"rules": len(rules), "before_mb": before_mb, "peak_mb": _peak_mb()}


def _lived_through(
    rules: RuleSet, registry: Mapping[str, Device], topics: Topics
) -> tuple["_Record", dict[str, "_Record"]]:
    """What a partition commits after two days of one device of each kind: its own record, and the states by kind."""
    partition, found = Partition(0, topics, rules, registry.get, Vitals()), dict[bytes, bytes]()
    route = [(kind, _device_id(kind, 0)) for kind in _MIX]
    for minute in range(_HISTORY_MINUTES):
        for record in _minute(minute, route, registry, topics):
            partition.judge(record.topic, [record])
        for outgoing in partition.take_changes().records:
            if outgoing.topic == topics.rule_state and outgoing.key is not None and outgoing.value is not None:
                found[outgoing.key] = outgoing.value
    result = {kind: found.get(b"device/" + device_id.encode()) for kind, device_id in route}
    states = {kind: _state(value, topics) for kind, value in result.items() if value is not None}
    return _state(found[partition_key(0)], topics), states


def _state(value: bytes, topics: Topics) -> "_Record":
    return _Record(topics.rule_state, 0, 0, _T0_MS, b"", value, ())


def _table_of(rules: list[Rule]) -> RuleTable:
    """The rules as the log holds them: those of a snapshot are looked up there."""
    table, topics = RuleTable(), Topics()
    for rule in rules:
        version = orjson.dumps({"text": rule.text})
        key = f"rule/{rule.name}/{rule.version}".encode()
        table.apply([_Record(topics.rule_definitions, 0, 0, _T0_MS, key, version, ())])
    return table


def _library() -> list[Rule]:
    return [rule for path in sorted(_LIBRARY.glob("*.yaml")) for rule in parse_rules(path.read_text(), path.name)]


def _devices() -> Iterator[Device]:
    for kind, count in _MIX.items():
        for i in range(count):
            yield Device(
                _device_id(kind, i), kind, kind, area="320582/110/152/102", lon=120.55, lat=31.87, department="works",
                report_interval_s=60 * _EVERY_MINUTES.get(kind, 10), attributes=dict(_ATTRIBUTES), activated_at_ms=_T0_MS,
            )  # fmt: skip


def _device_id(kind: str, i: int) -> str:
    return f"{kind[:2].upper()}-320582-{i:06d}"


def _routes(registry: Mapping[str, Device], topics: Topics) -> list[list[tuple[str, str]]]:
    """(kind, device id) of every device by partition number."""
    routes: list[list[tuple[str, str]]] = [[] for _ in range(topics.partitions)]
    number_of = Partitioner(topics.partitions)
    for device_id, device in registry.items():
        routes[number_of(device_id.encode())].append((device.kind, device_id))
    return routes


class _Record(NamedTuple):
    """A record as a log gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: Headers


def _minute(
    minute: int, route: list[tuple[str, str]], registry: Mapping[str, Device], topics: Topics
) -> Iterator[_Record]:
    """The reports of one minute in one partition, and the ticks behind them."""
    at_ms, offset = _T0_MS + minute * 60_000, minute * 200_000
    for i, (kind, device_id) in enumerate(route):
        if minute % _EVERY_MINUTES.get(kind, 10):
            continue
        report = {
            "device_id": device_id, "kind": kind, "observed_at_ms": at_ms + i % 1000, "received_at_ms": at_ms + i % 1000,
            "message_id": str(minute), "codec": "json", "readings": _QUIET[kind], "area": registry[device_id].area,
        }  # fmt: skip
        topic, value = topics.telemetry(kind), orjson.dumps(report)
        yield _Record(topic, 0, offset + i, at_ms, device_id.encode(), value, TELEMETRY_HEADERS)
    tick = orjson.dumps({"gateway": 0, "tick_at_ms": at_ms + 1_000})
    for topic in topics.all_telemetry:
        yield _Record(topic, 0, offset + 199_999, at_ms, None, tick, TICK_HEADERS)


def _judged(own_state: bytes | None) -> int:
    """How many reports a partition counted as judged, or could not judge for want of a rule of that kind."""
    topic_states = orjson.loads(own_state or b"")["lanes"].values()
    return sum(topic_state["sums"][0] + topic_state["sums"][3] for topic_state in topic_states)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(hold()))
