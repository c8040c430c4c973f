"""Services that are kept running: one that fails is run again and never takes the others with it."""

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from domain.errors import Fenced, TransientFault
from urbansense.running import services as running
from urbansense.running.services import keep_running, run_services
from urbansense.running.states import ServiceStates

BOUND_S = 20


class Working:
    """Works until it is stopped."""

    def __init__(self) -> None:
        self.runs = self.stopped = 0

    async def run(self, stop: asyncio.Event) -> None:
        self.runs += 1
        await stop.wait()
        self.stopped += 1


class Failing(Working):
    """Fails `times`, then works."""

    def __init__(self, times: int, error: Callable[[], Exception | None]) -> None:
        super().__init__()
        self._times = times
        self._error = error

    async def run(self, stop: asyncio.Event) -> None:
        if self.runs < self._times:
            self.runs += 1
            if (error := self._error()) is not None:
                raise error
            return
        await super().run(stop)


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(running, "_LONGEST_WAIT_S", 0.002)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not holds():
            await asyncio.sleep(0.001)


async def test_a_service_with_a_bug_is_run_again_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_STEADY_S", 3600.0)
    failing, working = Failing(3, lambda: KeyError("partition")), Working()
    stop, states = asyncio.Event(), ServiceStates()
    with capture_logs() as lines:
        kept = asyncio.create_task(keep_running({"rules": failing, "gateway": working}, stop, states))
        await until(lambda: failing.runs == 4)
        with pytest.raises(TransientFault, match="rules failed and is started again: KeyError: 'partition'"):
            await states.check()
        text = generate_latest(REGISTRY).decode()
        stop.set()
        await asyncio.wait_for(kept, BOUND_S)
    assert 'urbansense_service_failures_total{service="rules"} 3.0' in text
    assert 'urbansense_service_running{service="gateway"} 1.0' in text
    assert (working.runs, working.stopped, failing.stopped) == (1, 1, 1)
    (line,) = [line for line in lines if line["log_level"] == "error"]  # once, though it failed three times
    assert line["service"] == "rules"
    assert isinstance(line["exc_info"], KeyError)


async def test_a_service_that_runs_for_a_while_after_a_failure_is_well_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_STEADY_S", 0.001)
    failing = Failing(1, lambda: RuntimeError("once"))
    stop, states = asyncio.Event(), ServiceStates()
    with capture_logs() as lines:
        kept = asyncio.create_task(keep_running({"rules": failing}, stop, states))
        await until(lambda: any(line["event"] == "the service runs again" for line in lines))
        assert await states.check() == "1 services run"
        stop.set()
        await asyncio.wait_for(kept, BOUND_S)


async def test_a_service_that_ends_on_its_own_is_run_again() -> None:
    ending = Failing(1, lambda: None)
    stop = asyncio.Event()
    kept = asyncio.create_task(keep_running({"web": ending}, stop, ServiceStates()))
    await until(lambda: ending.runs == 2)
    stop.set()
    await asyncio.wait_for(kept, BOUND_S)


async def test_a_fenced_service_stays_down_with_its_reason_and_the_others_go_on() -> None:
    fenced = Failing(9, lambda: ExceptionGroup("tasks", [Fenced("another process connected as urbansense-0")]))
    working, stop, states = Working(), asyncio.Event(), ServiceStates()
    kept = asyncio.create_task(keep_running({"gateway": fenced, "rules": working}, stop, states))
    await until(lambda: fenced.runs == 1 and working.runs == 1)
    with pytest.raises(TransientFault, match=r"gateway gave way and stays down.*another process connected"):
        await states.check()
    text = generate_latest(REGISTRY).decode()
    stop.set()
    await asyncio.wait_for(kept, BOUND_S)
    assert 'urbansense_service_running{service="gateway"} 0.0' in text
    assert (fenced.runs, working.stopped) == (1, 1)


async def test_alone_a_service_that_fails_ends_the_process_with_its_error() -> None:
    working = Working()
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(
            run_services({"rules": Failing(1, lambda: KeyError("x")), "lookup": working}, asyncio.Event()), BOUND_S
        )
    assert raised.group_contains(KeyError)
