"""The proof that `registry.devices` holds what the tables hold, and its repair; on every log and database."""

from dataclasses import replace
from pathlib import Path

import orjson

from device_registry.publication.publisher import RegistryPublisher, publish_pending
from device_registry.records.encoding import DEVICE_HEADERS
from device_registry.storage.registry import Registry
from domain.topics import Topics
from streams.ports import Log, Outgoing
from streams.reading.tables import latest_by_key
from streams.sqlite.log import SQLiteLog
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp


async def test_topic_and_tables_agree_and_a_repair_does_nothing(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
    publisher = RegistryPublisher(registry, log, topics)

    found = await publisher.verify(repair=True)

    assert found.agrees
    assert found.agreeing == found.published == 2 + len(registry.profiles())
    assert found.repaired == 0
    again = await publisher.verify()
    assert (again.agrees, again.published) == (True, 0)
    await publisher.close()


async def test_every_disagreement_is_named_and_repaired(any_log: tuple[Log, Topics], tmp_path: Path) -> None:
    log, topics = any_log
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    registry.upsert_devices([CABINET, LAMP, lamp(2), lamp(3)], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    right = {key: record.value for key, record in (await latest_by_key(log, topics.registry)).items()}
    other = orjson.dumps(replace(LAMP, name="other", activated_at_ms=NOW_MS))
    await log.append(
        [
            Outgoing(topics.registry, b"SL-1", other, DEVICE_HEADERS),
            Outgoing(topics.registry, b"SL-2", None),
            Outgoing(topics.registry, b"SL-3", b"{", DEVICE_HEADERS),
            Outgoing(topics.registry, b"GHOST", other, DEVICE_HEADERS),
            Outgoing(topics.registry, b"profile/cabinet", None),
        ]
    )
    publisher = RegistryPublisher(registry, log, topics)

    found = await publisher.verify()

    assert not found.agrees
    assert (found.missing, found.different) == ((b"SL-2", b"profile/cabinet"), (b"SL-1", b"SL-3"))
    assert found.strays == (b"GHOST",)
    assert (await publisher.verify()).repaired == 0
    assert (await publisher.verify(repair=True)).repaired == 5
    assert (await publisher.verify()).agrees
    assert {key: record.value for key, record in (await latest_by_key(log, topics.registry)).items()} == right
    await publisher.close()
    registry.close()


async def test_a_record_of_an_older_version_agrees_where_it_means_the_same(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    older = orjson.loads((await latest_by_key(log, topics.registry))[b"CAB-1"].value or b"")
    del older["grid"], older["sparkplug"]
    await log.append([Outgoing(topics.registry, b"CAB-1", orjson.dumps(older), DEVICE_HEADERS)])
    publisher = RegistryPublisher(registry, log, topics)

    assert (await publisher.verify()).agrees
    await publisher.close()
