"""`/api/v1/rejected`."""

import httpx
import orjson
import pytest

from ingest.dialects.messages import MqttMessage
from ingest.pipeline.message_to_records import Pipeline
from tests.web.city import NOON_MS, City, lamp


@pytest.fixture
async def rejected(city: City) -> list[str]:
    """Two refused messages, newest first: of the first a value is no number, of the second nobody knows the device."""
    await city.put(lamp(1))
    topics = city.parts.topics
    pipeline = Pipeline(topics, city.parts.lookup)
    for name, readings, at_ms in (("SL-0009", {"voltage": 230.0}, NOON_MS - 1), ("SL-0001", {"voltage": "x"}, NOON_MS)):
        document = orjson.dumps({"observed_at": at_ms, "readings": readings})
        await city.parts.log.append(pipeline.records(MqttMessage(f"city/a/streetlight/{name}/up", document, at_ms)))
    return [f"{topics.rejected}/0/1", f"{topics.rejected}/0/0"]


async def test_rejected_messages_are_listed_by_reason(rejected: list[str], api: httpx.AsyncClient) -> None:
    everything = (await api.get("/api/v1/rejected")).json()
    assert [message["id"] for message in everything["items"]] == rejected
    assert [message["reason"] for message in everything["items"]] == ["bad_value", "unknown_device"]
    unknown = (await api.get("/api/v1/rejected", params={"reason": "unknown_device"})).json()
    assert [message["device_id"] for message in unknown["items"]] == ["SL-0009"]
    assert (await api.get("/api/v1/rejected", params={"reason": "zork"})).status_code == 422


async def test_a_replay_returns_what_came_of_it(city: City, rejected: list[str], api: httpx.AsyncClient) -> None:
    await city.put(lamp(9))
    absent = rejected[1].removesuffix("/0") + "/9"
    answer = await api.post("/api/v1/rejected/replay", params={"id": [rejected[1], absent]})
    assert answer.json() == {"replayed": 1, "accepted": 1, "problems": [f"{absent} is not on the log"]}
