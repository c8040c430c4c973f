"""What services tell of themselves."""

import os

import numpy as np
import pytest
from prometheus_client import REGISTRY, generate_latest

from domain.errors import ConfigurationError
from ingest.recorder.recording import Recorder
from ingest.recorder.report_age import ReportAges
from urbansense.evaluation.load.usage import BucketQuantiles, Service, _of_pid, parse_service, read_ages, read_metrics
from urbansense.running.metrics import ServiceMetrics


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("kafka=812", Service("kafka", pid=812)),
        ("api=http://127.0.0.1:8080", Service("api", url="http://127.0.0.1:8080/metrics")),
        ("api=http://127.0.0.1:8080/metrics", Service("api", url="http://127.0.0.1:8080/metrics")),
    ],
)
def test_a_service_is_named_by_address_or_pid(text: str, service: Service) -> None:
    assert parse_service(text) == service


@pytest.mark.parametrize("text", ["", "gateway", "=12", "gateway=here"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write name="):
        parse_service(text)


def test_a_process_tells_its_cpu_time_and_memory_both_ways_alike() -> None:
    told = read_metrics(generate_latest(REGISTRY).decode())
    seen = _of_pid(os.getpid())
    assert told is not None
    assert seen is not None
    assert told[0] == pytest.approx(seen.cpu_s, abs=1)
    assert told[1] / 1e6 == pytest.approx(seen.memory_mb, rel=0.2)


def test_the_ages_that_a_recorder_tells_come_back_within_two_percent() -> None:
    """From the batch through `/metrics` to the quantiles of what was stored between two looks."""
    recorder = Recorder(None, None, None)  # type: ignore[arg-type]
    metrics = ServiceMetrics({"recorder": recorder})

    def look() -> dict[float, float]:
        REGISTRY.register(metrics)
        try:
            return dict(read_ages(generate_latest(REGISTRY).decode()))
        finally:
            REGISTRY.unregister(metrics)

    add(recorder.ages, [90_000.0] * 1000)
    before = look()
    ages_ms = np.random.default_rng(7).lognormal(5, 1, 5000)
    add(recorder.ages, ages_ms.tolist())
    found = BucketQuantiles.between(before, look())
    assert found.count == 5000
    for share in (0.5, 0.95, 0.99):
        exact = float(np.quantile(ages_ms, share, method="inverted_cdf"))
        assert found.quantile_ms(share) == pytest.approx(exact, rel=0.021)


def add(ages: ReportAges, ages_ms: list[float]) -> None:
    now_ms = 1_763_772_000_000.0
    ages.add([{"observed_at_ms": now_ms - age} for age in ages_ms], now_ms)  # type: ignore[typeddict-item]


def test_nothing_stored_has_no_quantile() -> None:
    assert BucketQuantiles.between({}, {}).quantile_ms(0.5) is None
