"""How long a worker takes to know a county's devices, and what they weigh: 300,000 of them on `registry.devices`.

Each start is a process of its own, so that its memory is its own. The floor is the same topic read and parsed, nothing
kept. A start from the local copy is one on a log where nothing changed since.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from device_registry.lookup import FollowingLookup, LocalCopy
from device_registry.records import DEVICE_HEADERS, device_key, encode_device
from domain.devices import Device
from domain.topics import Topics
from streams.embedded import EmbeddedLog
from streams.ports import Outgoing
from streams.tables import read_to_end

Row = dict[str, Any]

DEVICES = 300_000
_BATCH = 5_000
_MOST_S, _MOST_MB = 20, 500
_TOPICS = Topics()


async def measure() -> list[Row]:
    """Rows of {name, value, unit, bar, holds} and, for the load, {floor, ratio}."""
    with tempfile.TemporaryDirectory() as folder:
        await _fill(Path(folder))
        floor = _start(folder, "floor")
        load = _start(folder, "load")
        copy = _start(folder, "copy")
    name = f"{DEVICES:,} devices"
    return [
        {**_limited(f"{name} loaded from the log", load["seconds"], "s", _MOST_S),
         "floor": floor["seconds"], "ratio": load["seconds"] / floor["seconds"]},
        _limited(f"{name} loaded from the local copy", copy["seconds"], "s", _MOST_S),
        _limited(f"{name}, memory of the worker", load["peak_mb"], "MB", _MOST_MB),
        _limited(f"{name}, memory started from the copy", copy["peak_mb"], "MB", _MOST_MB),
        {"name": f"{name}, memory of a worker without any", "value": floor["peak_mb"], "unit": "MB"},
    ]  # fmt: skip


def device(number: int) -> Device:
    """One lamp of the county, all its facts filled, as unlike the others as real ones are."""
    return Device(
        device_id=f"SL-320582-{number:06d}",
        kind="streetlight",
        profile="streetlight",
        name=f"人民路 {number // 40} 号路灯 {number % 40}",
        area=f"320582/{110 + number % 9}/{150 + number % 31}/{100 + number % 97}",
        lon=120.4 + number % 5000 * 0.00008,
        lat=31.7 + number // 5000 * 0.004,
        parent_id=f"CAB-{number // 60:05d}",
        component_code=f"3205820118{number:06d}",
        department="lighting",
        report_interval_s=300,
        dev_eui=f"a84041{number:010x}",
        mn=f"3205820000{number:014d}",
        attributes={"nominal_power": 40 + number % 60, "pole_height": 8.0 + number % 4, "lantern": "LED"},
        activated_at_ms=1_763_772_000_000 + number,
        grid=f"320582{110 + number % 9}{150 + number % 31}{100 + number % 97}",
    )


async def _fill(folder: Path) -> None:
    log = EmbeddedLog(folder / "log.sqlite")
    await log.ensure_topics(_TOPICS.specs())
    for start in range(0, DEVICES, _BATCH):
        devices = [device(number) for number in range(start, start + _BATCH)]
        await log.append(
            [
                Outgoing(_TOPICS.registry, device_key(one.device_id), encode_device(one), DEVICE_HEADERS)
                for one in devices
            ]
        )
    await log.close()


def _start(folder: str, how: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.registry", how, folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


async def _measure_start(how: str, folder: Path) -> dict[str, float]:
    log = EmbeddedLog(folder / "log.sqlite")
    copy = LocalCopy(folder / "registry.snapshot", "bench", lambda: int(time.time() * 1000))
    lookup = FollowingLookup(_TOPICS, copy)
    begun = time.perf_counter()
    if how == "floor":
        async for record in read_to_end(log, [_TOPICS.registry]):
            orjson.loads(record.value or b"")
    else:
        await lookup.load(log)
        assert len(lookup) == DEVICES
    told = {
        "seconds": time.perf_counter() - begun,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if how == "load":
        stop = asyncio.Event()
        stop.set()
        await lookup.run(stop)
    await log.close()
    return told


def _limited(name: str, value: float, unit: str, at_most: float) -> Row:
    return {"name": name, "value": value, "unit": unit, "bar": f"≤ {at_most}", "holds": value <= at_most}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure_start(sys.argv[1], Path(sys.argv[2])))))
