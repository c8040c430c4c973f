"""The list of devices, page by page."""

import asyncio

from device_registry.lookup.following import FollowingLookup
from device_registry.service.queries import DevicePage, DeviceQuery
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.devices import DEVICE_ID, Device


class RegistryDirectory:
    """Reads the tables, so that what was imported is there at once; `revision` follows the topic.

    Safe to use from many tasks of one event loop.
    """

    def __init__(self, registry: Registry, lookup: FollowingLookup) -> None:
        self._registry = registry
        self._lookup = lookup

    async def list_devices(self, query: DeviceQuery) -> DevicePage:
        """Raises: ValueError where the cursor was not returned with an earlier page."""
        if query.cursor and not DEVICE_ID.fullmatch(query.cursor):
            raise ValueError(f"{query.cursor!r} is no cursor of the device list")
        wanted = DeviceFilter(
            kind=query.kind,
            area=query.area,
            department=query.department,
            state=query.state,
            profile=query.profile,
            parent_id=query.parent_id,
            text=query.text,
            tag=query.tag,
            grid=query.grid,
            place=query.place,
        )
        page = await asyncio.to_thread(
            self._registry.list_devices, wanted, after=query.cursor or None, limit=query.limit
        )
        total = await asyncio.to_thread(self._registry.count_devices, wanted)
        return DevicePage(page.items, page.next, total)

    async def get_device(self, device_id: str) -> Device | None:
        return await asyncio.to_thread(self._registry.get_device, device_id)

    def revision(self) -> int:
        """Grows whenever any device changed, so that what was derived from the list can be kept until it does."""
        return self._lookup.version
