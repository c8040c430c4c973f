"""What 100,000 devices with the rules of `rules/library` hold in memory, measured in a process of their own.

It holds what a worker holds: the registry's devices, twelve partitions, and the state of every device that reported each
minute for half an hour; each minute the changed states are encoded for their transaction, as a commit would.
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
from domain.partitioning import Partitioner
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Headers, Topics
from rules.documents import parse_rules
from rules.engine.plans import RuleSet
from rules.health import Vitals
from rules.partition import Partition
from rules.rule import Rule
from streams.ports import Outgoing
from urbansense.memory import settled_memory

_LIMIT_MB: Final = 1_500.0
_LIBRARY: Final = Path(__file__).parents[1] / "rules" / "library"
_MINUTES: Final = 30
_T0_MS: Final = 1_763_772_000_000
_MIX: Final = {
    "streetlight": 60_000,
    "manhole_cover": 20_000,
    "water_monitor": 12_000,
    "cabinet": 6_000,
    "gateway": 2_000,
}
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
        "nh3_n": 0.3, "tp": 0.08, "battery_level": 91.0,
    },
    "cabinet": {"voltage": 229.4, "current": 31.0, "active_power": 7100.0, "mains_present": True, "door_open": False},
    "gateway": {"battery_level": 100.0, "rssi": -71.0},
}  # fmt: skip
_ATTRIBUTES: Final = {"nominal_power": 100.0, "well_depth_m": 3.0, "alert_level_m": 3.5}


def measure_memory() -> Row:
    """One row: the largest resident set that the process ever had, registry, rules and interpreter included."""
    told = subprocess.run([sys.executable, "-m", "benchmarks.rules_memory"], check=True, capture_output=True)
    found = orjson.loads(told.stdout)
    name = f"100,000 devices, {found['rules']} library rules, {_MINUTES} reports each"
    name += f" (of it before the first report {found['before_mb']:,.0f} MB)"
    return limited_row(name, found["peak_mb"], unit="MB resident", at_most=_LIMIT_MB)


def hold() -> dict[str, Any]:
    """Everything held, and what it took: {rules, before_mb, peak_mb}."""
    rules = _library()
    registry = {device.device_id: device for device in _devices()}
    topics = Topics(kinds=tuple(_MIX))
    partitions = [Partition(n, topics, RuleSet(rules), registry.get, Vitals()) for n in range(topics.partitions)]
    routes = _routes(registry, topics)
    for partition in partitions:
        partition.refresh([registry[device_id] for _, device_id in routes[partition.number]])
    before_mb, judged = _resident_mb(), 0
    with settled_memory():
        for minute in range(_MINUTES):
            for partition in partitions:
                for topic, record in _minute(minute, routes[partition.number], registry, topics):
                    partition.judge(topic, [record])
                changes = partition.take_changes()
                judged += _judged(changes.records[-1]) if minute == _MINUTES - 1 else 0
    assert judged == _MINUTES * len(registry), judged
    return {"rules": len(rules), "before_mb": before_mb, "peak_mb": _peak_mb()}


def _library() -> list[Rule]:
    return [rule for path in sorted(_LIBRARY.glob("*.yaml")) for rule in parse_rules(path.read_text(), path.name)]


def _devices() -> Iterator[Device]:
    for kind, count in _MIX.items():
        for i in range(count):
            yield Device(
                f"{kind[:2].upper()}-320582-{i:06d}", kind, kind, area="320582/110/152/102", lon=120.55, lat=31.87,
                report_interval_s=60, department="works", attributes=dict(_ATTRIBUTES), activated_at_ms=_T0_MS,
            )  # fmt: skip


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
) -> Iterator[tuple[str, _Record]]:
    """The reports of one minute in one partition, and the ticks behind them."""
    at_ms = _T0_MS + minute * 60_000
    for i, (kind, device_id) in enumerate(route):
        report = {
            "device_id": device_id, "kind": kind, "observed_at_ms": at_ms + i % 1000, "received_at_ms": at_ms + i % 1000,
            "message_id": str(minute), "codec": "json", "readings": _QUIET[kind], "area": registry[device_id].area,
        }  # fmt: skip
        topic = topics.telemetry(kind)
        yield (
            topic,
            _Record(topic, 0, minute * 200_000 + i, at_ms, device_id.encode(), orjson.dumps(report), TELEMETRY_HEADERS),
        )
    tick = orjson.dumps({"gateway": 0, "tick_at_ms": at_ms + 1_000})
    for topic in topics.all_telemetry:
        yield topic, _Record(topic, 0, minute * 200_000 + 199_999, at_ms, None, tick, TICK_HEADERS)


def _judged(own_state: Outgoing) -> int:
    """How many reports a partition says it judged, or could not judge for want of a rule of that kind."""
    lanes = orjson.loads(own_state.value or b"")["lanes"].values()
    return sum(lane["sums"][0] + lane["sums"][3] for lane in lanes)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(hold()))
