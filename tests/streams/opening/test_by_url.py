"""From a URL to a log."""

from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from streams import open_log
from streams.kafka.log import KafkaLog
from streams.opening.by_url import EMBEDDED_FILE, bootstrap_servers
from streams.sqlite.file import pack_headers, unpack_headers
from streams.sqlite.log import SQLiteLog


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("kafka://a:9092", ("a:9092",)),
        ("kafka://a:9092,b:9093", ("a:9092", "b:9093")),
        ("kafka://a,b/", ("a:9092", "b:9092")),
        ("kafka://127.0.0.1:19092", ("127.0.0.1:19092",)),
        ("kafka://[::1]:9092", ("[::1]:9092",)),
    ],
)
def test_brokers_are_read_from_the_url(url: str, servers: tuple[str, ...]) -> None:
    assert bootstrap_servers(url) == servers


@pytest.mark.parametrize(
    "url",
    ["", "kafka:", "kafka://", "redis://a:1", "kafka://a:port", "kafka://a:0", "kafka://a:1/topic", "kafka://u:p@a:1"],
)
async def test_a_url_that_is_neither_is_refused_before_connecting(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="log URL"):
        await open_log(url, tmp_path)


async def test_embedded_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    log = await open_log("embedded:", tmp_path / "data")
    assert isinstance(log, SQLiteLog)
    assert (tmp_path / "data" / EMBEDDED_FILE).exists()
    await log.close()
    await log.close()


async def test_kafka_is_not_asked_before_it_is_needed(tmp_path: Path) -> None:
    log = await open_log("kafka://127.0.0.1:1", tmp_path)
    assert isinstance(log, KafkaLog)
    await log.close()


@pytest.mark.parametrize(
    "headers", [(), (("schema", b"telemetry/1"),), (("a", b""), ("名", b"\x00" * 300), ("a", b"2"))]
)
def test_headers_survive_packing(headers: tuple[tuple[str, bytes], ...]) -> None:
    assert unpack_headers(pack_headers(headers)) == headers
