"""What became of each service of a process that keeps them running."""

from collections import Counter
from collections.abc import Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from domain.errors import TransientFault, leaves

_log = structlog.get_logger()


class ServiceStates(Collector):
    """Each service runs, failed and will be run again, or gave its place up to another process.

    The log gets a line, with the traceback, when a service fails that was well, and one when it is well again. Metrics:
    `urbansense_service_running{service}` (1 or 0) and `urbansense_service_failures_total{service}`.
    """

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}
        self._failures: Counter[str] = Counter()
        self._running: dict[str, bool] = {}

    def start(self, name: str) -> None:
        self._running[name] = True

    def fail(self, name: str, error: Exception) -> None:
        self._running[name] = False
        self._failures[name] += 1
        if name not in self._problems:
            _log.error(
                "a service failed; it is started again, the others go on",
                service=name, error=words_of(error), exc_info=error,
            )  # fmt: skip
        self._problems[name] = f"{name} failed and is started again: {words_of(error)}"

    def fence(self, name: str, error: Exception) -> None:
        self._running[name] = False
        _log.error("a service gave way to another process; it stays down here", service=name, error=words_of(error))
        self._problems[name] = f"{name} gave way and stays down, until this process is started again: {words_of(error)}"

    def recover(self, name: str) -> None:
        """The service has run for a while now."""
        if self._problems.pop(name, None) is not None:
            _log.info("the service runs again", service=name)

    async def check(self) -> str:
        """How many services run. Raises: TransientFault with a line for each that failed or is down."""
        if self._problems:
            raise TransientFault("; ".join(self._problems.values()))
        return f"{len(self._running)} services run"

    def collect(self) -> Iterator[Metric]:
        running = GaugeMetricFamily("urbansense_service_running", "Whether a service runs.", labels=["service"])
        failures = CounterMetricFamily("urbansense_service_failures", "How often one failed.", labels=["service"])
        for name, runs in self._running.items():
            running.add_metric([name], int(runs))
            failures.add_metric([name], self._failures[name])
        yield from (running, failures)


def words_of(error: BaseException) -> str:
    """The errors inside, by type and message, on one line."""
    return "; ".join(f"{type(leaf).__name__}: {leaf}" for leaf in leaves(error))
