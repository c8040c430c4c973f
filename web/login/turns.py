"""Who is served next where many wait for few hands: each caller in turn, however many of its requests wait."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from accounts.users.refusals import TooManyFailures

_SOON_S: Final = 2


class FairTurns:
    """At most `at_once` at work, at most `waiting` behind them. For one event loop.

    Callers take turns, and whoever is `known` goes before all strangers. Where too many wait, the newest of the caller with
    the most is sent away, so that a flood pushes out itself. Raises, from `turn`: TooManyFailures to who is sent away.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = at_once
        self._most_waiting = waiting
        self._known: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._strangers: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, caller: str, *, known: bool = False) -> AsyncIterator[None]:
        """Wait for the turn; it lasts as long as the block."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(self._known if known else self._strangers, caller)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, lane: OrderedDict[str, deque[asyncio.Future[None]]], caller: str) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.setdefault(caller, deque()).append(place)
        if sum(map(len, lane.values())) > self._most_waiting:
            longest = max(lane, key=lambda one: len(lane[one]))
            lane[longest].pop().set_exception(TooManyFailures(_SOON_S))
            if not lane[longest]:
                del lane[longest]
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled() and place.exception() is None:
                self._pass_on()  # its turn had just come
            elif caller in lane and place in lane[caller]:
                lane[caller].remove(place)
                if not lane[caller]:
                    del lane[caller]
            raise

    def _pass_on(self) -> None:
        """Give the free hand to whoever is next."""
        for lane in (self._known, self._strangers):
            while lane:
                caller, places = lane.popitem(last=False)
                place = places.popleft()
                if places:
                    lane[caller] = places  # behind all others
                if not place.done():
                    place.set_result(None)
                    return
        self._free += 1
