"""CPU time and memory of the services under load: from their `/metrics`, or from /proc where only a pid is known."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from domain.errors import ConfigurationError

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_CPU: Final = "process_cpu_seconds_total "
_MEMORY: Final = "process_resident_memory_bytes "
_AGES: Final = 'urbansense_recorder_report_age_seconds_bucket{le="'

Buckets = Mapping[float, float]
"""Cumulative counts by upper bound, as Prometheus reports them."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is watched: by the address of its `/metrics`, or by its pid on this machine."""

    name: str
    url: str | None = None
    pid: int | None = None


@dataclass(slots=True)
class Sample:
    """What a service had used at a time (the wall clock in seconds)."""

    at_s: float
    cpu_s: float
    memory_mb: float


@dataclass
class Usage:
    """Samples of all services, by name, in order of time; one that does not answer is left out of that round."""

    services: list[Service]
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    async def watch(self, every_s: float = 2.0) -> None:
        """Take samples until cancelled."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                await self.sample(client)
                await asyncio.sleep(every_s)

    async def sample(self, client: httpx.AsyncClient) -> None:
        """One round."""
        for service in self.services:
            found = await _of_url(client, service.url) if service.url else _of_pid(service.pid or 0)
            if found is not None:
                self.samples.setdefault(service.name, []).append(found)


def parse_service(text: str) -> Service:
    """What `name=http://host:port[/metrics]` or `name=pid` names. Raises: ConfigurationError."""
    name, _, where = text.partition("=")
    if name and where.isdigit():
        return Service(name, pid=int(where))
    if name and where.startswith(("http://", "https://")):
        return Service(name, url=where if where.endswith("/metrics") else f"{where.rstrip('/')}/metrics")
    raise ConfigurationError(f"--service {text!r}: write name=http://127.0.0.1:8080/metrics or name=pid")


def read_metrics(text: str) -> tuple[float, float] | None:
    """(CPU seconds, resident bytes) of a process, from its metrics; None where it does not report them."""
    found = {
        name: float(line[len(name) :])
        for line in text.splitlines()
        for name in (_CPU, _MEMORY)
        if line.startswith(name)
    }
    return (found[_CPU], found[_MEMORY]) if len(found) == 2 else None


def read_ages(text: str) -> Buckets:
    """The recorder's histogram of the age of what it stores, empty where this is no recorder."""
    lines = (line.removeprefix(_AGES) for line in text.splitlines() if line.startswith(_AGES))
    return {float(bound): float(count) for bound, _, count in (line.partition('"} ') for line in lines)}


async def fetch_ages(services: list[Service]) -> Buckets:
    """The same of all recorders among the services together."""
    total: dict[float, float] = {}
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        for service in services:
            try:
                text = (await client.get(service.url)).text if service.url else ""
            except httpx.HTTPError:
                continue
            for bound, count in read_ages(text).items():
                total[bound] = total.get(bound, 0.0) + count
    return total


@dataclass(frozen=True, slots=True)
class BucketQuantiles:
    """The quantiles of the difference of two histograms."""

    counts: list[tuple[float, float]]

    @classmethod
    def between(cls, before: Buckets, after: Buckets) -> "BucketQuantiles":
        return cls([(bound, after[bound] - before.get(bound, 0.0)) for bound in sorted(after)])

    @property
    def count(self) -> int:
        return int(self.counts[-1][1]) if self.counts else 0

    def quantile_ms(self, share: float) -> float | None:
        """Within 2 %: the geometric middle of the bucket that holds it; None of nothing."""
        if not self.count:
            return None
        rank, below_s = share * self.count, 0.0
        for bound_s, count in self.counts:
            if count >= rank - 1e-9 and count > 0:
                if bound_s == float("inf"):
                    return below_s * 1000
                return (below_s * bound_s) ** 0.5 * 1000 if below_s else bound_s * 1000
            below_s = bound_s
        return None


async def _of_url(client: httpx.AsyncClient, url: str) -> Sample | None:
    try:
        found = read_metrics((await client.get(url)).text)
    except httpx.HTTPError:
        return None
    return Sample(time.time(), found[0], found[1] / 1e6) if found else None


def _of_pid(pid: int) -> Sample | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    return Sample(time.time(), (int(fields[11]) + int(fields[12])) / _TICKS_PER_S, pages * _PAGE_BYTES / 1e6)
