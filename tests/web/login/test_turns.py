"""Turns: a flood of one caller makes nobody else wait longer than its own share."""

import asyncio

import pytest

from accounts.users.refusals import TooManyFailures
from web.login.turns import FairTurns


class Hands:
    """Work that lasts until it is let go, and the order in which it began."""

    def __init__(self, turns: FairTurns) -> None:
        self._turns = turns
        self.begun: list[str] = []
        self._done = asyncio.Semaphore(0)

    async def work(self, caller: str, *, known: bool = False) -> None:
        async with self._turns.turn(caller, known=known):
            self.begun.append(caller)
            await self._done.acquire()

    def start(self, *callers: str, known: bool = False) -> "list[asyncio.Task[None]]":
        return [asyncio.create_task(self.work(caller, known=known)) for caller in callers]

    async def finish(self, tasks: "list[asyncio.Task[None]]") -> None:
        for _ in tasks:
            self._done.release()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, return_exceptions=True)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_take_turns_and_known_ones_go_first() -> None:
    hands = Hands(FairTurns(1, 100))
    tasks = hands.start(*["mallory"] * 20)
    await settle()
    tasks += hands.start("olga", "dima")
    tasks += hands.start("ada", known=True)
    await settle()
    assert hands.begun == ["mallory"]
    await hands.finish(tasks)
    assert hands.begun[1] == "ada"
    assert {hands.begun.index("olga"), hands.begun.index("dima")} <= {2, 3, 4}
    assert len(hands.begun) == 23


async def test_a_full_queue_sends_away_the_newest_of_who_fills_it() -> None:
    hands = Hands(FairTurns(1, 10))
    flood = hands.start(*["mallory"] * 11)
    await settle()
    olga = hands.start("olga")
    await settle()
    assert flood[-1].done()
    with pytest.raises(TooManyFailures):
        flood[-1].result()
    await hands.finish([*flood, *olga])
    assert hands.begun.count("olga") == 1


async def test_who_goes_away_while_waiting_takes_no_turn() -> None:
    turns = FairTurns(1, 10)
    hands = Hands(turns)
    tasks = hands.start("a", "b", "c")
    await settle()
    tasks[1].cancel()
    await hands.finish([tasks[0], tasks[2]])
    assert hands.begun == ["a", "c"]
    async with asyncio.timeout(10), turns.turn("d"):
        pass


async def test_no_more_than_so_many_work_at_once() -> None:
    hands = Hands(FairTurns(2, 100))
    tasks = hands.start(*map(str, range(50)))
    await settle()
    assert len(hands.begun) == 2
    await hands.finish(tasks)
    assert len(hands.begun) == 50
