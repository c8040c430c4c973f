"""Rows of the entity sets from registry and store, page by page, always in the order of their ids."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from device_registry.service.queries import DeviceQuery
from device_registry.service.services import RegistryServices
from domain.devices import Device, DeviceState, Profile
from domain.quantities.catalogue import CATALOGUE
from timeseries.ports import Store
from timeseries.queries.readings import ReadingQuery, StoredReading
from web.standards.sta.entities.identifiers import read_datastream_id
from web.standards.sta.entities.sets import known_quantity
from web.standards.sta.entities.views import Row
from web.standards.sta.query.expressions import InvalidQuery
from web.standards.sta.retrieval.bounds import DEVICE_FACTS, Bounds

_DEVICES_A_PAGE: Final = 500
_READINGS_A_PAGE: Final = 2000


class Source:
    """The rows for one request; what it has read of devices and profiles it keeps until the request ends."""

    def __init__(self, registry: RegistryServices, store: Store) -> None:
        self._directory = registry.directory
        self._store = store
        self._records = registry.records
        self._profiles: dict[str, Profile] | None = None
        self._devices: dict[str, Device | None] = {}
        self._quantities: dict[str, tuple[str, ...]] = {}

    async def rows(
        self, entity_set: str, bounds: Bounds, after: str | None = None, page: int = 0
    ) -> AsyncIterator[Row]:
        """The rows within the bounds, those behind the id `after`. `page` says how many will be wanted, 0 for all.

        Observations are read by `readings` instead.
        """
        match entity_set:
            case "Things" | "Locations" | "FeaturesOfInterest":
                async for devices in self._device_pages(bounds, after, page):
                    for device in devices:
                        yield Row(device=device)
            case "Datastreams":
                async for row in self._datastreams(bounds, after, page):
                    yield row
            case "Sensors":
                for name, profile in sorted((await self.profiles()).items()):
                    if _is_in(name, bounds.profiles) and (after is None or name > after):
                        yield Row(profile=profile)
            case "ObservedProperties":
                for name, quantity in sorted(CATALOGUE.items()):
                    if _is_in(name, bounds.quantities) and (after is None or name > after):
                        yield Row(quantity=quantity)

    async def readings(self, query: ReadingQuery) -> list[Row]:
        """One page of observations; their devices are not looked up yet (`with_device` does that)."""
        found = await self._store.fetch_readings(query)
        return [Row(quantity=known_quantity(reading.quantity), reading=reading) for reading in found]

    async def all_readings(self, query: ReadingQuery) -> AsyncIterator[list[Row]]:
        """Page after page from `query.after` on, until there are no more."""
        while rows := await self.readings(query):
            yield rows
            if len(rows) < query.limit:
                return
            query = _behind(query, rows[-1].reading)

    async def count_readings(self, query: ReadingQuery) -> int:
        return await self._store.count_readings(query)

    async def count_devices(self, bounds: Bounds) -> int | None:
        """How many devices are within the bounds, where the registry can count them without a list."""
        query = _device_query(bounds, 1, None)
        if bounds.devices is not None or query is None:
            return None
        return (await self._directory.list_devices(query)).total

    async def profiles(self) -> dict[str, Profile]:
        if self._profiles is None:
            self._profiles = dict(await self._records.profiles())
        return self._profiles

    async def with_device(self, row: Row) -> Row:
        """The row with its device and the device's profile, where the registry knows them."""
        device = row.device
        if device is None and row.reading is not None:
            device = await self._device(row.reading.device_id)
        profile = row.profile or ((await self.profiles()).get(device.profile) if device is not None else None)
        return Row(device, row.quantity, profile, row.reading)

    async def learn_quantities(self, devices: Sequence[Device]) -> None:
        """Fetch the quantities of all of them at once."""
        missing = [device for device in devices if device.device_id not in self._quantities]
        if not missing:
            return
        profiles = await self.profiles()
        latest = await self._store.fetch_latest([device.device_id for device in missing])
        for device in missing:
            names = set(latest.get(device.device_id, ())) | _declared(profiles.get(device.profile))
            self._quantities[device.device_id] = tuple(sorted(names & CATALOGUE.keys()))

    async def _datastreams(self, bounds: Bounds, after: str | None, page: int) -> AsyncIterator[Row]:
        if after is not None and (last := read_datastream_id(after)) is not None:
            rest = bounds & Bounds(devices=frozenset((last.device_id,)))
            async for row in self._datastreams(rest, None, 0):
                if row.quantity is not None and row.quantity.name > last.quantity:
                    yield row
            after = last.device_id
        async for devices in self._device_pages(bounds, after, page):
            await self.learn_quantities(devices)
            for device in devices:
                for name in self._quantities[device.device_id]:
                    if _is_in(name, bounds.quantities):
                        yield Row(device=device, quantity=CATALOGUE[name])

    async def _device_pages(self, bounds: Bounds, after: str | None, page: int) -> AsyncIterator[Sequence[Device]]:
        if bounds.devices is not None:
            for device_id in sorted(bounds.devices):
                device = await self._device(device_id) if after is None or device_id > after else None
                if device is not None and _has_facts(device, bounds):
                    yield [device]
            return
        limit = min(page + 1, _DEVICES_A_PAGE) if page else _DEVICES_A_PAGE
        while (query := _device_query(bounds, limit, after)) is not None:
            try:
                found = await self._directory.list_devices(query)
            except ValueError as error:
                raise InvalidQuery("$skiptoken: follow @iot.nextLink as it came") from error
            self._devices.update((device.device_id, device) for device in found.items)
            yield found.items
            if found.next is None:
                return
            after, limit = found.next, _DEVICES_A_PAGE

    async def _device(self, device_id: str) -> Device | None:
        if device_id not in self._devices:
            self._devices[device_id] = await self._directory.get_device(device_id)
        return self._devices[device_id]


