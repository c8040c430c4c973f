"""A gateway that failed and is run again in the same process: nothing is lost, nothing stale is acknowledged."""

import asyncio
from typing import Any

import orjson
import pytest

from domain.errors import TransientFault
from ingest.dialects.messages import MqttMessage
from streams.ports import Outgoing
from tests.ingest.gateway.rig import Rig, lamp_message, until
from urbansense.running import services
from urbansense.running.services import keep_running
from urbansense.running.states import ServiceStates


class Tripping:
    """A decoder with a bug that shows once, at the twentieth message."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._seen = 0

    def records(self, message: MqttMessage) -> list[Outgoing]:
        self._seen += 1
        if self._seen == 20:
            raise KeyError("a bug")
        found: list[Outgoing] = self._decoder.records(message)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)


async def test_a_gateway_that_failed_is_run_again_and_takes_every_message_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_FIRST_WAIT_S", 0.01)
    gateway = rig.gateway
    gateway.decoder = Tripping(gateway.decoder)
    stop, states = asyncio.Event(), ServiceStates()
    kept = asyncio.create_task(keep_running({"gateway": gateway}, stop, states))
    await until(lambda: gateway.connected)
    with pytest.raises(TransientFault, match="gateway failed and is started again: KeyError: 'a bug'"):
        await publish_and_check(rig, states)
    await until(lambda: gateway.counters.acknowledged >= 100, timeout_s=60)
    stop.set()
    await asyncio.wait_for(kept, 60)
    instants = {orjson.loads(record.value or b"")["observed_at_ms"] for record in await rig.reports()}
    assert len(instants) == 100  # those taken before the failure came again: the same reports, duplicates later


async def publish_and_check(rig: Rig, states: ServiceStates) -> None:
    tally = await rig.publish([lamp_message(number) for number in range(100)])
    assert tally.acknowledged == 100
    async with asyncio.timeout(60):
        while True:
            await states.check()
            await asyncio.sleep(0.01)
