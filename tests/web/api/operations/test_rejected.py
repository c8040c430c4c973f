"""`/api/v1/rejected`."""

import httpx


async def test_rejected_messages_are_listed_by_reason(api: httpx.AsyncClient) -> None:
    everything = (await api.get("/api/v1/rejected")).json()
    assert [message["id"] for message in everything["items"]] == ["r/0/2", "r/0/1"]
    unknown = (await api.get("/api/v1/rejected", params={"reason": "unknown_device"})).json()
    assert [message["device_id"] for message in unknown["items"]] == [None]
    assert (await api.get("/api/v1/rejected", params={"reason": "zork"})).status_code == 422


async def test_a_replay_says_what_came_of_it(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/rejected/replay", params={"id": ["r/0/1", "r/0/9"]})
    assert answer.json() == {"replayed": 1, "accepted": 1, "problems": ["r/0/9 is not on the log"]}
