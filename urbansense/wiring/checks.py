"""What `/readyz` checks of the open parts, whatever stands on them."""

import asyncio
from functools import partial

from device_registry.storage.registry import Registry
from domain.errors import TransientFault
from rules.worker.health import read_health
from streams.sqlite.log import SQLiteLog
from urbansense.configuration.place import place_of
from urbansense.wiring.parts import Parts
from web.ports import ReadinessCheck


def part_checks(parts: Parts) -> dict[str, ReadinessCheck]:
    """What every process needs, by the name of what is checked."""
    return {
        "place": partial(_check_place, parts),
        "disk": parts.disk.check,
        "log": partial(_check_log, parts),
    }


async def check_database(registry: Registry) -> str:
    """One line on the registry's database. Raises: TransientFault where it does not answer."""
    return f"{await asyncio.to_thread(registry.count_devices)} devices"


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
