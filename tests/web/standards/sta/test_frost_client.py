"""SensorThings as an independent client sees it: Fraunhofer's frost-sta-client against the service on a real port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import frost_sta_client as frost
import pytest
from fastapi import FastAPI

from tests.servers.ports import free_port
from tests.web.standards.sta.town import LAMP
from web.serving.server import serve

WAIT_S = 20
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:furl")


@pytest.fixture
async def service(app: FastAPI) -> AsyncIterator[frost.SensorThingsService]:
    stop = asyncio.Event()
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(app, free_port(), stop, listening.set_result))
    port = await asyncio.wait_for(listening, WAIT_S)
    yield frost.SensorThingsService(f"http://127.0.0.1:{port}/sta/v1.1")
    stop.set()
    await asyncio.wait_for(serving, WAIT_S)


async def asked(question: Callable[[], Any]) -> Any:
    """The answer of the client, which waits for the network in a thread of its own."""
    return await asyncio.wait_for(asyncio.to_thread(question), WAIT_S)


async def test_it_lists_things_and_counts_them(service: frost.SensorThingsService) -> None:
    things = await asked(lambda: service.things().query().count().list())
    assert [thing.id for thing in things.entities] == ["SL-1", "SL-2", "WM-1", "ZZ-1"]
    assert things.count == 4
    assert things.entities[0].name == "Lamp 1"
    assert things.entities[0].properties["attributes"] == {"nominal_power": 100}


async def test_it_finds_one_thing_and_walks_on_from_there(service: frost.SensorThingsService) -> None:
    lamp = await asked(lambda: service.things().find(LAMP.device_id))
    streams = await asked(lambda: lamp.get_datastreams().query().list())
    assert [stream.id for stream in streams.entities] == ["SL-1:active_power", "SL-1:voltage"]
    assert streams.entities[0].unit_of_measurement.symbol == "W"
    observations = await asked(lambda: streams.entities[0].get_observations().query().list())
    assert [one.result for one in observations.entities] == [90.0 + minute for minute in range(10)]


async def test_it_expands_nested_entities_into_its_own_classes(service: frost.SensorThingsService) -> None:
    expand = "Locations,Datastreams($expand=ObservedProperty,Sensor,Observations($top=1;$orderby=phenomenonTime desc))"
    things = await asked(lambda: service.things().query().filter("@iot.id eq 'SL-1'").expand(expand).list())
    (lamp,) = things.entities
    assert lamp.locations.entities[0].location["coordinates"] == [LAMP.lon, LAMP.lat]
    power = lamp.datastreams.entities[0]
    assert power.observed_property.name == "Active power"
    assert power.sensor.name == "streetlight"
    assert power.observations.entities[0].result == 99.0


async def test_it_filters_by_time_and_result(service: frost.SensorThingsService) -> None:
    condition = (
        "phenomenonTime ge 2025-11-21T12:05:00+08:00 and result lt 98 and Datastream/@iot.id eq 'SL-1:active_power'"
    )
    query = service.observations().query().filter(condition).orderby("phenomenonTime", "DESC")
    found = await asked(query.list)
    assert [one.result for one in found.entities] == [97.0, 96.0, 95.0]
    assert found.entities[0].phenomenon_time == "2025-11-21T04:07:00.000Z"


async def test_it_pages_through_all_observations_by_the_next_links(service: frost.SensorThingsService) -> None:
    def every_result() -> tuple[int, list[str]]:
        first = service.observations().query().count().top(4).list()
        return first.count, [one.id for one in first]

    count, ids = await asked(every_result)
    assert count == len(ids) == len(set(ids)) == 24


async def test_it_is_told_why_a_filter_is_refused(service: frost.SensorThingsService) -> None:
    with pytest.raises(Exception, match="400"):
        await asked(lambda: service.things().query().filter("colour eq 'red'").list())


async def test_a_marked_reading_brings_its_quality(service: frost.SensorThingsService) -> None:
    found = await asked(lambda: service.observations().query().filter("result gt 30000").list())
    assert [one.result_quality for one in found.entities] == [{"DQ_Status": {"code": "bad"}}]