def reading_query(bounds: Bounds, limit: int = _READINGS_A_PAGE) -> ReadingQuery:
    """What the store is asked for observations within the bounds. What it cannot know (a device's facts) is left out."""
    return ReadingQuery(
        bounds.from_ms,
        bounds.to_ms,
        None if bounds.devices is None else tuple(sorted(bounds.devices)),
        None if bounds.quantities is None else tuple(sorted(bounds.quantities)),
        bounds.values,
        limit=limit,
    )


def is_covered(entity_set: str, bounds: Bounds) -> bool:
    """Whether every row that the source gives for these bounds is within them, and no condition need be judged again."""
    by_device = bool(bounds.facts) or bounds.place is not None
    by_reading = bool(bounds.values) or bounds.from_ms is not None or bounds.to_ms is not None
    match entity_set:
        case "Observations":
            return bounds.exact and not by_device and bounds.profiles is None
        case "Datastreams":
            return bounds.exact and not by_reading
        case "Things" | "Locations" | "FeaturesOfInterest":
            return bounds.exact and not by_reading and bounds.quantities is None
        case _:
            return False


def _device_query(bounds: Bounds, limit: int, after: str | None) -> DeviceQuery | None:
    """What the registry is asked; None where no device can be within the bounds."""
    facts = dict(bounds.facts)
    if bounds.profiles is not None:
        wanted = bounds.profiles & {facts["profile"]} if "profile" in facts else bounds.profiles
        if not wanted:
            return None
        if len(wanted) == 1:
            facts["profile"] = next(iter(wanted))
    state = facts.pop("state", None)
    if state is not None and state not in set(DeviceState):
        return None
    return DeviceQuery(
        **facts, state=None if state is None else DeviceState(state), limit=limit, cursor=after, place=bounds.place
    )


def _has_facts(device: Device, bounds: Bounds) -> bool:
    facts_hold = all(getattr(device, name) == bounds.facts[name] for name in DEVICE_FACTS if name in bounds.facts)
    return facts_hold and _is_in(device.profile, bounds.profiles)


def _declared(profile: Profile | None) -> set[str]:
    """The quantities that devices of a profile report; unknown for one that takes canonical quantities as they come."""
    if profile is None:
        return set()
    return {one.quantity for one in profile.fields} | {one.quantity for one in profile.derived}


def _is_in(name: str, wanted: frozenset[str] | None) -> bool:
    return wanted is None or name in wanted


def _behind(query: ReadingQuery, last: StoredReading | None) -> ReadingQuery:
    return replace(query, after=last, skip=0)
