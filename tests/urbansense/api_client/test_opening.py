"""The commands' way to urbansense where nothing runs: the API over the files of the data folder."""

from pathlib import Path

import orjson
import pytest

from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.message_to_records import Pipeline
from streams.opening.by_url import EMBEDDED_FILE
from streams.sqlite.log import SQLiteLog
from tests.ingest.lookup import lookup_of
from urbansense.api_client.api import ApiRefused
from urbansense.api_client.opening import open_api
from urbansense.configuration.settings import Settings, load_settings

DEVICES = """\
device_id,kind,profile,name,area,lon,lat,parent_id,component_code,department,report_interval_s,dev_eui,mn,attributes
L1,streetlight,,Lamp 1,320582/110/152/102,120.55,31.87,,3205820118000001,lighting,60,,,
"""
RULE = """\
rule: dark
title: {en: Dark, zh: 暗}
kind: streetlight
when: 'reading.active_power < 5.0'
severity: minor
event: {problem: dark}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, partitions=3, http_port=1)  # nothing answers on port 1


async def test_devices_and_rules_are_kept_from_one_command_to_the_next(settings: Settings) -> None:
    async with open_api(settings) as api:
        report = await api.post("/api/v1/devices/import", DEVICES, "text/csv")
        assert (report["added"], report["errors"]) == (1, [])
        (applied,) = (await api.post("/api/v1/rules", RULE, "application/yaml"))["items"]
        assert (applied["rule"], applied["version"]) == ("dark", 1)
    async with open_api(settings) as api:
        assert (await api.get("/api/v1/devices/L1"))["department"] == "lighting"
        assert [rule["rule"] for rule in (await api.get("/api/v1/rules"))["items"]] == ["dark"]
        again = await api.post("/api/v1/devices/import", DEVICES, "text/csv")
        assert (again["added"], again["unchanged"]) == (0, 1)


async def test_a_refusal_names_every_problem_with_its_place(settings: Settings) -> None:
    async with open_api(settings) as api:
        with pytest.raises(ApiRefused, match="line 2") as bad_row:
            await api.post("/api/v1/devices/import", DEVICES.replace("120.55", "abc"), "text/csv")
        assert len(bad_row.value.problems) == 2
        with pytest.raises(ApiRefused, match="line 4"):
            await api.post("/api/v1/rules", RULE.replace("active_power", "zork"), "application/yaml")
        with pytest.raises(ApiRefused, match="not known"):
            await api.get("/api/v1/devices/X")


async def test_a_rejected_message_is_accepted_when_it_is_replayed_after_the_registry_was_put_right(
    settings: Settings,
) -> None:
    topics = Topics(partitions=3)
    log = SQLiteLog(settings.data_dir / EMBEDDED_FILE)
    await log.ensure_topics(topics.specs())
    payload = orjson.dumps({"ts": 1_780_000_000_000, "readings": {"active_power": 4}})
    message = MqttMessage("city/a/streetlight/L1/up", payload, 1_780_000_001_000)
    await log.append(Pipeline(topics, lookup_of()).records(message))
    await log.close()
    async with open_api(settings) as api:
        (rejected,) = (await api.get("/api/v1/rejected"))["items"]
        assert rejected["reason"] == "unknown_device"
        await api.post("/api/v1/devices/import", DEVICES, "text/csv")
    async with open_api(settings) as api:
        done = await api.post("/api/v1/rejected/replay", "", "text/plain", id=[rejected["id"], "nowhere/0/1"])
        assert (done["replayed"], done["accepted"]) == (1, 1)
        assert done["problems"] == ["nowhere/0/1 is not on the log"]
        ledger = await api.get("/api/v1/ledger")
        assert (ledger["store"]["accepted"], ledger["store"]["pending"]) == (1, 1)
        assert ledger["rejected"] == {"unknown_device": 1}
