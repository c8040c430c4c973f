"""What is examined: the line in the log at a change, the metric, and what a check may do."""

import asyncio

from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from domain.errors import TransientFault
from web.api.operations.readiness import ReadinessWatch


class Part:
    """What is checked: well, or bad with words."""

    def __init__(self) -> None:
        self.bad: Exception | None = None

    async def check(self) -> str:
        if self.bad is not None:
            raise self.bad
        return "well"


async def test_the_log_gets_one_line_a_change_however_often_it_is_examined() -> None:
    part = Part()
    watch = ReadinessWatch({"store": part.check}, after_s=0)
    with capture_logs() as lines:
        await watch.examine()
        part.bad = TransientFault("disk full: /data, 0 bytes free")
        for _ in range(3):
            await watch.examine()
        part.bad = None
        for _ in range(3):
            await watch.examine()
    assert [(line["event"], line["check"]) for line in lines] == [("not ready", "store"), ("ready again", "store")]
    assert lines[0]["reason"] == "disk full: /data, 0 bytes free"


async def test_what_is_away_for_a_moment_is_red_and_no_line_in_the_log() -> None:
    part = Part()
    part.bad = TransientFault("starting")
    watch = ReadinessWatch({"broker": part.check}, after_s=3600)
    with capture_logs() as lines:
        assert [check.ready for check in await watch.examine()] == [False]
        part.bad = None
        assert [check.ready for check in await watch.examine()] == [True]
    assert lines == []


async def test_the_metric_is_of_every_check_as_last_examined() -> None:
    part = Part()
    watch = ReadinessWatch({"log": part.check})
    watch.add({"disk": Part().check})
    part.bad = TransientFault("away")
    await watch.examine()
    registry = CollectorRegistry()
    registry.register(watch)
    text = generate_latest(registry).decode()
    assert 'urbansense_ready{check="log"} 0.0' in text
    assert 'urbansense_ready{check="disk"} 1.0' in text


async def test_a_check_with_a_bug_is_red_with_its_type_and_takes_nothing_with_it() -> None:
    part, stop = Part(), asyncio.Event()
    part.bad = KeyError("partition")
    watch = ReadinessWatch({"log": part.check, "store": Part().check}, every_s=0.001)
    running = asyncio.create_task(watch.run(stop))
    found = await watch.examine()
    stop.set()
    await asyncio.wait_for(running, 10)
    assert [(check.ready, check.detail) for check in found] == [(False, "KeyError: 'partition'"), (True, "well")]
