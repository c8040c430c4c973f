"""The devices that reported without being registered: listed, accepted with their reports, refused or forgotten."""

import asyncio
from collections.abc import Sequence
from time import time
from typing import Final

from device_registry.lookup.following import FollowingLookup
from device_registry.pending.sightings import sighting_of
from device_registry.pending.store import PendingDevice, PendingStore
from device_registry.ports import RefusedMessages
from domain.errors import TransientFault
from domain.rejections import Reason, Rejection, Replay
from streams.ports import Log

_KNOWN_WITHIN_S: Final = 10.0
_LOOK_ANEW_S: Final = 1.0


class PendingService:
    """Reads and writes the list in the registry's database; replays through the same lookup as `rejected replay`."""

    def __init__(self, book: PendingStore, log: Log, lookup: FollowingLookup, rejections: RefusedMessages) -> None:
        self._book = book
        self._log = log
        self._lookup = lookup
        self._rejections = rejections

    async def page(self, *, refused: bool, after: str | None, limit: int) -> Sequence[PendingDevice]:
        """By name: those that wait, or those that were refused."""
        return await asyncio.to_thread(self._book.page, refused=refused, after=after, limit=limit)

    async def get(self, name: str) -> PendingDevice | None:
        return await asyncio.to_thread(self._book.get, name)

    async def settle(self, name: str, device_id: str, *, replay: bool) -> Replay:
        """It is registered as that device: take it off the list and, with `replay`, put its rejected reports through."""
        await asyncio.to_thread(self._book.take_out, name)
        if not replay:
            return Replay(0, 0)
        try:
            async with asyncio.timeout(_KNOWN_WITHIN_S):
                await self._until_known(device_id)
        except TimeoutError as error:
            what = f"{device_id} is registered, but not on the log yet: replay its rejected reports later"
            raise TransientFault(what) from error
        places = await self._rejections.places_of(Reason.UNKNOWN_DEVICE, lambda one: _is_of(one, name))
        return await self._rejections.replay(places, Reason.UNKNOWN_DEVICE) if places else Replay(0, 0)

    async def drop(self, name: str, *, for_good: bool, author: str) -> bool:
        """Whether it was there: refused for good, or forgotten until its next report."""
        act = self._book.refuse if for_good else self._book.forget
        return await asyncio.to_thread(act, name, now_ms=int(time() * 1000), author=author)

    async def _until_known(self, device_id: str) -> None:
        """In a process where nothing follows the topic, the lookup is loaded anew."""
        loop = asyncio.get_running_loop()
        look_anew_at = loop.time() + _LOOK_ANEW_S
        while self._lookup.device(device_id) is None:
            if loop.time() >= look_anew_at:
                await self._lookup.load(self._log)
                look_anew_at = loop.time() + _LOOK_ANEW_S
            await asyncio.sleep(0.05)


def _is_of(rejection: Rejection, name: str) -> bool:
    sighting = sighting_of(rejection)
    return sighting is not None and sighting.name == name
