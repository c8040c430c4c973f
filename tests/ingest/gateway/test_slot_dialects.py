"""Frames of network servers and stations through a real broker: whose clock counts, what is one frame, what is forgiven."""

import json
from typing import Any

import orjson
import pytest

from domain.devices import Device
from domain.topics import Topics, is_tick
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from streams.sqlite.log import SQLiteLog
from tests.golden import golden
from tests.ingest.gateway.rig import Rig
from tests.ingest.installation import KEY
from tests.ingest.lookup import lookup_of
from tests.ingest.stations import MN, frame
from tests.patience import until
from tests.servers.mosquitto import Mosquitto

NOON_MS = 1_780_286_400_000
SERVER = "2026-06-01T04:00:00.000Z"
WELL = "v3/drains@city/devices/well-0042/up"
KINDS = ("manhole_cover", "water_monitor")
DEVICES = (
    Device("MC-1", "manhole_cover", "manhole_cover", dev_eui="24E124713C140042"),
    Device("WM-1", "water_monitor", "water_monitor", mn=MN),
)


@pytest.fixture
async def rig(own_mosquitto: Mosquitto, log: SQLiteLog) -> Rig:
    own_mosquitto.start()
    topics = Topics(prefix="dialects.", partitions=1, kinds=KINDS)
    await log.ensure_topics(topics.specs())
    rig = Rig(own_mosquitto, log, topics)
    pipeline = Pipeline(topics, lookup_of(*DEVICES, kinds=KINDS))
    settings = GatewaySettings(0, rig.gateway.settings.endpoint, topics, KEY)
    rig.gateway = Gateway(settings, rig.log, pipeline, now_ms=lambda: NOON_MS + 1000, monotonic_ms=lambda: 0)
    return rig


def opened(gateway_time: str, server_time: str = SERVER) -> tuple[str, bytes]:
    """An uplink of a cover that is open, received by one gateway at `gateway_time` by that one's clock."""
    message: dict[str, Any] = json.loads(golden("things_stack/em400_mud.json"))
    message["uplink_message"] |= {
        "f_cnt": 7, "decoded_payload": {"cover_open": True}, "received_at": server_time,
        "rx_metadata": [{"gateway_ids": {"gateway_id": f"roof at {server_time}"}, "rssi": -97}],
        "settings": {"time": gateway_time, "data_rate": {"lora": {}}},
    }  # fmt: skip
    return WELL, json.dumps(message).encode()


async def published(rig: Rig, kind: str, *messages: tuple[str, bytes]) -> list[dict[str, Any]]:
    async with rig.running() as gateway:
        await until(lambda: gateway.counters.ticks > 0)
        await rig.publish(messages)
        await until(lambda: gateway.counters.acknowledged >= len(messages))
    records = await rig.records(rig.topics.telemetry(kind))
    return [orjson.loads(record.value or b"") for record in records if not is_tick(record.headers)]


@pytest.mark.parametrize("gateway_time", ["2026-05-30T04:00:00Z", "1980-01-06T00:00:00Z", "2026-06-03T04:00:00Z"])
async def test_a_gateways_wrong_clock_moves_no_frame_and_loses_none(rig: Rig, gateway_time: str) -> None:
    [report] = await published(rig, "manhole_cover", opened(gateway_time))
    assert (report["observed_at_ms"], report["readings"]["cover_open"]) == (NOON_MS, True)
    assert await rig.records(rig.topics.rejected) == []
    pipeline = rig.gateway.decoder
    assert isinstance(pipeline, Pipeline)
    assert pipeline.clock_differences.frames == {f"roof at {SERVER}": 1}


async def test_a_frame_delivered_twice_carries_one_identity(rig: Rig) -> None:
    again = opened("2026-06-01T04:00:02Z", "2026-06-01T04:00:02.000Z")
    found = await published(rig, "manhole_cover", opened("2026-06-01T03:59:59.900Z"), again)
    assert [one["time_source"] for one in found] == ["network_server"] * 2
    assert len({one["message_id"] for one in found}) == 1


async def test_a_station_that_writes_loosely_is_read_and_counted(rig: Rig) -> None:
    cp = "DataTime=20260601120000250;w01001-Rtd=7.4,w01001-Flag=N,w01001-Info=正常;w01010-Rtd=21.6,w01010-Flag=N"
    [report] = await published(rig, "water_monitor", (f"hj212/{MN}/up", frame(cp).removesuffix(b"\r\n")))
    assert report["readings"] == {"ph": 7.4, "water_temperature": 21.6}
    assert report["observed_at_ms"] == NOON_MS + 250
    assert isinstance(rig.gateway.decoder, Pipeline)
    counted = [one for one in rig.gateway.decoder.sessions["hj212"].counts() if "defects" in one.name]
    assert counted[0].values == dict.fromkeys(("no_crlf", "non_ascii", "milliseconds"), 1)
