"""A gateway that failed is run again as the same object: what was not acknowledged comes again, and its clock goes on."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from domain.mqtt import parse_mqtt_url
from domain.topics import Topics
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from streams.ports import Outgoing
from streams.sqlite.log import SQLiteLog
from tests.ingest.gateway.test_slot import HeldLog, Lamps, Rig, lamp_message, until
from tests.ingest.installation import KEY
from tests.servers.mosquitto import Mosquitto

pytestmark = pytest.mark.mosquitto


class FailingLog(HeldLog):
    """Takes nothing for as long as it is `broken`."""

    def __init__(self, log: SQLiteLog) -> None:
        super().__init__(log)
        self.broken = True

    async def _append(self, records: Sequence[Outgoing]) -> None:
        if self.broken:
            raise RuntimeError("a bug of the log")
        await super()._append(records)


async def test_it_goes_on_where_it_failed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    topics = Topics(prefix="failing.", partitions=3, kinds=("streetlight",))
    file = SQLiteLog(tmp_path / "log.db")
    await file.ensure_topics(topics.specs())
    rig = Rig(mosquitto, file, topics)
    log = rig.log = FailingLog(file)
    wanted = GatewaySettings(0, parse_mqtt_url(mosquitto.url), topics, KEY)
    gateway = Gateway(wanted, log, Pipeline(topics, Lamps()))
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        await asyncio.wait_for(gateway.run(asyncio.Event()), 20)
    assert not gateway.connected
    await rig.publish([lamp_message(number, ts=gateway.clock.now_ms() + number) for number in range(20)])
    log.broken = False
    async with rig.running(gateway):
        await until(lambda: gateway.counters.acknowledged >= 20 and gateway.counters.ticks > 0)
    assert len(await rig.reports()) == 20
    await file.close()
