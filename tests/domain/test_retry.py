"""The one way to wait out a server: what is tried again, what is reported, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from domain import retry
from domain.errors import Fenced, TransientFault
from domain.retry import Outage, kept_running, retried


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once() -> Iterator[float]:
        yield from (0.0 for _ in range(1000))

    monkeypatch.setattr(retry, "backoff_s", at_once)


class Noted:
    """What an outage reported, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def outage(self) -> Outage:
        return Outage(lambda fault: self.lines.append(f"away: {fault}"), lambda: self.lines.append("back"))


def failing(times: int, result: int = 7) -> Callable[[], Awaitable[int]]:
    """Fails so often, each time with the number of the try, then returns."""
    tries = iter(range(times))

    async def act() -> int:
        for number in tries:
            raise TransientFault(f"try {number}")
        return result

    return act


async def test_a_result_is_got_through_faults_with_a_line_for_the_first_and_one_for_the_end() -> None:
    noted = Noted()
    assert await retried(failing(3), asyncio.Event(), noted.outage()) == 7
    assert noted.lines == ["away: try 0", "back"]


async def test_where_nothing_fails_nothing_is_reported() -> None:
    noted = Noted()
    assert await retried(failing(0), asyncio.Event(), noted.outage()) == 7
    assert noted.lines == []


async def test_the_next_outage_is_reported_again() -> None:
    noted, stop = Noted(), asyncio.Event()
    outage = noted.outage()
    await retried(failing(1), stop, outage)
    await retried(failing(2), stop, outage)
    assert noted.lines == ["away: try 0", "back"] * 2


async def test_a_fault_after_the_stop_is_raised_and_not_reported() -> None:
    noted, stop = Noted(), asyncio.Event()
    stop.set()
    with pytest.raises(TransientFault, match="try 0"):
        await retried(failing(2), stop, noted.outage())
    assert noted.lines == []


async def test_work_is_resumed_after_each_fault_until_it_is_stopped() -> None:
    stop, faults = asyncio.Event(), []
    tries = iter(range(3))

    async def work() -> None:
        for number in tries:
            raise TransientFault(f"try {number}")
        stop.set()

    await kept_running(work, stop, lambda fault, wait_s: faults.append((str(fault), wait_s)))
    assert faults == [("try 0", 0.0), ("try 1", 0.0), ("try 2", 0.0)]


async def test_work_is_not_begun_after_the_stop_and_not_resumed_after_another_error() -> None:
    stop, began = asyncio.Event(), []

    async def work() -> None:
        began.append(1)
        raise Fenced("another process")

    with pytest.raises(Fenced):
        await kept_running(work, stop, lambda fault, wait_s: None)
    stop.set()
    await kept_running(work, stop, lambda fault, wait_s: None)
    assert began == [1]
