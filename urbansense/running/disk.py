"""How much room the data folder has left: a check, a metric, and a warning before it is full."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from domain.errors import TransientFault, disk_full
from domain.retry import pause

_MIB: Final = 1 << 20
_EVERY_S: Final = 5.0


class DiskSpace(Collector):
    """A service that measures now and then, for the metric `urbansense_disk_free_bytes`; `check` measures anew."""

    def __init__(self, folder: Path, reserve_mb: int) -> None:
        self._folder = folder
        self._reserve_mb = reserve_mb
        self._free: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._measure()
            await pause(stop, _EVERY_S)

    async def check(self) -> str:
        """How much room is left. Raises: TransientFault where it is less than the settings want."""
        free = await self._measure()
        if free < _MIB:
            raise TransientFault(disk_full(self._folder, free))
        if free < self._reserve_mb * _MIB:
            raise TransientFault(
                f"disk nearly full: {self._folder}, {free} bytes free, less than URBANSENSE_DISK_RESERVE_MB"
            )
        return f"{free // _MIB} MiB free for {self._folder}"

    def collect(self) -> Iterator[Metric]:
        if self._free is not None:
            yield GaugeMetricFamily("urbansense_disk_free_bytes", "Room left for the data folder.", self._free)

    async def _measure(self) -> int:
        self._free = (await asyncio.to_thread(shutil.disk_usage, self._folder)).free
        return self._free
