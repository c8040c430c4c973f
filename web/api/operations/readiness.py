"""What the process needs, examined: for `/readyz`, for the metric, and one line in the log at each change."""

import asyncio
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Final

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel

from domain.errors import UrbansenseError
from domain.retry import pause
from web.ports import ReadinessCheck

_log = structlog.get_logger()

CHECK_TIMEOUT_S: Final = 3.0
_EVERY_S: Final = 5.0
_RECENT_S: Final = 1.0
_LOGGED_AFTER_S: Final = 2.0
"""At a start everything is away for a moment, which is no news."""


class Check(BaseModel):
    """One thing the process needs, and a line on what is there or missing."""

    name: str
    ready: bool
    detail: str


class ReadinessWatch(Collector):
    """The checks of one process by name; `run` examines them now and then, so that nobody need ask for trouble to be seen.

    The log gets a line when a check has been bad for `after_s`, and one when it is well again, however often it is
    examined. The metric `urbansense_ready{check}` (1 or 0) is of the last time.
    """

    def __init__(
        self, checks: Mapping[str, ReadinessCheck], every_s: float = _EVERY_S, after_s: float = _LOGGED_AFTER_S
    ) -> None:
        self._checks = dict(checks)
        self._every_s = every_s
        self._after_s = after_s
        self._last: dict[str, Check] = {}
        self._bad_since: dict[str, float] = {}
        self._logged: set[str] = set()
        self._examined_s = float("-inf")
        self._asking = asyncio.Lock()

    def add(self, checks: Mapping[str, ReadinessCheck]) -> None:
        """From now on these are examined, too; one of the same name takes the other's place."""
        self._checks.update(checks)

    async def examine(self) -> list[Check]:
        """Every check as it is now, in the order in which they were given."""
        found = await asyncio.gather(*(run_check(name, check) for name, check in self._checks.items()))
        for check in found:
            self._last[check.name] = check
            self._log_change(check)
        self._examined_s = monotonic()
        return found

    async def recent(self) -> list[Check]:
        """The same, at most a second old, so that strangers who ask often cost log and store nothing."""
        async with self._asking:
            if monotonic() - self._examined_s >= _RECENT_S:
                return await self.examine()
            return list(self._last.values())

    def _log_change(self, check: Check) -> None:
        if check.ready:
            self._bad_since.pop(check.name, None)
            if check.name in self._logged:
                self._logged.remove(check.name)
                _log.info("ready again", check=check.name, detail=check.detail)
            return
        since = self._bad_since.setdefault(check.name, monotonic())
        if check.name not in self._logged and monotonic() - since >= self._after_s:
            self._logged.add(check.name)
            _log.warning("not ready", check=check.name, reason=check.detail)

    async def run(self, stop: asyncio.Event) -> None:
        """Examine everything each few seconds until `stop` is set."""
        while not stop.is_set():
            await self.examine()
            await pause(stop, self._every_s)

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("urbansense_ready", "Whether it can be used, as last examined.", labels=["check"])
        for name, check in self._last.items():
            ready.add_metric([name], int(check.ready))
        yield ready


async def run_check(name: str, check: ReadinessCheck, timeout_s: float = CHECK_TIMEOUT_S) -> Check:
    """The check's result; one that fails, or takes longer than `timeout_s`, is not ready."""
    try:
        async with asyncio.timeout(timeout_s):
            return Check(name=name, ready=True, detail=await check())
    except TimeoutError:
        return Check(name=name, ready=False, detail=f"no answer within {timeout_s:g} s")
    except UrbansenseError as fault:
        return Check(name=name, ready=False, detail=str(fault))
    except Exception as error:
        return Check(name=name, ready=False, detail=f"{type(error).__name__}: {error}")
