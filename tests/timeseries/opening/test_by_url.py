"""Which store a URL opens."""

from pathlib import Path

import duckdb
import pytest

from domain.errors import ConfigurationError
from timeseries import open_store
from timeseries.influxdb.store import InfluxStore


async def test_the_embedded_store_is_one_file_in_the_data_folder(tmp_path: Path) -> None:
    store = await open_store("embedded:", tmp_path / "new" / "folder")
    assert await store.check() == f"DuckDB {duckdb.__version__} in {tmp_path / 'new' / 'folder' / 'timeseries.duckdb'}"
    await store.close()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("influxdb://tsdb:8087/city/telemetry", "http://tsdb:8087/city/telemetry"),
        ("influxdb://tsdb/city/telemetry", "http://tsdb:8086/city/telemetry"),
        ("influxdbs://[::1]:443/%E5%BC%A0%E5%AE%B6%E6%B8%AF/a%2Fb", "https://[::1]:443/张家港/a/b"),
    ],
)
async def test_a_server_is_named_by_host_organisation_and_bucket(url: str, place: str, tmp_path: Path) -> None:
    store = await open_store(url, tmp_path, "secret")
    assert isinstance(store, InfluxStore)
    assert str(store.address) == place
    await store.close()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("duckdb:file", "names no store"),
        ("", "names no store"),
        ("influxdb:///city/telemetry", "names no host"),
        ("influxdb://tsdb:8086/city", "must name an organisation and a bucket"),
        ("influxdb://tsdb:8086/city/", "must name an organisation and a bucket"),
        ("influxdb://tsdb:8086/city/telemetry/more", "must name an organisation and a bucket"),
        ("influxdb://tsdb:port/city/telemetry", "cannot be read"),
        ("influxdb://user:secret@tsdb/city/telemetry", "holds no user, password"),
        ("influxdb://tsdb/city/telemetry?token=secret", "holds no user, password"),
    ],
)
async def test_a_url_that_names_no_store_is_a_problem_in_words(url: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=problem) as refused:
        await open_store(url, tmp_path, "token")
    assert "secret" not in str(refused.value)


async def test_all_problems_of_a_server_url_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await open_store("influxdb:///city", tmp_path)
    assert len(refused.value.problems) == 3
    assert "URBANSENSE_STORE_TOKEN" in refused.value.problems[-1]
