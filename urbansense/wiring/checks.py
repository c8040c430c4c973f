"""What `/readyz` checks of the open parts, whatever stands on them."""

import asyncio
import shutil
from functools import partial
from typing import Final

from device_registry.storage.registry import Registry
from domain.errors import TransientFault, disk_full
from rules.worker.health import read_health
from streams.sqlite.log import SQLiteLog
from urbansense.configuration.place import place_of
from urbansense.configuration.settings import Settings
from urbansense.wiring.parts import Parts
from web.ports import ReadinessCheck

_MIB: Final = 1 << 20


def part_checks(parts: Parts) -> dict[str, ReadinessCheck]:
    """What every process needs, by the name of what is checked."""
    return {
        "place": partial(_check_place, parts),
        "disk": partial(check_disk, parts.settings),
        "log": partial(_check_log, parts),
    }


async def check_database(registry: Registry) -> str:
    """One line on the registry's database. Raises: TransientFault where it does not answer."""
    return f"{await asyncio.to_thread(registry.count_devices)} devices"


async def check_disk(settings: Settings) -> str:
    """How much room is left for the data folder. Raises: TransientFault where it is less than the settings want."""
    folder = settings.data_dir
    free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    wanted = settings.disk_reserve_mb * _MIB
    if free < _MIB:
        raise TransientFault(disk_full(folder, free))
    if free < wanted:
        raise TransientFault(f"disk nearly full: {folder}, {free} bytes free, less than URBANSENSE_DISK_RESERVE_MB")
    return f"{free // _MIB} MiB free for {folder}"


async def _check_place(parts: Parts) -> str:
    return place_of(parts.settings)


async def _check_log(parts: Parts) -> str:
    partitions = await parts.log.bounds(parts.topics.all_telemetry)
    if isinstance(parts.log, SQLiteLog):
        parts.log.check()
    return f"{parts.settings.log_url}, {len(partitions)} telemetry partitions"


async def check_rules(parts: Parts) -> str:
    """One line on how the reports come to the rules. Raises: TransientFault where more than usual come too late."""
    if late := (await read_health(parts.log, parts.topics)).late:
        raise TransientFault("; ".join(f"{kind}: {ill}" for kind, ill in sorted(late.items())))
    return "reports come in time"
