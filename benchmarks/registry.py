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
import pytest

from device_registry.lookup.following import FollowingLookup, LocalCopy
from device_registry.records.encoding import DEVICE_HEADERS, device_key, encode_device
from domain.devices import Device
from domain.topics import Topics
from streams.opening.by_url import open_log
from streams.ports import Outgoing
from streams.reading.tables import read_to_end
from tests.servers.kafka import KafkaServer

Row = dict[str, Any]

DEVICES = 300_000
_BATCH = 5_000
_MOST_S, _MOST_MB = 20, 500
_TOPICS = Topics()


async def measure() -> list[Row]:
    """Rows of {name, value, unit, bar, holds}, and for a load {floor, ratio}. Without Kafka its rows are left out."""
    with tempfile.TemporaryDirectory() as folder:
        rows = await _rows("the embedded log", "embedded:", Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        try:
            server = KafkaServer(Path(folder)).start()
        except pytest.skip.Exception as absence:
            print(f"Kafka is left out: {absence}")
            return rows
        try:
            return rows + await _rows("Kafka", server.url, Path(folder))
        finally:
            server.stop()


async def _rows(name: str, url: str, folder: Path) -> list[Row]:
    await _fill(url, folder)
    floor = _start(url, folder, "floor")
    load = _start(url, folder, "load")
    copy = _start(url, folder, "copy")
    loaded = _limited(f"{DEVICES:,} devices loaded from {name}", load["seconds"], "s", _MOST_S)
    return [
        {**loaded, "floor": floor["seconds"], "ratio": load["seconds"] / floor["seconds"]},
        _limited("… from the local copy beside it", copy["seconds"], "s", _MOST_S),
        _limited("… memory of the worker", load["peak_mb"], "MB", _MOST_MB),
        _limited("… memory started from the copy", copy["peak_mb"], "MB", _MOST_MB),
        {"name": "… memory without any device", "value": floor["peak_mb"], "unit": "MB"},
    ]


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


async def _fill(url: str, folder: Path) -> None:
    log = await open_log(url, folder)
    await log.ensure_topics([spec for spec in _TOPICS.specs() if spec.name == _TOPICS.registry])
    for start in range(0, DEVICES, _BATCH):
        devices = [device(number) for number in range(start, start + _BATCH)]
        keyed = [(device_key(one.device_id), encode_device(one)) for one in devices]
        await log.append([Outgoing(_TOPICS.registry, key, value, DEVICE_HEADERS) for key, value in keyed])
    await log.close()


def _start(url: str, folder: Path, how: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.registry", how, url, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


async def _measure_start(how: str, url: str, folder: Path) -> dict[str, float]:
    """`floor` keeps nothing, `load` leaves the local copy behind, `copy` starts from it."""
    log = await open_log(url, folder)
    copy = LocalCopy(folder / "registry.snapshot", "bench", lambda: int(time.time() * 1000), patience_s=60)
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
    print(json.dumps(asyncio.run(_measure_start(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
